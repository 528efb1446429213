//! Vocabularies that was pruned: what they call exact is, and nothing has more tokens than they say.

mod support;

use support::{cl100k, o200k};
use zerostack_core::tokenizer::{Bpe, Count, Pruning, Tokenizer as _, Vocabulary, VocabularyFault};
use zerostack_core::{ErrorKind, tokenizer::Specials};
use zerostack_vocab_pack::{KNOWN, Profile, Source, pack};

const PARTS: [&str; 28] = [
    "the",
    " word",
    " parsers",
    "Xml",
    "don't",
    " ",
    "   ",
    "\n",
    "\t",
    "12345",
    "!=",
    "()",
    " — ",
    "naïve",
    " Straße",
    "œuvre",
    "Ünïcödé",
    "привет",
    " мир",
    "Ελλάδα",
    "中文",
    "한글",
    "😀",
    "e\u{301}",
    "\u{3000}",
    "ſ",
    "'S",
    "=====",
];

fn source(name: &str) -> Source {
    KNOWN.iter().find(|known| known.name == name).expect("known").source().expect("the rank file")
}

fn packed(name: &str, cut: impl Fn(&mut Source) -> Result<(), String>) -> Vec<u8> {
    let mut source = source(name);
    cut(&mut source).expect("a cut");
    let packed = pack(&source, Profile::Small).expect("a file");
    assert!(pack(&source, Profile::Fast).is_err());
    assert!(cut(&mut source).is_err());
    packed
}

/// Compares on random texts; how many counts were exact, and how many not.
fn compare(packed: &[u8], whole: &Bpe<'_>) -> (usize, usize) {
    let bpe = Bpe::new(Vocabulary::open(packed).expect("a sound file"));
    let mut random = fastrand::Rng::with_seed(11);
    let (mut exact, mut at_most) = (0, 0);
    for _ in 0..2_000 {
        let text: String =
            (0..random.usize(1..7)).map(|_| PARTS[random.usize(..PARTS.len())]).collect();
        let (count, right) = (bpe.count_bound(&text), whole.count(&text) as u64);
        match count {
            Count::Exact(tokens) => {
                assert_eq!(tokens, right, "{text:?}");
                exact += 1;
            }
            Count::AtMost(tokens) => {
                assert!(tokens >= right, "{text:?}: {tokens} of {right}");
                at_most += 1;
            }
        }
        assert_eq!(bpe.count(&text) as u64, count.tokens());
        assert_eq!(bpe.count_bytes(text.as_bytes()), count.tokens());
        let mut counter = bpe.counter();
        text.as_bytes().chunks(random.usize(1..5)).for_each(|chunk| counter.push(chunk));
        assert_eq!(counter.count_bound(), count, "{text:?} in parts");
        assert_eq!(bpe.cached(&mut [0; 64]).count(&text) as u64, count.tokens());
        let fit = bpe.count_until(&text, right);
        assert!(whole.count(&text[..fit.bytes]) as u64 <= right, "{text:?}");
    }
    let refused = Err((ErrorKind::BadVocabulary, Some(VocabularyFault::CountsOnly)));
    let told =
        |error: zerostack_core::Error| (error.kind(), VocabularyFault::from_detail(error.detail()));
    assert_eq!(bpe.encode("a", &mut [0; 4]).map_err(told), refused);
    assert_eq!(bpe.encode_with("a", Specials::All, &mut [0; 4]).map_err(told), refused);
    assert_eq!(bpe.cached(&mut []).encode("a", &mut [0; 4]).map_err(told), refused);
    assert_eq!(bpe.decode(&[64], &mut [0; 4]).map_err(told), refused);
    (exact, at_most)
}

#[test]
fn characters() {
    for (name, whole) in [("cl100k_base", cl100k()), ("o200k_base", o200k())] {
        for below in ['\u{80}', '\u{250}', '\u{530}'] {
            let packed = packed(name, |source| source.keep_characters(below));
            let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
            assert_eq!(
                bpe.vocabulary().pruning(),
                Some(Pruning::Characters { below: below as u32 })
            );
            let (exact, at_most) = compare(&packed, &whole);
            println!("{name} below {below:?}: {} bytes, {exact} exact", packed.len());
            assert!(packed.len() < 9 * 1024 * 1024 / 8, "{} bytes", packed.len());
            assert!(exact > 100 && at_most > 100, "{exact} exact, {at_most} not");
            // All that is inside is exact.
            for text in PARTS.iter().filter(|text| text.chars().all(|it| it < below)) {
                assert_eq!(bpe.count_bound(text), Count::Exact(whole.count(text) as u64));
            }
        }
    }
}

#[test]
fn ranks() {
    for (name, whole) in [("cl100k_base", cl100k()), ("o200k_base", o200k())] {
        for merges in [0, 1_000, 20_000] {
            let packed = packed(name, |source| source.keep_ranks(merges));
            let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
            assert_eq!(
                (bpe.vocabulary().pruning(), bpe.vocabulary().len()),
                (Some(Pruning::Ranks), 256 + merges)
            );
            let (exact, at_most) = compare(&packed, &whole);
            println!("{name}, {merges} merges: {} bytes, {exact} exact", packed.len());
            assert!(at_most > 500 && exact > 10, "{exact} exact, {at_most} not");
        }
    }
}

#[test]
fn a_whole_vocabulary_is_exact() {
    assert_eq!(o200k().vocabulary().pruning(), None);
    assert_eq!(o200k().count_bound("hello мир"), Count::Exact(2));
    let mut counter = o200k().counter();
    counter.push(b"hello");
    assert!(counter.count_bound().is_exact());
}

#[test]
fn what_cannot_be_cut_says_why() {
    let mut source = source("cl100k_base");
    let error = source.keep_characters('\u{7F}').expect_err("a reason");
    assert_eq!(error, "the limit is U+007F, not from U+0080 to U+FFFF");
    source.keep_ranks(5).expect("a cut");
    assert_eq!(source.keep_ranks(5).expect_err("a reason"), "a vocabulary is pruned only once");
}
