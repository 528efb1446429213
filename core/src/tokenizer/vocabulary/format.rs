//! The packed vocabulary: one file that is read in place, in flash, in the program or mapped.
//!
//! A token of two bytes or more is a *pair* of smaller tokens, so the file holds no token bytes.
//! Inside, a token is its *index*: a byte is its own value, a merge is 256 plus its rank. A merge is
//! always greater than its two parts, which bounds every walk even in a damaged file. Its *id* is the
//! number that the model knows it by, below 2^20.
//!
//! All numbers are little-endian. The header is [`HEADER_BYTES`] long:
//!
//! | at | size | what |
//! |---|---|---|
//! | 0 | 7 | [`MAGIC`] |
//! | 7 | 1 | [`VERSION`] |
//! | 8 | 4 | [`BYTE_ORDER`]; reads as its mirror image when a tool swapped the bytes |
//! | 12 | 4 | bytes of the whole file |
//! | 16 | 8 | [`checksum`] of everything after the header |
//! | 24 | 8 | [`checksum`] of the header with these eight bytes zero |
//! | 32 | 4 | number of the pre-tokenizer pattern, see [`Pattern`](crate::tokenizer::Pattern) |
//! | 36 | 4 | tokens with an index (256 and the merges) |
//! | 40 | 1 | bits of an index |
//! | 41 | 1 | bytes of the longest token |
//! | 42 | 2 | number of the pruning, see [`Pruning`](crate::tokenizer::Pruning); 0 for a whole vocabulary |
//! | 44 | 4 | slots of the hash |
//! | 48 | 4 | buckets of the hash |
//! | 52 | 4 | id of the first merge |
//! | 56 | 8 | seed of the hash |
//! | 64 | 24 | name, padded with zeros |
//! | 88 | 8 each | offset and length of each [`Section`] |
//!
//! The sections for speed are read with the feature `unicode-pages` only; without it, a file that has
//! [`Section::MergeTable`] in the place of the pairs' own hash is refused.
//!
//! Every section is followed by at least eight bytes of the file, so a reader may load whole words.

/// The first bytes of a packed vocabulary.
pub const MAGIC: [u8; 7] = *b"ZSVOCAB";
/// The version of the format.
pub const VERSION: u8 = 1;
/// The byte order mark, as a number.
pub const BYTE_ORDER: u32 = 0x0102_0304;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 176;
/// Bytes of the longest token that a vocabulary may have.
pub const MAX_TOKEN_BYTES: usize = 128;
/// The deepest nesting of pairs on the left side of a token.
pub const MAX_DEPTH: usize = 48;
/// Indexes below this have their length in [`Section::Lengths`] in every file.
pub const SHORT_INDEXES: usize = 4096;

/// The sections, in the order of the header's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[expect(clippy::exhaustive_enums, reason = "the sections of this version of the format")]
pub enum Section {
    /// A bit field a merge, from index 256: left index, right index, then one bit each for "is the
    /// left part of some merge" and "is the right part of some merge".
    Pairs = 0,
    /// A bit field a slot: the index of the merge whose pair hashes there. The key of a pair is
    /// `left << 32 | right`, its hash [`mix`] of the key and the seed combined by exclusive or; the pilot
    /// at [`bucket_of`] leads to the slot at [`slot_of`].
    Slots = 1,
    /// A byte a bucket: the pilot that makes the hash perfect.
    Pilots = 2,
    /// A byte an index, from 0: the bytes of the token; at least [`SHORT_INDEXES`] of them.
    Lengths = 3,
    /// 256 ids of the single bytes, 32 bits each.
    ByteIds = 4,
    /// Optional: the id of each merge, 32 bits each, where ids do not follow rank; then the merges'
    /// indexes ordered by id.
    MergeIds = 5,
    /// Tokens that no merge makes: id (4), kind (1), length (1), then the bytes; ordered by id.
    Specials = 6,
    /// Optional, for speed: the ids of the tokens of 1 to 8 bytes by their bytes as a number, with zeros
    /// after the last one, which may not be zero itself. First [`FRONT_SLOTS`] slots, each at the
    /// [`front_slot`] of its number, for the best of the tokens that share it; then a table of the
    /// others: the seed (8), the number of slots (4) and of buckets (4) of a perfect hash over
    /// [`word_key`], a pilot a bucket, and the slots. All slots are of [`SHORT_SLOT_BYTES`]: the number,
    /// and the id. A slot of zeros is free.
    ShortWords = 7,
    /// Optional, for speed: the tokens of 9 to 16 bytes in a table likewise, in slots of
    /// [`LONG_SLOT_BYTES`].
    LongWords = 8,
    /// Optional, for speed, in the place of [`Section::Slots`] and [`Section::Pilots`]: the merges of
    /// more than two bytes by their pairs. A head and pilots as above, then slots of
    /// [`MERGE_SLOT_BYTES`]: the [`merge_key`], above its 40 bits the two flags of [`Section::Pairs`],
    /// and above these the index. A slot of zeros is free.
    MergeTable = 9,
    /// Optional, for speed: what each two bytes make, 32 bits at the left byte plus 256 times the right
    /// one: the two flags of [`Section::Pairs`], and above these the index; 0 for nothing.
    Bigrams = 10,
}

/// Slots at the front of [`Section::ShortWords`]: these stay in a cache together.
pub const FRONT_SLOTS: usize = 1 << 15;
/// Bytes of a slot of [`Section::ShortWords`].
pub const SHORT_SLOT_BYTES: usize = 12;
/// Bytes of a slot of [`Section::LongWords`].
pub const LONG_SLOT_BYTES: usize = 20;
/// Bytes of a slot of [`Section::MergeTable`].
pub const MERGE_SLOT_BYTES: usize = 8;
/// Bytes before the pilots in a table of words.
pub const WORDS_HEAD_BYTES: usize = 16;

/// The key of a token by its bytes, as two numbers with zeros after the end.
pub const fn word_key(low: u64, high: u64) -> u64 {
    low ^ high.wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// Where in the front of [`Section::ShortWords`] a token is if it is there.
pub const fn front_slot(low: u64) -> usize {
    (low.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - FRONT_SLOTS.trailing_zeros())) as usize
}

/// The key of a pair in [`Section::MergeTable`].
pub const fn merge_key(left: u32, right: u32) -> u64 {
    left as u64 | (right as u64) << 20
}

/// Number of [`Section`]s.
pub const SECTIONS: usize = 11;

/// The kind of a token in [`Section::Specials`] that is encoded only where the caller allows it.
pub const KIND_SPECIAL: u8 = 0;
/// The kind of a token in [`Section::Specials`] that is only decoded.
pub const KIND_DECODE_ONLY: u8 = 1;

/// Mixes a key so that all its bits matter everywhere.
pub const fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let key = (key ^ (key >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    key ^ (key >> 32)
}

/// As [`mix`], for the tables for speed: quicker, and just good enough.
pub const fn mix_word(key: u64) -> u64 {
    let key = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    key ^ (key >> 32)
}

/// As [`slot_of`], for a key of [`mix_word`].
pub const fn word_slot(mixed: u64, pilot: u8, slots: u32) -> u32 {
    let salted = (mixed as u32) ^ (pilot as u32).wrapping_mul(0x9E37_79B1);
    scale(salted.wrapping_mul(0x85EB_CA6B), slots)
}

/// The bucket of a mixed key.
pub const fn bucket_of(mixed: u64, buckets: u32) -> u32 {
    scale((mixed >> 32) as u32, buckets)
}

/// The slot of a mixed key under the pilot of its bucket.
pub const fn slot_of(mixed: u64, pilot: u8, slots: u32) -> u32 {
    let salted = (mixed as u32) ^ (pilot as u32).wrapping_mul(0x9E37_79B1);
    scale((salted ^ (salted >> 15)).wrapping_mul(0x85EB_CA6B), slots)
}

/// Maps 32 random bits onto `0..limit` without a division.
pub const fn scale(random: u32, limit: u32) -> u32 {
    ((random as u64 * limit as u64) >> 32) as u32
}

/// A checksum that any single flipped bit changes: four lanes of multiply and rotate.
pub fn checksum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9E37_79B1_85EB_CA87;
    let mut lanes = [1u64, 2, 3, 4];
    let (blocks, tail) = bytes.as_chunks::<32>();
    for block in blocks {
        let (words, _) = block.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = (*lane ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
        }
    }
    let mut sum = bytes.len() as u64;
    for &byte in tail {
        sum = (sum ^ byte as u64).wrapping_mul(PRIME).rotate_left(29);
    }
    for lane in lanes {
        sum = (sum ^ lane).wrapping_mul(PRIME).rotate_left(29);
    }
    sum ^ (sum >> 32)
}

/// The number of four bytes at `at`; 0 if it is not all there.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u32::from_le_bytes(*word))
}

/// The number of eight bytes at `at`; 0 if it is not all there.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word))
}
