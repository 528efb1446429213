//! `GIT binary patch`: the whole new content and the whole old one, deflated, in base 85.

use std::io::{self, Read as _, Write};

use flate2::Compression;
use flate2::read::ZlibEncoder;

use super::content::{Side, Sides, fill};

const ALPHABET: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// How many bytes a line holds.
const LINE_BYTES: usize = 52;

/// Writes the content of both sides, the new one first; the old one lets the patch be reversed.
pub(super) fn write(sides: &Sides<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"GIT binary patch\n")?;
    write_literal(&sides.new, out)?;
    write_literal(&sides.old, out)
}

fn write_literal(side: &Side<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "literal {}", side.size())?;
    let mut deflated = ZlibEncoder::new(side.open()?.take(side.size()), Compression::default());
    let mut line = [0; LINE_BYTES];
    loop {
        let bytes = fill(&mut deflated, &mut line)?;
        let Ok(length @ 1..) = u8::try_from(bytes.len()) else { break };
        // A to Z for 1 to 26, a to z for 27 to 52.
        out.write_all(&[if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 }])?;
        for group in bytes.chunks(4) {
            out.write_all(&base85(group))?;
        }
        out.write_all(b"\n")?;
    }
    out.write_all(b"\n")
}

/// Up to four bytes, filled up with zeros, most significant digit first.
fn base85(group: &[u8]) -> [u8; 5] {
    let mut number = 0_u32;
    for at in 0..4 {
        number = number << 8 | u32::from(group.get(at).copied().unwrap_or(0));
    }
    let mut digits = [b'0'; 5];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get(number as usize % 85).copied().unwrap_or(b'0');
        number /= 85;
    }
    digits
}
