//! The packed o200k_base vocabulary, for `zerostack_core::tokenizer::Vocabulary`.
//!
//! Made from the rank file of the MIT-licensed tiktoken, whose copyright notice is in the file NOTICE.
#![no_std]
#![forbid(unsafe_code)]

/// The packed vocabulary.
pub const PACKED: &[u8] = include_bytes!("../o200k_base.zsv");
