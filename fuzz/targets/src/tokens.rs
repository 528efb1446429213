use std::sync::LazyLock;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{KNOWN, Profile, pack};

/// The packed o200k_base and cl100k_base, then both with the tables for speed.
static VOCABULARIES: LazyLock<[Bpe<'static>; 4]> = LazyLock::new(|| {
    let fast = |name: &str| {
        let known = KNOWN.iter().find(|known| known.name == name).expect("known");
        pack(&known.source().expect("the rank file"), Profile::Fast).expect("a file").leak()
    };
    let open = |packed| Bpe::new(Vocabulary::open(packed).expect("a sound file"));
    [
        open(zerostack_vocab_o200k::PACKED),
        open(zerostack_vocab_cl100k::PACKED),
        open(fast("o200k_base")),
        open(fast("cl100k_base")),
    ]
});

/// Loads the vocabularies: it takes longer than a fuzzer grants one input.
pub fn load_vocabularies() {
    LazyLock::force(&VOCABULARIES);
}

/// A text. The first byte selects the vocabulary and the length of the chunks: what is encoded decodes
/// to the same bytes, and every way to count gives the same number.
pub fn tokens(input: &[u8]) {
    let (mode, bytes) = crate::split_first(input);
    let number = usize::from(mode % 2);
    let (bpe, fast) = (VOCABULARIES[number], VOCABULARIES[number + 2]);
    let text = String::from_utf8_lossy(bytes);
    let mut ids = vec![0; text.len()];
    let count = bpe.encode(&text, &mut ids).expect("no more tokens than bytes");
    ids.truncate(count);
    let mut decoded = vec![0; text.len()];
    assert_eq!(bpe.decode(&ids, &mut decoded), Ok(text.len()));
    assert_eq!(decoded, text.as_bytes(), "what was encoded decodes to something else");

    let mut again = vec![0; text.len()];
    assert_eq!(fast.encode(&text, &mut again), Ok(count));
    assert_eq!(again[..count], ids, "the tables for speed count");
    let mut memory = [0; 96];
    let mut cached = fast.cached(&mut memory);
    assert_eq!(cached.encode(&text, &mut again), Ok(count));
    assert_eq!(again[..count], ids, "the lent memory counts");
    assert_eq!((bpe.count(&text), fast.count(&text), cached.count(&text)), (count, count, count));

    assert_eq!(bpe.count_bytes(bytes), count as u64, "bytes and their lossy text differ");
    let mut counter = bpe.counter();
    for chunk in bytes.chunks(usize::from(mode >> 1) + 1) {
        counter.push(chunk);
    }
    assert_eq!(counter.count(), count as u64, "the chunking counts");

    let limit = count as u64 / 2;
    let fit = bpe.count_until(&text, limit);
    assert!(fit.tokens <= limit && bpe.count(&text[..fit.bytes]) as u64 == fit.tokens);
}
