//! Any of the three ways to count.

use zerostack_core::Counting;
use zerostack_core::tokenizer::{Bpe, Tokenizer, Vocabulary};

use crate::status::Fault;

/// What counts, with what it is lent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WindowCount {
    Rough,
    Estimate,
    Vocabulary(&'static [u8]),
}

impl WindowCount {
    pub const fn rough() -> Self {
        Self::Rough
    }

    pub const fn estimate() -> Result<Self, Fault> {
        Ok(Self::Estimate)
    }

    pub fn vocabulary(bytes: &'static [u8]) -> Result<Self, Fault> {
        Vocabulary::open_embedded(bytes)?;
        Ok(Self::Vocabulary(bytes))
    }

    pub fn tokens(&self, text: &str) -> u32 {
        let opened = match self {
            Self::Rough => return Counting::ROUGH.count(text),
            Self::Estimate => return Counting::ESTIMATE.count(text),
            // Only its head is read; keeping what that says would take 300 bytes of each session.
            Self::Vocabulary(bytes) => Vocabulary::open_embedded(bytes),
        };
        match opened {
            Ok(vocabulary) => u32::try_from(Bpe::new(vocabulary).count(text)).unwrap_or(u32::MAX),
            Err(_) => Counting::ROUGH.count(text),
        }
    }
}
