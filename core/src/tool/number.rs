//! JSON numbers compared exactly, as they are written: no binary fractions, no limit of digits.

use core::cmp::Ordering;

use super::json_text::{Json, JsonKind};
use crate::wire::hash::{START, add};

/// A number as sign, digits and the power of ten of its first digit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: isize,
}

impl<'a> Number<'a> {
    /// Reads a value; `None` if it is not a number.
    pub fn read(json: Json<'a>) -> Option<Self> {
        if json.kind() != JsonKind::Number {
            return None;
        }
        let raw = json.raw();
        let (negative, raw) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
        let (digits, exponent) = cut(raw, |byte| matches!(byte, b'e' | b'E'));
        let (whole, fraction) = cut(digits, |byte| byte == b'.');
        Some(Self { negative, whole, fraction, exponent: exponent_of(exponent) })
    }

    /// The number as a count; `None` for fractions, negative and very large ones.
    pub fn as_usize(self) -> Option<usize> {
        let Some(last) = self.last_power() else { return Some(0) };
        let zeros = usize::try_from(last).ok().filter(|_| !self.negative)?;
        let digits = self.digits_to_last()?.map(|digit| usize::from(digit.wrapping_sub(b'0')));
        digits
            .chain(core::iter::repeat_n(0, zeros))
            .try_fold(0_usize, |value, digit| value.checked_mul(10)?.checked_add(digit))
    }

    /// The number, if it is whole and not too large.
    pub fn as_i128(self) -> Option<i128> {
        let (value, power) = self.scaled()?;
        let value = (0..power).try_fold(value, |value, _| value.checked_mul(10))?;
        let value = i128::try_from(value).ok()?;
        if self.negative { value.checked_neg() } else { Some(value) }
    }

    /// Whether it has no fraction: `1.0` and `10e-1` have none.
    pub fn is_integer(self) -> bool {
        match (self.first_power(), self.last_power()) {
            (Some(_), Some(last)) => last >= 0,
            _ => true,
        }
    }

    /// Which number is greater.
    pub fn compare(self, other: Self) -> Ordering {
        let size = match (self.first_power(), other.first_power()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return sign(other).reverse(),
            (Some(_), None) => return sign(self),
            (Some(_), Some(_)) if self.negative != other.negative => return sign(self),
            (Some(own), Some(others)) => own.cmp(&others).then_with(|| {
                let (mut own, mut others) = (self.significant(), other.significant());
                loop {
                    let order = match (own.next(), others.next()) {
                        (None, None) => return Ordering::Equal,
                        (own, other) => own.unwrap_or(b'0').cmp(&other.unwrap_or(b'0')),
                    };
                    if order.is_ne() {
                        return order;
                    }
                }
            }),
        };
        if self.negative { size.reverse() } else { size }
    }

    /// The same for numbers that are equal.
    pub fn hash(self) -> u32 {
        let Some(power) = self.first_power() else { return add(START, b'0') };
        let sign = add(START, if self.negative { b'-' } else { b'+' });
        let mut hash = power.to_le_bytes().into_iter().fold(sign, add);
        let mut zeros = 0_usize;
        for digit in self.significant() {
            if digit == b'0' {
                zeros = zeros.saturating_add(1);
            } else {
                // Zeros at the end do not matter.
                hash = core::iter::repeat_n(b'0', zeros).fold(hash, add);
                (hash, zeros) = (add(hash, digit), 0);
            }
        }
        hash
    }

    /// Whether it is a multiple; `None` if the numbers are too long to decide, or `unit` is not
    /// above zero.
    pub fn is_multiple_of(self, unit: Self) -> Option<bool> {
        let Some(last) = self.last_power() else { return Some(true) };
        let zeros = last.checked_sub(unit.last_power().filter(|_| !unit.negative)?)?;
        // A digit after the last one of the unit: no multiple has it.
        let Ok(zeros) = usize::try_from(zeros) else { return Some(false) };
        let unit = unit.trimmed().filter(|unit| *unit < u128::MAX / 16)?;
        if zeros > MOST_ZEROS {
            return None;
        }
        let digits = self.digits_to_last()?.chain(core::iter::repeat_n(b'0', zeros));
        // By hand: a division of numbers of this length takes half a kilobyte of flash.
        let rest = digits.fold(0_u128, |rest, digit| {
            let digit = u128::from(digit.wrapping_sub(b'0'));
            let mut rest = rest.wrapping_mul(10).wrapping_add(digit);
            while rest >= unit {
                rest = rest.wrapping_sub(unit);
            }
            rest
        });
        Some(rest == 0)
    }

    fn digits(self) -> impl DoubleEndedIterator<Item = u8> + Clone + use<'a> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// The digits from the first that is not zero.
    fn significant(self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        self.digits().skip_while(|digit| *digit == b'0')
    }

    /// The power of ten of the first digit that is not zero; `None` for zero.
    fn first_power(self) -> Option<isize> {
        let zeros = self.digits().position(|digit| digit != b'0')?;
        let whole = isize::try_from(self.whole.len()).ok()?;
        whole.checked_sub(1)?.checked_sub(isize::try_from(zeros).ok()?)?.checked_add(self.exponent)
    }

    /// The power of ten of the last digit that is not zero; `None` for zero.
    fn last_power(self) -> Option<isize> {
        let zeros = self.digits().rev().position(|digit| digit != b'0')?;
        let fraction = isize::try_from(self.fraction.len()).ok()?;
        isize::try_from(zeros).ok()?.checked_sub(fraction)?.checked_add(self.exponent)
    }

    /// The digits up to the last that is not zero; `None` for zero.
    fn digits_to_last(self) -> Option<impl Iterator<Item = u8> + use<'a>> {
        let zeros = self.digits().rev().position(|digit| digit != b'0')?;
        let count = self.whole.len().checked_add(self.fraction.len())?.checked_sub(zeros)?;
        Some(self.digits().take(count))
    }

    /// The digits without the zeros at both ends, as a number.
    fn trimmed(self) -> Option<u128> {
        let mut value = 0_u128;
        for digit in self.digits_to_last()? {
            let digit = u128::from(digit.wrapping_sub(b'0'));
            value = value.checked_mul(10)?.checked_add(digit)?;
        }
        Some(value)
    }

    /// A whole number as digits and the power of ten after them.
    fn scaled(self) -> Option<(u128, u32)> {
        match self.last_power() {
            None => Some((0, 0)),
            Some(power) => Some((self.trimmed()?, u32::try_from(power).ok()?)),
        }
    }
}

fn sign(number: Number<'_>) -> Ordering {
    if number.negative { Ordering::Less } else { Ordering::Greater }
}

/// The text before and after the first byte of this kind.
fn cut(text: &str, is_mark: impl Fn(u8) -> bool) -> (&str, &str) {
    let at = text.bytes().position(is_mark).unwrap_or(text.len());
    let (before, after) = text.split_at_checked(at).unwrap_or_default();
    (before, after.get(1..).unwrap_or_default())
}

fn exponent_of(text: &str) -> isize {
    let value = text.bytes().filter(u8::is_ascii_digit).fold(0_isize, |value, digit| {
        let digit = isize::from(digit.wrapping_sub(b'0') as i8);
        value.saturating_mul(10).saturating_add(digit).min(EXPONENT_LIMIT)
    });
    if text.starts_with('-') { -value } else { value }
}

/// The most zeros that are written out after a number for a division.
const MOST_ZEROS: usize = 256;

/// Larger exponents are treated as this one: no text has so many digits.
const EXPONENT_LIMIT: isize = isize::MAX / 8;

impl Json<'_> {
    /// A number as a count, if it is one.
    pub fn as_usize(self) -> Option<usize> {
        // `3.0` and `3e0` are counts too.
        Number::read(self)?.as_usize()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn number(text: &str) -> Number<'_> {
        Number::read(Json::parse(text).expect("JSON")).expect("a number")
    }

    #[test]
    fn numbers_are_ordered_exactly() {
        let rising = [
            "-1e99999999999999999999",
            "-10",
            "-2.00001",
            "-2",
            "-1e-99999999999999999999",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000000000000000001",
            "1",
            "9.99",
            "10",
            "9007199254740991",
            "9007199254740992",
            "9007199254740993",
            "18446744073709551616",
            "1e308",
            "1e309",
        ];
        for (i, a) in rising.iter().enumerate() {
            for (j, b) in rising.iter().enumerate() {
                assert_eq!(number(a).compare(number(b)), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in
            [("0", "-0.0e5"), ("1", "1.0"), ("10", "1e1"), ("0.1", "100e-3"), ("-2", "-2.0")]
        {
            assert_eq!(number(a).compare(number(b)), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn integers_counts_and_multiples_are_recognised() {
        let integers: Vec<bool> =
            ["1", "1.0", "1e2", "10e-1", "0.0", "1.5", "1e-1", "12.50e1", "1e-999"]
                .into_iter()
                .map(|text| number(text).is_integer())
                .collect();
        assert_eq!(integers, [true, true, true, true, true, false, false, true, false]);
        let counts =
            ["0", "-0", "7", "1.20e1", "1e30", "-1", "0.5"].map(|text| number(text).as_usize());
        assert_eq!(counts, [Some(0), Some(0), Some(7), Some(12), None, None, None]);
        let multiple = |a, b| number(a).is_multiple_of(number(b));
        assert_eq!(multiple("7", "2"), Some(false));
        assert_eq!(multiple("-8", "2"), Some(true));
        assert_eq!(multiple("0.0075", "0.0001"), Some(true));
        assert_eq!(multiple("0.00751", "0.0001"), Some(false));
        assert_eq!(multiple("4.5", "1.5"), Some(true));
        assert_eq!(multiple("1e30", "7"), Some(false));
        assert_eq!(multiple("0", "7"), Some(true));
        assert_eq!(multiple("1e200", "0.123456789"), Some(false));
        assert_eq!(multiple("123456789e200", "0.123456789"), Some(true));
        assert_eq!(multiple("1e308", "0.123456789"), None);
        assert_eq!(multiple("1e9999", "7"), None);
        assert_eq!(multiple("1", "999999999999999999999999999999999999999"), None);
        assert_eq!(multiple("5", "0"), None);
    }
}
