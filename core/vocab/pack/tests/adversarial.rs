//! A vocabulary made so that the first token of a text depends on its last byte, however long it is.

use zerostack_core::tokenizer::{Bpe, Pattern, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{Profile, Source, pack};

/// A text in which no two letters stand side by side twice, and the better rank is always further on:
/// pairs form from the end.
fn chain(length: usize) -> Vec<u8> {
    let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').collect();
    let mut seen = std::collections::HashSet::new();
    let mut text = vec![letters[0]];
    while text.len() < length {
        let last = *text.last().expect("a letter");
        let next = letters.iter().rev().find(|&&next| seen.insert((last, next)));
        text.push(*next.expect("a pair is left"));
    }
    text
}

#[test]
fn a_first_token_that_depends_on_the_last_byte() {
    let text = chain(1_700);
    let bytes = (0..=255u8).map(|byte| vec![byte]);
    let pairs = text.windows(2).rev().map(<[u8]>::to_vec);
    let tokens: Vec<(Vec<u8>, u32)> = bytes.chain(pairs).zip(0..).collect();
    for profile in [Profile::Small, Profile::Fast] {
        let source = Source::from_ranks("chain", Pattern::Cl100k, tokens.clone(), Vec::new());
        let packed = pack(&source.expect("sound ranks"), profile).expect("a file");
        let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
        for length in [2, 3, 64, 65, 66, 100, 511, 512, 513, 514, 600, 1_199, 1_200, 1_699, 1_700] {
            let text = std::str::from_utf8(&text[..length]).expect("letters");
            let mut out = vec![0; length];
            let count = bpe.encode(text, &mut out).expect("room");
            assert_eq!((count, bpe.count(text)), (length.div_ceil(2), length.div_ceil(2)));
            // Pairs from the end, and a single letter at the front if their number is odd.
            let wanted: Vec<Vec<u8>> = {
                let mut pieces: Vec<Vec<u8>> =
                    text.as_bytes().rchunks(2).map(<[u8]>::to_vec).collect();
                pieces.reverse();
                pieces
            };
            let found: Vec<Vec<u8>> = out[..count]
                .iter()
                .map(|&id| {
                    let mut bytes = [0; 128];
                    let length = bpe.decode(&[id], &mut bytes).expect("a token");
                    bytes[..length].to_vec()
                })
                .collect();
            assert_eq!(found, wanted, "{length} letters");
            let mut counter = bpe.counter();
            counter.push(text.as_bytes());
            assert_eq!(counter.count() as usize, count);
        }
    }
}

#[test]
fn a_vocabulary_that_cannot_be_packed_says_why() {
    let bytes = || (0..=255u8).map(|byte| vec![byte]);
    let from = |tokens: Vec<(Vec<u8>, u32)>| {
        Source::from_ranks("odd", Pattern::Cl100k, tokens, Vec::new()).err().expect("a reason")
    };
    let lost: Vec<(Vec<u8>, u32)> = bytes().chain([b"abc".to_vec()]).zip(0..).collect();
    assert_eq!(from(lost), "no merges make token 256 ([97, 98, 99])");
    let long: Vec<(Vec<u8>, u32)> = bytes().chain([vec![b'a'; 129]]).zip(0..).collect();
    assert_eq!(from(long), "token 256 has 129 bytes, the limit is 128");
    let few: Vec<(Vec<u8>, u32)> = bytes().skip(1).zip(0..).collect();
    assert_eq!(from(few), "byte 0 has no token: not a byte-level vocabulary");
    let twice: Vec<(Vec<u8>, u32)> = bytes().chain([vec![7]]).zip(0..).collect();
    assert_eq!(from(twice), "a token occurs twice");
}

#[test]
fn the_largest_ids() {
    let packed = |first: u32, profile| {
        let bytes = (0..=255u8).map(|byte| vec![byte]);
        let tokens = bytes.chain([b"ab".to_vec()]).zip(first..).collect();
        let source = Source::from_ranks("far", Pattern::O200k, tokens, Vec::new());
        pack(&source.expect("sound ranks"), profile)
    };
    let first = (1 << 20) - 257;
    for profile in [Profile::Small, Profile::Fast] {
        let packed = packed(first, profile).expect("a file");
        let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
        let (mut ids, mut memory) = ([0; 8], [0; 64]);
        let mut cached = bpe.cached(&mut memory);
        for _ in 0..2 {
            assert_eq!(bpe.encode("abcab", &mut ids), Ok(3));
            assert_eq!(ids[..3], [first + 256, first + u32::from(b'c'), first + 256]);
            ids = [0; 8];
            assert_eq!(cached.encode("abcab", &mut ids), Ok(3));
            assert_eq!(ids[..3], [first + 256, first + u32::from(b'c'), first + 256]);
        }
    }
    assert_eq!(
        packed(first + 1, Profile::Small).err().as_deref(),
        Some("a token has the id 1048576, the format holds ids below 2^20")
    );
}

#[test]
fn the_smallest_vocabulary() {
    let tokens: Vec<(Vec<u8>, u32)> = (0..=255u8).map(|byte| vec![byte]).zip(0..).collect();
    let source = Source::from_ranks("bytes", Pattern::O200k, tokens, Vec::new()).expect("bytes");
    let packed = pack(&source, Profile::Small).expect("a file");
    let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
    let mut out = [0; 8];
    assert_eq!(bpe.encode("aß b", &mut out), Ok(5));
    assert_eq!(out[..5], [97, 195, 159, 32, 98]);
}
