//! Special tokens: which of them a text may contain, and where they are.

use super::Vocabulary;

/// Which special tokens are recognised in a text.
///
/// Text from outside must not smuggle control tokens in, so nothing is recognised unless asked for.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Specials<'s> {
    /// None: text that looks like one is ordinary text.
    #[default]
    AsText,
    /// Every special token of the vocabulary.
    All,
    /// Those with these texts.
    Only(&'s [&'s str]),
}

/// A special token found in a text: where it starts, its bytes, its id.
pub(crate) struct SpecialMatch {
    pub(crate) start: usize,
    pub(crate) length: usize,
    pub(crate) id: u32,
}

/// Finds special tokens, one after the other.
pub(crate) struct Finder<'v, 's> {
    vocabulary: Vocabulary<'v>,
    allowed: Specials<'s>,
    /// A bit for each byte that one of them starts with.
    starts: [u64; 4],
}

impl<'v, 's> Finder<'v, 's> {
    pub(crate) fn new(vocabulary: Vocabulary<'v>, allowed: Specials<'s>) -> Self {
        let mut finder = Self { vocabulary, allowed, starts: [0; 4] };
        for (text, _) in finder.candidates() {
            if let Some(&first) = text.first()
                && let Some(word) = finder.starts.get_mut(first as usize / 64)
            {
                *word |= 1 << (first % 64);
            }
        }
        finder
    }

    fn candidates(&self) -> impl Iterator<Item = (&'v [u8], u32)> + use<'v, 's> {
        let allowed = self.allowed;
        self.vocabulary.specials().filter_map(move |special| {
            let wanted = match allowed {
                Specials::AsText => false,
                Specials::All => true,
                Specials::Only(texts) => texts.iter().any(|text| text.as_bytes() == special.text),
            };
            (wanted && special.in_text && !special.text.is_empty())
                .then_some((special.text, special.id))
        })
    }

    /// The first special token at `from` or later; the longest where several start.
    pub(crate) fn next(&self, text: &[u8], from: usize) -> Option<SpecialMatch> {
        if self.starts == [0; 4] {
            return None;
        }
        let rest = text.get(from..)?;
        rest.iter().enumerate().find_map(|(place, &byte)| {
            let starts = self.starts.get(byte as usize / 64).copied().unwrap_or_default();
            if starts >> (byte % 64) & 1 == 0 {
                return None;
            }
            let here = rest.get(place..)?;
            let (special, id) = self
                .candidates()
                .filter(|(special, _)| here.starts_with(special))
                .max_by_key(|(special, _)| special.len())?;
            Some(SpecialMatch { start: from + place, length: special.len(), id })
        })
    }
}
