//! Counting tokens.

use std::sync::{Arc, OnceLock};

use zerostack_core::tokenizer::{Bpe, Estimator, Specials, Vocabulary};

use crate::{ErrorKind, Fault, ZerostackError};

/// Byte pair encoding with a packed vocabulary.
#[derive(Debug, uniffi::Object)]
pub struct Tokenizer {
    packed: Packed,
}

#[derive(Debug)]
enum Packed {
    BuiltIn(&'static [u8]),
    /// Checked when it was opened.
    Owned(Vec<u8>),
}

/// How many tokens a text probably has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Estimate {
    /// The best guess.
    pub tokens: u64,
    /// The upper bound of every byte-level vocabulary: a token for each byte.
    pub at_most: u64,
}

/// Estimates the tokens of `text` for models whose vocabulary is not public.
#[must_use]
#[uniffi::export]
pub fn estimate_tokens(text: String) -> Estimate {
    let estimate = Estimator::of(text.as_bytes());
    Estimate { tokens: estimate.tokens, at_most: estimate.at_most }
}

/// A vocabulary that is part of the library.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum BuiltInVocabulary {
    /// `o200k_base`, of the newer OpenAI models.
    O200k,
    /// `cl100k_base`, of the older ones.
    Cl100k,
}

#[uniffi::export]
impl Tokenizer {
    /// Reads a vocabulary that is part of the library.
    ///
    /// # Errors
    /// `Unsupported` when the library was built without it; `detail` is its place in the enum.
    #[uniffi::constructor]
    pub fn new(vocabulary: BuiltInVocabulary) -> Result<Arc<Self>, ZerostackError> {
        let packed = packed(vocabulary)?;
        Vocabulary::open_embedded(packed)?;
        Ok(Arc::new(Self { packed: Packed::BuiltIn(packed) }))
    }

    /// Reads a packed vocabulary from outside, every byte of which is checked.
    ///
    /// # Errors
    /// `BadVocabulary`.
    #[uniffi::constructor]
    pub fn open(packed: Vec<u8>) -> Result<Arc<Self>, ZerostackError> {
        Vocabulary::open(&packed)?;
        Ok(Arc::new(Self { packed: Packed::Owned(packed) }))
    }

    /// The name of the vocabulary.
    ///
    /// # Errors
    /// None in practice: the vocabulary was checked.
    pub fn name(&self) -> Result<String, ZerostackError> {
        Ok(self.bpe()?.vocabulary().name().to_owned())
    }

    /// Tokens of `text`.
    ///
    /// # Errors
    /// None in practice: the vocabulary was checked.
    pub fn count(&self, text: String) -> Result<u64, ZerostackError> {
        Ok(self.bpe()?.cached(&mut room(&text)).count(&text) as u64)
    }

    /// Ids of `text`; the special tokens of `specials` are encoded as themselves, text that looks
    /// like another is ordinary text.
    ///
    /// # Errors
    /// None in practice: the vocabulary was checked.
    pub fn encode(&self, text: String, specials: Vec<String>) -> Result<Vec<u32>, ZerostackError> {
        let specials: Vec<&str> = specials.iter().map(String::as_str).collect();
        // No text has more tokens than bytes.
        let mut ids = vec![0; text.len()];
        let allowed = Specials::Only(&specials);
        let count = self.bpe()?.cached(&mut room(&text)).encode_with(&text, allowed, &mut ids)?;
        ids.truncate(count);
        Ok(ids)
    }

    /// The bytes of `ids`. They need not be UTF-8: a token may be part of a character.
    ///
    /// # Errors
    /// `UnknownToken`; `detail` is the place of the id in `ids`.
    pub fn decode(&self, ids: Vec<u32>) -> Result<Vec<u8>, ZerostackError> {
        let bpe = self.bpe()?;
        let mut bytes = vec![0; ids.len().saturating_mul(USUAL_TOKEN_BYTES)];
        let length = match bpe.decode(&ids, &mut bytes) {
            Err(error) if error.kind() == zerostack_core::ErrorKind::Full => {
                bytes.resize(error.detail() as usize, 0);
                bpe.decode(&ids, &mut bytes)?
            }
            decoded => decoded?,
        };
        bytes.truncate(length);
        Ok(bytes)
    }
}

impl Tokenizer {
    /// Opening takes constant time, and a tokenizer cannot borrow from itself.
    fn bpe(&self) -> Result<Bpe<'_>, ZerostackError> {
        let packed = match &self.packed {
            Packed::BuiltIn(packed) => packed,
            Packed::Owned(packed) => packed.as_slice(),
        };
        let bpe = Bpe::new(Vocabulary::open_embedded(packed)?);
        Ok(bpe.with_classes(zerostack_simd::classes()))
    }
}

/// Memory in which the pieces of a long text are remembered.
fn room(text: &str) -> Vec<u64> {
    let words = if text.len() < LONG_TEXT_BYTES { 0 } else { Bpe::cache_words(text.len()) };
    vec![0; words]
}

/// Shorter texts are counted sooner than memory is cleared.
const LONG_TEXT_BYTES: usize = 4 * 1024;

/// # Errors
/// `Unsupported` when the library was built without it.
fn packed(vocabulary: BuiltInVocabulary) -> Result<&'static [u8], ZerostackError> {
    let packed: Option<&'static [u8]> = match vocabulary {
        #[cfg(feature = "vocab-o200k")]
        BuiltInVocabulary::O200k => Some(zerostack_vocab_o200k::PACKED),
        #[cfg(feature = "vocab-cl100k")]
        BuiltInVocabulary::Cl100k => Some(zerostack_vocab_cl100k::PACKED),
        #[cfg(not(all(feature = "vocab-o200k", feature = "vocab-cl100k")))]
        _ => None,
    };
    packed.ok_or_else(|| ZerostackError::Core {
        fault: Fault {
            kind: ErrorKind::Unsupported,
            code: zerostack_core::ErrorKind::Unsupported as u8,
            detail: vocabulary as u32,
            message: format!("the library was built without {vocabulary:?}"),
        },
    })
}

/// A tokenizer that lives as long as the program, for sessions to count with.
///
/// # Errors
/// `Unsupported` when the library was built without it.
pub(crate) fn shared(
    vocabulary: BuiltInVocabulary,
) -> Result<&'static Bpe<'static>, ZerostackError> {
    static SHARED: [OnceLock<Bpe<'static>>; 2] = [OnceLock::new(), OnceLock::new()];
    let bpe = Bpe::new(Vocabulary::open_embedded(packed(vocabulary)?)?);
    let slot = match vocabulary {
        BuiltInVocabulary::O200k => &SHARED[0],
        BuiltInVocabulary::Cl100k => &SHARED[1],
    };
    Ok(slot.get_or_init(|| bpe))
}

/// Room for a token in the first attempt to decode.
const USUAL_TOKEN_BYTES: usize = 8;
