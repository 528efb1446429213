//! The count of a text that arrives in parts is the count of the whole, at any time.

use zerostack_core::tokenizer::{Bpe, Counter, Fit, Tokenizer as _, Vocabulary};

fn vocabularies() -> [Bpe<'static>; 2] {
    [zerostack_vocab_cl100k::PACKED, zerostack_vocab_o200k::PACKED]
        .map(|packed| Bpe::new(Vocabulary::open_embedded(packed).expect("a sound header")))
}

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

const PARTS: [&str; 44] = [
    "a", "hello", "World", "ABC", "AB", "É", "ſ", "'s", "'S", "'ſ", "'re", "'Re", "'rE", "'r",
    "'R", "'l", "'ll", "'LL", "'v", "'", "''", " ", "  ", "\t", "\n", "\r\n", "\u{a0}", "\u{3000}",
    "12", "12345", "½", "中", "文字", "한", "e\u{301}", "\u{301}", "ǅ", "/", "//\n/", "!", "...",
    "😀", "\u{200d}", "\u{2028}",
];

fn texts(count: usize) -> Vec<String> {
    let mut random = Random(1);
    (0..count)
        .map(|_| (0..1 + random.below(12)).map(|_| PARTS[random.below(PARTS.len())]).collect())
        .collect()
}

#[test]
fn exact_after_every_byte() {
    for bpe in vocabularies() {
        for text in texts(700) {
            let mut counter = bpe.counter();
            for (place, byte) in text.bytes().enumerate() {
                counter.push(&[byte]);
                let so_far = &text.as_bytes()[..=place];
                let lossy = String::from_utf8_lossy(so_far);
                assert_eq!(
                    counter.count() as usize,
                    bpe.count(&lossy),
                    "{} of {lossy:?}",
                    bpe.vocabulary().name()
                );
            }
        }
    }
}

#[test]
fn every_chunking() {
    let mut random = Random(2);
    for bpe in vocabularies() {
        for text in texts(100) {
            let whole = bpe.count(&text) as u64;
            for size in 1..=text.len() {
                let mut counter = bpe.counter();
                text.as_bytes().chunks(size).for_each(|chunk| counter.push(chunk));
                assert_eq!(counter.count(), whole, "{text:?} in chunks of {size}");
            }
            let (mut counter, mut rest) = (bpe.counter(), text.as_bytes());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(1 + random.below(rest.len()));
                counter.push(now);
                rest = later;
            }
            assert_eq!(counter.count(), whole, "{text:?} at random");
        }
    }
}

#[test]
fn bytes_that_are_not_text_count_as_lossy_text() {
    let mut random = Random(3);
    for bpe in vocabularies() {
        for _ in 0..2_000 {
            // Lead bytes and continuations mostly, so that characters break in every way.
            let byte = |random: &mut Random| {
                [0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF8, 0xA0, 0x90]
                    [random.below(12)]
            };
            let bytes: Vec<u8> = (0..random.below(12)).map(|_| byte(&mut random)).collect();
            let mut counter = bpe.counter();
            counter.push(&bytes);
            let wanted = bpe.count(&String::from_utf8_lossy(&bytes)) as u64;
            assert_eq!((counter.count(), bpe.count_bytes(&bytes)), (wanted, wanted), "{bytes:x?}");
        }
    }
}

#[test]
fn long_pieces_stay_exact() {
    let units = [
        "a", " ", "\n", "=", "ab", " \n", "中", "中A", "A", "Aa", "\u{301}A", "\u{301}", "9", "'",
        "é", "x\u{a0}",
    ];
    for bpe in vocabularies() {
        for unit in units {
            for before in ["", "x", "中", " ", "!", "\n", "'"] {
                for after in ["", "a", "A", "'s", "'re", " ", "\n", "!", "1"] {
                    let text = format!("{before}{}{after}", unit.repeat(150));
                    let mut counter = bpe.counter();
                    counter.push(text.as_bytes());
                    assert_eq!(counter.count() as usize, bpe.count(&text), "{text:?}");
                }
            }
        }
    }
}

#[test]
fn clear_starts_again() {
    let [bpe, _] = vocabularies();
    let mut counter = bpe.counter();
    counter.push("long gone \u{4e2d}".as_bytes());
    counter.push(&[0xE4]);
    counter.clear();
    assert_eq!(counter.count(), 0);
    counter.push(b"hello world");
    assert_eq!(counter.count(), 2);
}

#[test]
fn the_size_is_bounded() {
    assert!(size_of::<Counter<'_>>() <= 2_500, "{} bytes", size_of::<Counter<'_>>());
}

/// The longest prefix that fits, found by trying all.
fn longest(bpe: &Bpe<'_>, text: &str, limit: u64) -> Fit {
    let ends = text.char_indices().map(|(at, character)| at + character.len_utf8());
    let counts = ends.map(|bytes| Fit { bytes, tokens: bpe.count(&text[..bytes]) as u64 });
    let fits = counts.filter(|fit| fit.tokens <= limit);
    fits.max_by_key(|fit| fit.bytes).unwrap_or(Fit { bytes: 0, tokens: 0 })
}

#[test]
fn count_until_finds_the_longest_prefix() {
    for bpe in vocabularies() {
        for text in texts(80) {
            for limit in 0..8 {
                assert_eq!(
                    bpe.count_until(&text, limit),
                    longest(&bpe, &text, limit),
                    "{limit} of {text:?}"
                );
            }
        }
        for unit in [" ", "a", "中A", "ab", "\n"] {
            let text = unit.repeat(160);
            for limit in [0, 1, 2, 5, 40] {
                assert_eq!(
                    bpe.count_until(&text, limit),
                    longest(&bpe, &text, limit),
                    "{limit} of {unit:?}"
                );
            }
        }
    }
}
