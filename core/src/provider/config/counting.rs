//! How tokens are counted: with a vocabulary, an estimate, or a rule of thumb.

use core::fmt;

use crate::tokenizer::{Estimator, Tokenizer};

/// Counts the tokens of a text, exactly or nearly.
pub trait CountTokens: Send + Sync {
    /// Tokens of `text`.
    fn count_tokens(&self, text: &str) -> u32;
}

/// The [`CountTokens`] of a configuration.
///
/// ```
/// use zerostack_core::{Counting, Dialect, SessionConfig};
/// use zerostack_core::tokenizer::{Bpe, Vocabulary};
///
/// let bpe = Bpe::new(Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED)?);
/// let mut config = SessionConfig::new(Dialect::OpenAiChat, "some-model");
/// config.counting = Counting::with(&bpe);
/// assert_eq!(config.counting.count("hello world"), 2);
/// # Ok::<(), zerostack_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Counting<'c>(Option<&'c dyn CountTokens>);

/// The estimate of [`Estimator`], as [`Counting::ESTIMATE`] uses it.
#[derive(Clone, Copy, Debug)]
struct Estimates;

impl<'c> Counting<'c> {
    /// A token for each four bytes: no code and no time. The provider's counts correct it
    /// with each reply.
    pub const ROUGH: Self = Self(None);

    /// The estimate of [`Estimator`].
    pub const ESTIMATE: Self = Self(Some(&Estimates));

    /// Counts with `counter`.
    #[must_use]
    pub const fn with(counter: &'c dyn CountTokens) -> Self {
        Self(Some(counter))
    }

    /// Tokens of `text`.
    #[must_use]
    pub fn count(&self, text: &str) -> u32 {
        match self.0 {
            Some(counter) => counter.count_tokens(text),
            None => saturated(text.len().div_ceil(BYTES_A_TOKEN)),
        }
    }
}

impl Default for Counting<'_> {
    fn default() -> Self {
        Self::ROUGH
    }
}

/// Two are the same when the same counter counts.
impl PartialEq for Counting<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Some(one), Some(other)) => core::ptr::addr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Counting<'_> {}

impl fmt::Debug for Counting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Counting(..)" } else { "Counting::ROUGH" })
    }
}

impl<T: Tokenizer + Send + Sync> CountTokens for T {
    fn count_tokens(&self, text: &str) -> u32 {
        saturated(self.count(text))
    }
}

impl CountTokens for Estimates {
    fn count_tokens(&self, text: &str) -> u32 {
        u32::try_from(Estimator::of(text.as_bytes()).tokens).unwrap_or(u32::MAX)
    }
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The average of English and code, or a little less.
const BYTES_A_TOKEN: usize = 4;
