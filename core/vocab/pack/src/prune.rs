//! Keeps a part of a vocabulary, to count with in a small memory.

use zerostack_core::tokenizer::Pruning;

use crate::Source;

impl Source {
    /// Keeps the single bytes and the `merges` best ranks.
    ///
    /// # Errors
    /// A sentence that states why that cannot be.
    pub fn keep_ranks(&mut self, merges: usize) -> Result<(), String> {
        self.begin_pruning(Pruning::Ranks)?;
        self.merges.truncate(merges);
        Ok(())
    }

    /// Keeps all that texts of the characters below `below` need.
    ///
    /// # Errors
    /// A sentence that states why that cannot be.
    pub fn keep_characters(&mut self, below: char) -> Result<(), String> {
        if !('\u{80}'..='\u{FFFF}').contains(&below) {
            return Err(format!("the limit is U+{:04X}, not from U+0080 to U+FFFF", below as u32));
        }
        self.begin_pruning(Pruning::Characters { below: below as u32 })?;
        let mut kept: Vec<bool> =
            self.merges.iter().map(|merge| may_be_inside(&merge.bytes, below)).collect();
        // What is kept needs its parts, and those come before it.
        for place in (0..kept.len()).rev() {
            if kept[place] {
                for part in [self.merges[place].left, self.merges[place].right] {
                    if let Some(part) = part.checked_sub(256) {
                        kept[part as usize] = true;
                    }
                }
            }
        }
        let mut indexes: Vec<u32> = (0..256).collect();
        let mut next = 256;
        for kept in &kept {
            indexes.push(next);
            next += u32::from(*kept);
        }
        let mut places = kept.iter();
        self.merges.retain(|_| places.next() == Some(&true));
        for merge in &mut self.merges {
            merge.left = indexes[merge.left as usize];
            merge.right = indexes[merge.right as usize];
        }
        Ok(())
    }

    fn begin_pruning(&mut self, pruning: Pruning) -> Result<(), String> {
        if self.pruning.is_some() {
            return Err("a vocabulary is pruned only once".into());
        }
        self.pruning = Some(pruning);
        self.specials.clear();
        Ok(())
    }
}

/// Whether `bytes` may be a part of a text of characters below `below`, perhaps cut inside of the first
/// and the last one. What is kept without need does no harm.
fn may_be_inside(bytes: &[u8], below: char) -> bool {
    let front = bytes.iter().take_while(|&&byte| (0x80..0xC0).contains(&byte)).count();
    let rest = &bytes[front..];
    let whole = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let open = &rest[whole.len()..];
    let lead = *below.encode_utf8(&mut [0; 4]).as_bytes().first().expect("a byte");
    let is_ascii_only = below == '\u{80}';
    whole.chars().all(|character| character < below)
        && !(is_ascii_only && (front > 0 || !open.is_empty()))
        && open.first().is_none_or(|&first| first <= lead)
}
