//! The committed files are what the packer makes of the rank files, byte for byte.

use std::process::Command;

use zerostack_core::tokenizer::Vocabulary;
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
    for kind in ["runs", "pages"] {
        let written = Command::new(env!("CARGO_BIN_EXE_unicode-classes")).arg(kind).output();
        let written = written.expect("the generator runs").stdout;
        let path = format!("{}/../../src/tokenizer/class/{kind}.rs", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read(path).expect("a committed table");
        assert!(written == committed, "{kind}.rs is stale: run `just unicode-classes`");
    }
}
