//! Numbers as text, without `core::fmt`.

/// The decimal digits of a number.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    digits: [u8; 10],
    start: usize,
}

impl Decimal {
    /// Those of `number`.
    pub(crate) fn new(mut number: u32) -> Self {
        let (mut digits, mut start) = ([b'0'; 10], 10);
        for (index, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' | (number % 10) as u8;
            number /= 10;
            start = index;
            if number == 0 {
                break;
            }
        }
        Self { digits, start }
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        let digits = self.digits.get(self.start..).unwrap_or_default();
        core::str::from_utf8(digits).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn digits_are_those_of_the_standard_library() {
        for number in [0, 1, 9, 10, 99, 100, 12_345, 999_999_999, 1_000_000_000, u32::MAX] {
            assert_eq!(Decimal::new(number).as_str(), number.to_string());
        }
    }
}
