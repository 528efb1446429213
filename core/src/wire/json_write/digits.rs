//! Numbers in decimal digits.

/// The digits of a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digits {
    /// They are at the end.
    bytes: [u8; MAX_DIGITS],
    start: usize,
}

impl Digits {
    #[inline(never)]
    pub fn of(number: usize) -> Self {
        let mut rest = number;
        let mut start = MAX_DIGITS;
        let mut bytes = [b'0'; MAX_DIGITS];
        for place in bytes.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
            start -= 1;
            if rest == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

/// Digits of the largest number: a little more than three bits each.
const MAX_DIGITS: usize = usize::BITS as usize * 10 / 32;
