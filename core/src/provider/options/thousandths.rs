//! Decimal numbers without floating point.

use core::fmt;

/// A decimal number in thousandths: 0.2 is `Thousandths(200)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Thousandths(pub i32);

impl Thousandths {
    /// The number in a string such as `0.2` or `-1`. `None` for any other string, and for one
    /// with more than three decimals or seven digits before them.
    ///
    /// ```
    /// use zerostack_core::Thousandths;
    ///
    /// assert_eq!(Thousandths::from_decimal("0.25"), Some(Thousandths(250)));
    /// assert_eq!(Thousandths::from_decimal("1e3"), None);
    /// ```
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if whole.is_empty() || whole.len() > 6 || fraction.is_empty() || fraction.len() > 3 {
            return None;
        }
        let digits = whole.bytes().chain(fraction.bytes()).chain([b'0'; 3]);
        let number = digits.take(whole.len() + 3).try_fold(0_i32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
        })?;
        Some(Self(if is_negative { -number } else { number }))
    }

    /// The sign, the digits before the point, the zeros after it, and the digits after those: a
    /// fraction of 0 has none.
    pub(crate) fn parts(self) -> (&'static str, u32, &'static str, u32) {
        let number = self.0.unsigned_abs();
        let (whole, mut fraction) = (number / 1000, number % 1000);
        let zeros = match fraction {
            0 => "",
            1..10 => ".00",
            10..100 => ".0",
            _ => ".",
        };
        while fraction > 0 && fraction.is_multiple_of(10) {
            fraction /= 10;
        }
        (if self.0 < 0 { "-" } else { "" }, whole, zeros, fraction)
    }
}

impl fmt::Display for Thousandths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, whole, zeros, fraction) = self.parts();
        write!(f, "{sign}{whole}{zeros}")?;
        if zeros.is_empty() { Ok(()) } else { write!(f, "{fraction}") }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn decimals_are_read_and_written() {
        for (text, number) in [
            ("0", 0),
            ("1", 1000),
            ("0.2", 200),
            ("0.25", 250),
            ("0.007", 7),
            ("0.07", 70),
            ("-2", -2000),
            ("-0.5", -500),
            ("12.345", 12_345),
        ] {
            assert_eq!(Thousandths::from_decimal(text), Some(Thousandths(number)), "{text}");
            assert_eq!(Thousandths(number).to_string(), text);
        }
        assert_eq!(Thousandths::from_decimal("1.0"), Some(Thousandths(1000)));
        for text in ["", "-", ".", ".5", "1.", "1e3", "0.1234", "+1", "1,5", "a", "1234567", "--1"]
        {
            assert_eq!(Thousandths::from_decimal(text), None, "{text}");
        }
    }
}
