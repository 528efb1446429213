//! Packs vocabularies for [`zerostack_core::tokenizer`]: reads tiktoken rank files and Hugging Face
//! `tokenizer.json`, finds the pair each token is made of, and writes the file that is read in place.

mod hash;
mod hugging_face;
mod known;
mod pairs;
mod prune;
mod ranks;
mod write;

pub use hugging_face::read_tokenizer_json;
pub use known::{KNOWN, Known};
pub use pairs::{Source, SpecialToken};
pub use ranks::read_ranks;
pub use write::{Profile, pack};
