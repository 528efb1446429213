use std::sync::LazyLock;

use zerostack_core::tokenizer::{Bpe, Pattern, Specials, Tokenizer as _, Vocabulary, format};
use zerostack_vocab_pack::{Profile, Source, SpecialToken, pack};

/// A small vocabulary in both profiles, once with ids that follow no order.
static PACKED: LazyLock<[Vec<u8>; 4]> = LazyLock::new(|| {
    let packed = |profile, scattered: bool| {
        let words: [&[u8]; 16] = [
            b"th",
            b"the",
            b" t",
            b" the",
            b"  ",
            b"    ",
            b"in",
            b"ing",
            b"an",
            b"and",
            b" and",
            b"\xC3\xA9",
            b"aa",
            b"aaaa",
            b"ab",
            b"abab",
        ];
        let bytes = (0..=255u8).map(|byte| vec![byte]);
        let tokens = bytes.chain(words.map(<[u8]>::to_vec));
        let tokens: Vec<(Vec<u8>, u32)> = tokens.zip(0..).collect();
        let special = SpecialToken { id: 900, text: b"<|end|>".to_vec(), in_text: true };
        let mut source = Source::from_ranks("small", Pattern::O200k, tokens, vec![special])
            .expect("sound ranks");
        if scattered {
            source.renumber(|id| id ^ 1);
        }
        pack(&source, profile).expect("a file")
    };
    [
        packed(Profile::Small, false),
        packed(Profile::Fast, false),
        packed(Profile::Small, true),
        packed(Profile::Fast, true),
    ]
});

/// A packed file that was changed. The first byte says which one, and whether the checksums are made
/// to fit; then each three bytes are a place and what is flipped there, and the last place may be
/// where the file is cut. What is changed is refused unless the checksums fit, and whatever is opened
/// answers every call.
pub fn vocabulary(input: &[u8]) {
    let (mode, rest) = crate::split_first(input);
    let whole = &PACKED[usize::from(mode % 4)];
    let mut file = whole.clone();
    let mut last = file.len();
    for edit in rest.chunks_exact(3) {
        // Half of the places are in the header.
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]]));
        let end = if place % 2 == 0 { format::HEADER_BYTES } else { file.len() };
        last = place / 2 % end;
        file[last] ^= edit[2];
    }
    if mode & 8 != 0 {
        file.truncate(last);
    }
    let changed = file != *whole;
    assert_eq!(Vocabulary::open(&file).is_err(), changed, "a changed file is refused");
    if mode & 4 != 0 && file.len() >= format::HEADER_BYTES {
        let length = file.len() as u32;
        file[12..16].copy_from_slice(&length.to_le_bytes());
        let body = format::checksum(&file[format::HEADER_BYTES..]);
        file[16..24].copy_from_slice(&body.to_le_bytes());
        file[24..32].fill(0);
        let header = format::checksum(&file[..format::HEADER_BYTES]);
        file[24..32].copy_from_slice(&header.to_le_bytes());
    }
    if let Ok(vocabulary) = Vocabulary::open_embedded(&file) {
        use_all(Bpe::new(vocabulary));
    }
}

/// Whatever the answers are, they come.
fn use_all(bpe: Bpe<'_>) {
    let long = "the and ing ab".repeat(30);
    let run = " ".repeat(2_100);
    let mut ids = [0; 256];
    let mut bytes = [0; 512];
    let mut memory = [0; 96];
    for text in ["", "the and thing", "abababab é\n\n  12345", "<|end|>aaaa", &long, &run] {
        let _ = bpe.count(text);
        let _ = bpe.encode_with(text, Specials::All, &mut ids);
        let _ = bpe.cached(&mut memory).encode(text, &mut ids);
        let _ = bpe.count_until(text, 3);
        let mut counter = bpe.counter();
        counter.push(text.as_bytes());
        let _ = counter.count();
    }
    for id in (0..300).chain([900, u32::MAX]) {
        let _ = bpe.decode(&[id], &mut bytes);
    }
    let _ = (bpe.vocabulary().name(), bpe.vocabulary().specials().count());
}
