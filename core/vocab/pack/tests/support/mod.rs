//! What the tests of the tokenizer share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::PathBuf;
use std::sync::LazyLock;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{KNOWN, Known, Profile, pack};

pub fn cl100k() -> Bpe<'static> {
    Bpe::new(Vocabulary::open_embedded(zerostack_vocab_cl100k::PACKED).expect("a sound header"))
}

pub fn o200k() -> Bpe<'static> {
    Bpe::new(Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED).expect("a sound header"))
}

/// The same vocabulary with tables of words.
pub fn with_words(bpe: &Bpe<'_>) -> Bpe<'static> {
    static PACKED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let source = |known: &Known| known.source().expect("the rank file");
        KNOWN.iter().map(|known| pack(&source(known), Profile::Fast).expect("a file")).collect()
    });
    let packed = PACKED.iter().map(|packed| Vocabulary::open_embedded(packed).expect("a header"));
    Bpe::new(
        packed.into_iter().find(|other| other.name() == bpe.vocabulary().name()).expect("known"),
    )
}

/// The ids of `text`; checks on the way that all calls agree.
pub fn ids(bpe: &Bpe<'_>, text: &str) -> Vec<u32> {
    let mut ids = vec![0; text.len()];
    let count = bpe.encode(text, &mut ids).expect("no more tokens than bytes");
    ids.truncate(count);
    let fast = with_words(bpe);
    // Small enough for pieces to drive one another out.
    let (mut memory, mut other_memory) = ([0; 256], [0; 256]);
    let (mut cached, mut fast_cached) = (bpe.cached(&mut memory), fast.cached(&mut other_memory));
    for _ in 0..2 {
        let mut again = vec![0; text.len()];
        assert_eq!(fast.encode(text, &mut again), Ok(count), "with words: {text:?}");
        assert_eq!(again[..count], ids, "with words: {text:?}");
        assert_eq!(cached.encode(text, &mut again), Ok(count), "cached: {text:?}");
        assert_eq!(again[..count], ids, "cached: {text:?}");
        assert_eq!(fast_cached.encode(text, &mut again), Ok(count), "with words, cached: {text:?}");
        assert_eq!(again[..count], ids, "with words, cached: {text:?}");
        assert_eq!((fast.count(text), cached.count(text)), (count, count), "count of {text:?}");
    }
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
        eprintln!("NOT RUN: the shared data {} is missing", root.join(path).display());
    }
    file.ok()
}
