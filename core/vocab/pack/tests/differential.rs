//! Ids equal to those of two independent encoders, on texts that are made to be hard.

mod support;

use support::{cl100k, ids, o200k, with_words};
use tiktoken_rs::CoreBPE;
use zerostack_core::tokenizer::{Bpe, Tokenizer as _};

/// Contexts for a character: `#` stands for it.
const CONTEXTS: [&str; 14] =
    ["#", "a#", "A#a", " #", "\n#", "#'s", "'#", "1#", "##", " #a", "!#a", "#AB", "  #", "a#Bc"];

/// Pieces of text at which patterns turn.
const CORNERS: [&str; 64] = [
    "a",
    "b",
    "Z",
    "A",
    "AB",
    "aB",
    "É",
    "ſ",
    "'s",
    "'S",
    "'ſ",
    "'t",
    "'re",
    "'RE",
    "'Re",
    "'r",
    "'l",
    "'ll",
    "'lL",
    "'ve",
    "'v",
    "'m",
    "'d",
    "'",
    "''",
    "’s",
    " ",
    "  ",
    "   ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "\u{2028}",
    "\u{b}",
    "1",
    "12",
    "1234",
    "½",
    "٣",
    "中",
    "文字",
    "の",
    "ア",
    "한",
    "e\u{301}",
    "\u{301}",
    "\u{20dd}",
    "ǅ",
    "ʰ",
    "/",
    "//",
    "!",
    "...",
    "/\n",
    "!\n",
    "😀",
    "\u{200d}",
    "\u{feff}",
    "<|endoftext|>",
];

fn pairs() -> [(Bpe<'static>, &'static CoreBPE, &'static bpe_openai::Tokenizer); 2] {
    [
        (cl100k(), tiktoken_rs::cl100k_base_singleton(), bpe_openai::cl100k_base()),
        (o200k(), tiktoken_rs::o200k_base_singleton(), bpe_openai::o200k_base()),
    ]
}

fn check(text: &str) {
    for (ours, tiktoken, _) in pairs() {
        assert_eq!(
            ids(&ours, text),
            tiktoken.encode_ordinary(text),
            "{} of {text:?}",
            ours.vocabulary().name()
        );
    }
}

fn in_contexts(character: char) {
    // One text for all contexts; "\u{1}" keeps them apart for the most part, and does no harm else.
    let texts = CONTEXTS.map(|context| context.replace('#', character.encode_utf8(&mut [0; 4])));
    check(&texts.join("\u{1}"));
    check(&texts.join(""));
}

#[test]
fn characters_at_the_borders_of_classes() {
    let mut count = 0;
    for pattern in
        [r"\p{Lu}", r"\p{Lt}", r"\p{Ll}", r"\p{Lm}", r"\p{Lo}", r"\p{M}", r"\p{N}", r"\s"]
    {
        let hir = regex_syntax::parse(pattern).expect("a class");
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            hir.kind()
        else {
            panic!("{pattern} is not a class");
        };
        // All of them are among those of the exhaustive test.
        for range in class.ranges().iter().step_by(12) {
            in_contexts(range.start());
            in_contexts(range.end());
            count += 2;
        }
    }
    println!("{count} characters");
}

#[test]
#[ignore = "minutes; run by `just tokenizer-exhaustive`"]
fn every_character() {
    (0..=0x10_FFFF).filter_map(char::from_u32).for_each(in_contexts);
}

#[test]
fn corners_put_together() {
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..6_000 {
        let count = random.usize(1..9);
        let text: String = (0..count).map(|_| CORNERS[random.usize(..CORNERS.len())]).collect();
        check(&text);
    }
}

/// The tables find a word of more than eight bytes by all of them.
#[test]
fn words_that_start_as_tokens_do() {
    let small = o200k();
    let fast = with_words(&small);
    let mut random = fastrand::Rng::with_seed(17);
    let (mut bytes, mut tried) = ([0; 128], 0);
    for id in 0..small.vocabulary().len() as u32 {
        let Ok(length) = small.decode(&[id], &mut bytes) else { continue };
        let token = &bytes[..length];
        if length <= 8 || !token[1..].iter().all(u8::is_ascii_lowercase) {
            continue;
        }
        let Ok(start) = std::str::from_utf8(&token[..8]) else { continue };
        for _ in 0..8 {
            let mut word = start.to_owned();
            (0..random.usize(1..8)).for_each(|_| word.push(random.lowercase()));
            let (mut ids, mut others) = ([0; 16], [0; 16]);
            let count = small.encode(&word, &mut ids).expect("room");
            assert_eq!(fast.encode(&word, &mut others), Ok(count), "{word:?}");
            assert_eq!(ids[..count], others[..count], "{word:?}");
            tried += 1;
        }
    }
    assert!(tried > 100_000, "{tried} words");
}

/// Long enough for blocks of bytes to be cut at once, and for batches of pieces.
#[test]
fn corners_in_long_texts() {
    const PLAIN: [&str; 8] = ["the ", "Word", " of", "x", " = ", ");\n", "\n    ", "0"];
    let mut random = fastrand::Rng::with_seed(9);
    for corners_in_ten in [0, 1, 3, 9] {
        for _ in 0..60 {
            let text: String = (0..300)
                .map(|_| {
                    let list =
                        if random.usize(..10) < corners_in_ten { &CORNERS[..] } else { &PLAIN[..] };
                    list[random.usize(..list.len())]
                })
                .collect();
            check(&text);
        }
    }
}

#[test]
fn random_bytes_as_lossy_text() {
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..1_500 {
        let bytes: Vec<u8> = (0..random.usize(..60)).map(|_| random.u8(..)).collect();
        let text = String::from_utf8_lossy(&bytes);
        check(&text);
        for (ours, tiktoken, _) in pairs() {
            assert_eq!(ours.count_bytes(&bytes) as usize, tiktoken.encode_ordinary(&text).len());
        }
    }
}

/// Long pieces: runs, and words without an end over small and large alphabets.
#[test]
fn long_pieces() {
    let mut random = fastrand::Rng::with_seed(6);
    let alphabets = [
        "a",
        "ab",
        "abc",
        "etaoin",
        "abcdefghijklmnopqrstuvwxyz",
        "的一是不了",
        "АБВабв",
        "=-",
        "*/",
        "\u{301}é",
    ];
    for length in [100, 127, 128, 129, 255, 256, 257, 300, 700, 3_000] {
        let mut texts: Vec<String> = alphabets
            .iter()
            .map(|alphabet| {
                let letters: Vec<char> = alphabet.chars().collect();
                (0..length).map(|_| letters[random.usize(..letters.len())]).collect()
            })
            .collect();
        texts
            .extend([" ", "a", "\n", "=", "ab", " \n", "中", "Aa"].map(|unit| unit.repeat(length)));
        for text in texts {
            for (ours, _, other) in pairs() {
                assert_eq!(
                    ids(&ours, &text),
                    other.encode(&text),
                    "{} of {text:?}",
                    ours.vocabulary().name()
                );
            }
        }
    }
}

/// Pieces whose tokens repeat, with a rest of every kind after them, and such as almost repeat.
#[test]
fn repeats() {
    let mut random = fastrand::Rng::with_seed(10);
    let units = [
        " ",
        "a",
        "A",
        "\n",
        "=",
        "-=",
        "ab",
        "abc",
        "\n \n",
        "ing",
        "etaoin",
        "中",
        "\u{301}é",
        "*/-+",
        "abcdefghijklm",
        "the",
        "xX",
        "\t ",
        "################x",
    ];
    for unit in units {
        for bytes in [2_048, 3_001] {
            let length = bytes + random.usize(..200);
            let mut text: String = unit.chars().cycle().take(length).collect();
            let check = |text: &str| {
                for (ours, _, other) in pairs() {
                    assert_eq!(ids(&ours, text), other.encode(text), "{unit:?} {length}");
                }
            };
            check(&text);
            text.push(['b', ' ', '=', '1'][random.usize(..4)]);
            check(&text);
        }
    }
}

#[test]
fn classes_equal_the_unicode_tables() {
    // The patterns see a class only through cuts: a digit run of four is cut, a letter run is not.
    let tiktoken = tiktoken_rs::o200k_base_singleton();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..4_000 {
        let character = random.char(..);
        let text = format!("{character}{character}a{character}A{character} {character}");
        assert_eq!(
            ids(&o200k(), &text),
            tiktoken.encode_ordinary(&text),
            "U+{:04X}",
            character as u32
        );
    }
}
