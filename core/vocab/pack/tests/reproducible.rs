//! The committed files are what the packer makes of the rank files, byte for byte.

use std::process::Command;

use zerostack_core::tokenizer::format::HEADER_BYTES;
use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{KNOWN, Profile, pack};

#[test]
fn packed_vocabularies() {
    for known in &KNOWN {
        let committed = std::fs::read(known.path()).expect("a committed file");
        let packed = pack(&known.source().expect("the rank file"), Profile::Small).expect("a file");
        assert!(packed == committed, "{} is stale: run `just vocab`", known.packed);
        let vocabulary = Vocabulary::open(&committed).expect("a sound file");
        assert_eq!((vocabulary.name(), vocabulary.pattern()), (known.name, known.pattern));
    }
}

#[test]
fn sizes() {
    assert!(zerostack_vocab_cl100k::PACKED.len() <= 720_000);
    assert!(zerostack_vocab_o200k::PACKED.len() <= 1_500_000);
}

#[test]
fn unicode_classes() {
    for kind in ["runs", "pages", "signs"] {
        let written = Command::new(env!("CARGO_BIN_EXE_unicode-classes")).arg(kind).output();
        let written = written.expect("the generator runs").stdout;
        let path = format!(
            "{}/../../src/tokenizer/pretokenize/class/{kind}.rs",
            env!("CARGO_MANIFEST_DIR")
        );
        let committed = std::fs::read(path).expect("a committed table");
        assert!(written == committed, "{kind}.rs is stale: run `just unicode-classes`");
    }
}

#[test]
fn the_fast_profile_is_bounded_and_refuses_damage() {
    let packed = pack(&KNOWN[1].source().expect("the rank file"), Profile::Fast).expect("a file");
    assert!(packed.len() <= 6_000_000, "{} bytes", packed.len());
    let mut random = fastrand::Rng::with_seed(9);
    for _ in 0..40 {
        let length = random.usize(..packed.len());
        assert!(Vocabulary::open(&packed[..length]).is_err());
    }
    let mut damaged = packed.clone();
    for _ in 0..400 {
        // Somewhere, and in the heads of the tables, where sizes are.
        let heads = [80, 88 + 8 * 7, 88 + 8 * 8].map(|at| {
            let word = packed[at..at + 4].try_into().expect("four bytes");
            u32::from_le_bytes(word) as usize % packed.len()
        });
        let place = match random.usize(..4) {
            number @ 0..=2 => heads[number] + random.usize(..16),
            _ => HEADER_BYTES + random.usize(..packed.len() - HEADER_BYTES),
        };
        damaged[place.clamp(HEADER_BYTES, packed.len() - 1)] ^= 1 << random.usize(..8);
        // Unseen damage gives wrong counts or a refusal, never a panic.
        if let Ok(vocabulary) = Vocabulary::open_embedded(&damaged) {
            let bpe = Bpe::new(vocabulary);
            let text = "Some words, internationalization 12345 文字\n\n   x";
            let (mut ids, mut memory) = ([0; 64], [0; 4096]);
            let count = bpe.encode(text, &mut ids).unwrap_or(0).min(64);
            let _ = bpe.decode(&ids[..count], &mut [0; 512]);
            let _ = bpe.cached(&mut memory).count(text);
        }
        assert!(Vocabulary::open(&damaged).is_err());
        if random.usize(..8) == 0 {
            damaged.copy_from_slice(&packed);
        }
    }
}
