//! What QEMU prints for us, and how an image ends.

use semihosting::io::{Write as _, stdout};

/// Writes the pieces and a line feed.
pub fn line(pieces: &[&str]) {
    // Without a debugger or QEMU there is nobody to read it.
    let Ok(mut out) = stdout() else { return };
    for piece in pieces.iter().chain(&["\n"]) {
        let _ = out.write_all(piece.as_bytes());
    }
}

/// A number as decimal digits, without `core::fmt`, which is large and can panic.
pub struct Decimal([u8; 10]);

impl Decimal {
    /// The digits of `number`.
    pub fn new(number: u32) -> Self {
        let (mut digits, mut rest) = ([0; 10], number);
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        Self(digits)
    }

    /// The digits as text.
    pub fn text(&self) -> &str {
        let start = self.0.iter().position(|digit| *digit != 0).unwrap_or(0);
        self.0.get(start..).and_then(|digits| core::str::from_utf8(digits).ok()).unwrap_or("")
    }
}

/// Writes a name and its number.
pub fn number(name: &str, number: u32) {
    line(&[name, " ", Decimal::new(number).text()]);
}

/// Ends QEMU with this code.
pub fn exit(code: i32) -> ! {
    semihosting::process::exit(code)
}
