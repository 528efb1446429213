//! The estimate is within two of what o200k_base counts, for every script and kind of text.
//! `cargo test --test tokenizer_estimate -- --nocapture` prints the table.

use zerostack_core::tokenizer::{Bpe, Estimator, Tokenizer as _, Vocabulary};

#[path = "tokenizer_estimate/texts.rs"]
mod texts;

use texts::TEXTS;

/// A small generator, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    /// Characters of `alphabet`.
    fn of(&mut self, alphabet: &str, count: usize) -> String {
        let all: Vec<char> = alphabet.chars().collect();
        (0..count).map(|_| all[self.below(all.len() as u32) as usize]).collect()
    }

    /// Characters from a range of code points.
    fn between(&mut self, first: u32, end: u32, count: usize) -> String {
        let all = (0..count).map(|_| first + self.below(end - first));
        all.filter_map(char::from_u32).collect()
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// Kinds that nobody wrote: what is random, encoded or counted.
fn made() -> Vec<(&'static str, String)> {
    let mut random = Random(7);
    let letters = [LOWER, UPPER].concat();
    let base64 = [LOWER, UPPER, DIGITS, "+/"].concat();
    let hex = "0123456789abcdef";
    let lines = |text: String, length: usize| -> String {
        let lines: Vec<&str> =
            text.as_bytes().chunks(length).map(|line| str::from_utf8(line).unwrap()).collect();
        lines.join("\n")
    };
    let objects = (0..60).map(|id| {
        format!(r#"{{"id":{id},"name":"user{id}","ok":true,"tags":["a","b"],"x":{{"y":null}}}}"#)
    });
    let json = format!("[{}]", objects.collect::<Vec<_>>().join(","));
    let banners = "!\"#$%'()*+,-./:;<=>?@\\^_|~".chars().map(|sign| sign.to_string().repeat(78));
    vec![
        ("banners of signs", banners.collect::<Vec<_>>().join("\n")),
        ("banners of slashes", format!("{}\n", "/".repeat(78)).repeat(40)),
        ("banners of per cent", format!("{}\n", "%".repeat(78)).repeat(40)),
        ("banners of semicolons", format!("{}\n", ";".repeat(78)).repeat(40)),
        ("banners of exclamation marks", format!("{}\n", "!".repeat(78)).repeat(40)),
        ("random letters", random.of(&letters, 6000)),
        ("random small letters", random.of(LOWER, 6000)),
        ("random capitals", random.of(UPPER, 6000)),
        ("random letters and digits", random.of(&[LOWER, DIGITS].concat(), 6000)),
        ("DNA", random.of("ACGT", 6000)),
        ("base64", random.of(&base64, 5000)),
        ("base64 in lines", lines(random.of(&base64, 5000), 76)),
        ("hexadecimal", random.of(hex, 6000)),
        ("hexadecimal bytes", lines(random.of(hex, 4000), 2)),
        ("UUIDs", lines(random.of(hex, 3600), 36)),
        ("digits", random.of(DIGITS, 4000)),
        ("binary digits", random.of("01", 4000)),
        ("random signs", random.of("!#$%&*+-./:;<=>?@[]^_{|}~()", 3000)),
        ("random letters, one a word", random.of("a b c d e f g h i j k l m n o p", 4000)),
        ("numbers in lines", (0..2000).map(|number| format!("{number}\n")).collect()),
        ("numbers with commas", (0..999).map(|number| format!("{},", number * 7 % 1000)).collect()),
        ("identifiers", (0..200).map(|number| format!("some_long_name_{number} ")).collect()),
        ("minified JSON", json.clone()),
        ("JSON in JSON", json.replace('"', r#"\""#)),
        ("JSON in JSON in JSON", json.replace('"', r#"\\\""#)),
        ("control characters", random.between(1, 9, 2000)),
        ("rare Han", random.between(0x4e00, 0x9fa5, 2000)),
        ("rare Han, spaced", random.between(0x4e00, 0x9fa5, 2000).replace('\u{5000}', " ")),
        ("Han of extension A", random.between(0x3400, 0x4dbf, 1000)),
        ("Han of plane 2", random.between(0x2_0000, 0x2_a6d0, 1000)),
        ("Braille", random.between(0x2800, 0x2900, 1000)),
        ("narrow kana", random.between(0xff66, 0xff9e, 1000)),
        ("bars", random.between(0x2581, 0x2589, 1000)),
        ("tabs", "\t".repeat(3000)),
        ("blanks of a page", "\u{a0}".repeat(3000)),
        ("pictures", random.between(0x1_f300, 0x1_f6ff, 800)),
        ("private use", random.between(0xe000, 0xf8ff, 500)),
        ("old scripts", random.between(0x1_2000, 0x1_2399, 500)),
    ]
}

#[test]
fn the_estimate_is_within_two_for_every_script_and_kind_of_text() {
    let packed = zerostack_vocab_o200k::PACKED;
    let bpe = Bpe::new(Vocabulary::open_embedded(packed).expect("a sound header"));
    let written = TEXTS.iter().map(|(name, text, times)| (*name, text.repeat(*times)));
    let mut wrong = Vec::new();
    println!("{:28} {:>7} {:>7} {:>9} {:>6}", "kind", "bytes", "tokens", "estimate", "ratio");
    for (name, text) in written.chain(made()) {
        let (tokens, estimate) = (bpe.count(&text), Estimator::of(text.as_bytes()).tokens);
        let ratio = estimate as f64 / tokens as f64;
        println!("{name:28} {:7} {tokens:7} {estimate:9} {ratio:6.2}", text.len());
        if !(0.5..=2.0).contains(&ratio) {
            wrong.push((name, ratio));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
