//! UTF-16, which Windows tools write: distinguished from binary data, and preserved.

/// A form of UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wide {
    /// The low byte comes first.
    Little,
    /// The high byte comes first.
    Big,
}

/// Whether a file that starts with `start` is UTF-16 text.
pub(super) fn of(start: &[u8]) -> Option<Wide> {
    let probe = &start[..start.len().min(PROBE_BYTES)];
    match probe {
        // The mark of UTF-32 starts with that of UTF-16.
        [0xFF, 0xFE, 0, 0, ..] => None,
        [0xFF, 0xFE, ..] => Some(Wide::Little),
        [0xFE, 0xFF, ..] => Some(Wide::Big),
        // Without a mark: text of which nearly all is ASCII has a zero in every other byte.
        _ if probe.len() >= UNMARKED_MIN_BYTES => {
            let zeros =
                |from: usize| probe.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
            let (even, odd, half) = (zeros(0), zeros(1), probe.len() / 2);
            let nearly_all = |count: usize| count * 10 >= half * 9;
            match (even, odd) {
                (0, odd) if nearly_all(odd) => Some(Wide::Little),
                (even, 0) if nearly_all(even) => Some(Wide::Big),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Wide {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Little => "UTF-16LE",
            Self::Big => "UTF-16BE",
        }
    }

    /// `text` in it.
    pub fn encode(self, text: &str) -> Vec<u8> {
        let bytes = |unit: u16| match self {
            Self::Little => unit.to_le_bytes(),
            Self::Big => unit.to_be_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }

    /// The text of `bytes`, with faults as U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            match self {
                Self::Little => u16::from_le_bytes(pair),
                Self::Big => u16::from_be_bytes(pair),
            }
        });
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}

const PROBE_BYTES: usize = 8 * 1024;
/// Fewer bytes do not distinguish text from data.
const UNMARKED_MIN_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_distinguished_from_utf_8_and_from_data() {
        for wide in [Wide::Little, Wide::Big] {
            let text = "hello \u{e9}\u{1f600} world, and more of it\r\n";
            let marked = wide.encode(&format!("\u{feff}{text}"));
            assert_eq!(of(&marked), Some(wide));
            assert_eq!(wide.decode(&marked), format!("\u{feff}{text}"));
            assert_eq!(of(&wide.encode("plain text\n")), Some(wide));
        }
        let numbers: Vec<u8> = (0..100_u32).flat_map(u32::to_le_bytes).collect();
        for other in [
            &b""[..],
            b"hello world",
            b"\x7fELF\0\0\0\0\0\0",
            &[0; 64],
            &numbers,
            b"\xff\xfe\0\0a\0\0\0",
        ] {
            assert_eq!(of(other), None, "{other:?}");
        }
    }
}
