//! What the tests of the tokenizer share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::PathBuf;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};

pub fn cl100k() -> Bpe<'static> {
    Bpe::new(Vocabulary::open_embedded(zerostack_vocab_cl100k::PACKED).expect("a sound header"))
}

pub fn o200k() -> Bpe<'static> {
    Bpe::new(Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED).expect("a sound header"))
}

/// The ids of `text`; checks on the way that all calls agree.
pub fn ids(bpe: &Bpe<'_>, text: &str) -> Vec<u32> {
    let mut ids = vec![0; text.len()];
    let count = bpe.encode(text, &mut ids).expect("no more tokens than bytes");
    ids.truncate(count);
    assert_eq!(bpe.count(text), count, "count of {text:?}");
    let mut bytes = vec![0; text.len()];
    assert_eq!(bpe.decode(&ids, &mut bytes), Ok(text.len()), "decoding {text:?}");
    assert_eq!(bytes, text.as_bytes(), "decoding {text:?}");
    ids
}

/// A file of the shared suites, or a loud note that it is missing.
pub fn shared(path: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("ZEROSTACK_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared"));
    let file = std::fs::read(root.join(path));
    if file.is_err() {
        eprintln!("SKIPPED: {} is missing below {}", path, root.display());
    }
    file.ok()
}
