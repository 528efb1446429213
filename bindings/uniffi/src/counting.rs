//! How the tokens of a session are counted.

use zerostack_core::Counting as CoreCounting;

use crate::{BuiltInVocabulary, ZerostackError, tokenizer};

/// How tokens are counted until the provider has counted them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum Counting {
    /// A token for each four bytes.
    Rough,
    /// An estimate that knows words, signs and scripts.
    Estimate,
    /// The vocabulary `o200k_base`, exactly.
    O200k,
    /// The vocabulary `cl100k_base`, exactly.
    Cl100k,
}

/// # Errors
/// `Unsupported` when the library was built without the vocabulary.
pub(crate) fn to_core(counting: Counting) -> Result<CoreCounting<'static>, ZerostackError> {
    Ok(match counting {
        Counting::Rough => CoreCounting::ROUGH,
        Counting::Estimate => CoreCounting::ESTIMATE,
        Counting::O200k => CoreCounting::with(tokenizer::shared(BuiltInVocabulary::O200k)?),
        Counting::Cl100k => CoreCounting::with(tokenizer::shared(BuiltInVocabulary::Cl100k)?),
    })
}
