//! A packed vocabulary that is not what it should be is refused with its reason, and does no harm
//! where it is used unseen.

use zerostack_core::ErrorKind;
use zerostack_core::tokenizer::format::{HEADER_BYTES, checksum};
use zerostack_core::tokenizer::{Bpe, Specials, Tokenizer as _, Vocabulary, VocabularyFault};

const PACKED: &[u8] = zerostack_vocab_cl100k::PACKED;
const TEXT: &str = "The quick brown föx doesn't jump; 12345 über 文字 <|endoftext|>\n\n    \t x";

fn refused(bytes: &[u8]) -> Option<u32> {
    let error = Vocabulary::open(bytes).err()?;
    assert_eq!(error.kind(), ErrorKind::BadVocabulary);
    Some(error.detail())
}

fn changed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = PACKED.to_vec();
    change(&mut bytes);
    bytes
}

/// With a header that is right again, as somebody who means harm would leave it.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[24..32].fill(0);
    let header = checksum(&bytes[..HEADER_BYTES]);
    bytes[24..32].copy_from_slice(&header.to_le_bytes());
    bytes
}

/// Uses all that a vocabulary offers; the results may be wrong.
fn use_it(bytes: &[u8]) {
    let Ok(vocabulary) = Vocabulary::open_embedded(bytes) else { return };
    let bpe = Bpe::new(vocabulary);
    let mut ids = [0; 256];
    let count = bpe.encode_with(TEXT, Specials::All, &mut ids).unwrap_or(0);
    let mut out = [0; 1024];
    let _ = bpe.decode(&ids[..count], &mut out);
    let _ = bpe.decode(&[0, 255, 256, 70_000, 100_255, 100_257, u32::MAX], &mut out);
    let _ = (bpe.count(TEXT), bpe.count(&"ab".repeat(400)), bpe.count_until(TEXT, 5));
    let _ = (vocabulary.name(), vocabulary.len(), vocabulary.specials().count());
}

#[test]
fn each_reason() {
    assert_eq!(refused(PACKED), None);
    let cases: [(Vec<u8>, VocabularyFault); 9] = [
        (Vec::new(), VocabularyFault::Truncated),
        (PACKED[..HEADER_BYTES].to_vec(), VocabularyFault::Truncated),
        (PACKED[..PACKED.len() - 1].to_vec(), VocabularyFault::Truncated),
        (changed(|bytes| bytes.push(0)), VocabularyFault::Trailing),
        (b"{\"version\": \"1.0\"} and so on and on".to_vec(), VocabularyFault::Foreign),
        (changed(|bytes| bytes[7] = 2), VocabularyFault::Version),
        (changed(|bytes| bytes[8..12].reverse()), VocabularyFault::ByteOrder),
        (changed(|bytes| bytes[40] ^= 1), VocabularyFault::Header),
        (changed(|bytes| bytes[500_000] ^= 1), VocabularyFault::Body),
    ];
    for (bytes, fault) in cases {
        assert_eq!(refused(&bytes), Some(fault as u32), "{fault:?}");
    }
    let pattern = resealed(changed(|bytes| bytes[32] = 200));
    assert_eq!(refused(&pattern), Some(VocabularyFault::Pattern as u32));
    let layout = resealed(changed(|bytes| bytes[40] = 19));
    assert_eq!(refused(&layout), Some(VocabularyFault::Layout as u32));
}

#[test]
fn every_length_of_the_head_and_many_more() {
    let lengths = (0..600).chain((600..PACKED.len()).step_by(997));
    for length in lengths {
        assert!(refused(&PACKED[..length]).is_some(), "{length} bytes");
        use_it(&PACKED[..length]);
    }
}

#[test]
fn every_flipped_bit_of_the_header() {
    for bit in 0..HEADER_BYTES * 8 {
        let flipped = changed(|bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        assert!(refused(&flipped).is_some(), "bit {bit}");
        // A sealed header with any one number wrong must not lead to a panic either.
        use_it(&resealed(flipped));
    }
}

#[test]
fn flipped_bits_are_seen_and_harmless_where_not_looked_for() {
    let mut random = 1u64;
    let mut bytes = PACKED.to_vec();
    for round in 0..300 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let place = HEADER_BYTES + (random >> 20) as usize % (PACKED.len() - HEADER_BYTES);
        bytes[place] ^= 1 << (random >> 61);
        use_it(&bytes);
        if round % 10 == 0 {
            assert_eq!(refused(&bytes), Some(VocabularyFault::Body as u32));
        }
    }
    // Nothing but rubbish after a sound header.
    for byte in bytes.iter_mut().skip(HEADER_BYTES) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (random >> 56) as u8;
    }
    use_it(&bytes);
    for fill in [0, 0xFF] {
        bytes[HEADER_BYTES..].fill(fill);
        use_it(&bytes);
    }
}
