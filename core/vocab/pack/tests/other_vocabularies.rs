//! Vocabularies beside the two that are packed here: other rank files, and `tokenizer.json`.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tiktoken_rs::{CoreBPE, Rank};
use zerostack_core::tokenizer::{Bpe, Pattern, Specials, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{Profile, Source, pack, read_ranks, read_tokenizer_json};

const TEXTS: [&str; 16] = [
    "Hello world, it's 12345 o'clock; DON'T they'Re  we'll  I'd 's 've'x",
    "  leading\n\n  and \t tabs \r\n trailing   ",
    "digits 1 22 333 4444  5 \n6 ½ ٣٤ x1y",
    "über Straße Ünïcödé — “quotes” … ǅ ʰ e\u{301}",
    "文字 ひらがな 한글 عربى हिन्दी ไทย 😀👩‍👧",
    "fn main() { println!(\"{}\", a[0] != b); } // x\n/* y */\n",
    "",
    " ",
    "   ",
    "\n",
    "a  1",
    "a   b",
    "''s '''re 'ſ",
    "\u{a0}x\u{3000}y\u{2028}z\u{85}",
    "!!!\n\n\n!!!/\n/",
    "<|endoftext|>",
];

fn ranks(name: &str) -> Vec<(Vec<u8>, u32)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let package = packages.iter().find(|package| package["name"] == "tiktoken-rs").expect("listed");
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    let file = manifest.with_file_name("assets").join(name).with_extension("tiktoken");
    read_ranks(&std::fs::read(file).expect("a rank file")).expect("ranks")
}

/// Equal on all texts, and on pieces of them put together.
fn compare(packed: &[u8], oracle: &CoreBPE) {
    let bpe = Bpe::new(Vocabulary::open(packed).expect("a sound file"));
    let mut random = fastrand::Rng::with_seed(8);
    let mut check = |text: &str| {
        let mut ids = vec![0; text.len()];
        let count = bpe.encode(text, &mut ids).expect("room");
        let wanted: Vec<Rank> = oracle.encode_ordinary(text);
        assert_eq!(ids[..count], wanted, "{} of {text:?}", bpe.vocabulary().name());
        let mut bytes = vec![0; text.len()];
        assert_eq!(bpe.decode(&ids[..count], &mut bytes), Ok(text.len()), "{text:?}");
        assert_eq!(bytes, text.as_bytes());
        let mut counter = bpe.counter();
        text.as_bytes().chunks(3).for_each(|chunk| counter.push(chunk));
        assert_eq!(counter.count() as usize, count, "{text:?} in parts");
    };
    TEXTS.into_iter().for_each(&mut check);
    let letters: Vec<char> = TEXTS.concat().chars().collect();
    for _ in 0..3_000 {
        let text: String =
            (0..random.usize(1..12)).map(|_| letters[random.usize(..letters.len())]).collect();
        check(&text);
    }
}

fn oracle(ranks: Vec<(Vec<u8>, u32)>, pattern: &str) -> CoreBPE {
    CoreBPE::new(ranks.into_iter().collect(), Default::default(), pattern).expect("a sound pattern")
}

fn packed(name: &str, pattern: Pattern, ranks: Vec<(Vec<u8>, u32)>) -> Vec<u8> {
    let source = Source::from_ranks(name, pattern, ranks, Vec::new()).expect("sound ranks");
    pack(&source, Profile::Small).expect("a file")
}

#[test]
fn gpt2_rank_files() {
    let r50k = packed("r50k_base", Pattern::Gpt2, ranks("r50k_base"));
    compare(&r50k, &tiktoken_rs::r50k_base().expect("built in"));
    // Its ids have a gap.
    let p50k = packed("p50k_base", Pattern::Gpt2, ranks("p50k_base"));
    compare(&p50k, &tiktoken_rs::p50k_base().expect("built in"));
}

#[test]
fn single_digits() {
    let qwen = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let cl100k = ranks("cl100k_base");
    compare(&packed("qwen2", Pattern::Qwen2, cl100k.clone()), &oracle(cl100k, qwen));
    // Digits are set apart first, so spaces in front of one do not see it.
    let smol =
        r"'s|'t|'re|'ve|'m|'ll|'d|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+";
    let r50k = ranks("r50k_base");
    compare(&packed("smol", Pattern::Gpt2Digits, r50k.clone()), &oracle(r50k, smol));
}

/// The stand-in of a byte in `tokenizer.json`.
fn letter(byte: u8) -> char {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    if printable(&byte) {
        return byte as char;
    }
    let place = (0..byte).filter(|byte| !printable(byte)).count() as u32;
    char::from_u32(0x100 + place).expect("a letter")
}

/// A `tokenizer.json` of `ranks`, all ids moved up by 17 to make room for special tokens.
fn tokenizer_json(ranks: &[(Vec<u8>, u32)], pre_tokenizer: &Value, arrays: bool) -> Value {
    let text = |bytes: &[u8]| bytes.iter().map(|&byte| letter(byte)).collect::<String>();
    let by_bytes: std::collections::HashMap<&[u8], u32> =
        ranks.iter().map(|(bytes, rank)| (&bytes[..], *rank)).collect();
    let merges: Vec<Value> = ranks
        .iter()
        .filter(|(bytes, _)| bytes.len() > 1)
        .map(|(bytes, rank)| {
            // The parts just before the last merge, found the slow way.
            let mut parts: Vec<&[u8]> = bytes.chunks(1).collect();
            while parts.len() > 2 {
                let best = (0..parts.len() - 1)
                    .filter_map(|at| {
                        by_bytes
                            .get([parts[at], parts[at + 1]].concat().as_slice())
                            .map(|rank| (rank, at))
                    })
                    .filter(|(other, _)| *other < rank)
                    .min()
                    .expect("a merge")
                    .1;
                let start: usize = parts[..best].iter().map(|part| part.len()).sum();
                let end = start + parts[best].len() + parts[best + 1].len();
                parts.splice(best..=best + 1, [&bytes[start..end]]);
            }
            let (left, right) = (text(parts[0]), text(parts[1]));
            if arrays { json!([left, right]) } else { json!(format!("{left} {right}")) }
        })
        .collect();
    let mut vocab: serde_json::Map<String, Value> =
        ranks.iter().map(|(bytes, rank)| (text(bytes), json!(rank + 17))).collect();
    vocab.insert("<|im_start|>".into(), json!(1));
    json!({
        "added_tokens": [
            {"id": 1, "content": "<|im_start|>", "special": true},
            {"id": 60_000, "content": "<tool_call>", "special": false},
        ],
        "normalizer": null,
        "pre_tokenizer": pre_tokenizer,
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    })
}

#[test]
fn tokenizer_json_of_known_families() {
    let ranks = ranks("r50k_base");
    let smol = json!({"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": true},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    ]});
    let gpt2 = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true});
    let split = |regex: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    let deepseek = json!({"type": "Sequence", "pretokenizers": [
        split(r"\p{N}{1,3}"),
        split("[\u{4e00}-\u{9fa5}\u{3040}-\u{309f}\u{30a0}-\u{30ff}]+"),
        split("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
    ]});
    for (pre_tokenizer, pattern, arrays) in [
        (smol, Pattern::Gpt2Digits, true),
        (gpt2, Pattern::Gpt2, false),
        (deepseek, Pattern::DeepSeek, false),
    ] {
        let json = tokenizer_json(&ranks, &pre_tokenizer, arrays);
        let source =
            read_tokenizer_json("other", json.to_string().as_bytes()).expect("a known family");
        assert_eq!(source.pattern, pattern);
        let file = pack(&source, Profile::Small).expect("a file");
        let bpe = Bpe::new(Vocabulary::open(&file).expect("a sound file"));
        let same = packed("same", pattern, ranks.clone());
        let other = Bpe::new(Vocabulary::open(&same).expect("a sound file"));
        for text in TEXTS {
            let (mut ids, mut wanted) = (vec![0; text.len()], vec![0; text.len()]);
            let count = bpe.encode(text, &mut ids).expect("room");
            assert_eq!(other.encode(text, &mut wanted), Ok(count));
            let wanted: Vec<u32> = wanted[..count].iter().map(|id| id + 17).collect();
            assert_eq!(ids[..count], wanted, "{text:?}");
            let mut bytes = vec![0; text.len()];
            assert_eq!(bpe.decode(&ids[..count], &mut bytes), Ok(text.len()));
            assert_eq!(bytes, text.as_bytes());
        }
        let mut ids = [0; 16];
        let count = bpe.encode_with("<|im_start|>x<tool_call>", Specials::All, &mut ids);
        assert_eq!((count, ids[0], ids[2]), (Ok(3), 1, 60_000));
        let only = Specials::Only(&["<tool_call>"]);
        let count = bpe.encode_with("<|im_start|>x<tool_call>", only, &mut ids).expect("room");
        assert!(count > 3 && ids[0] != 1 && ids[count - 1] == 60_000);
    }
}

/// The two ways to cut, of a whole text and of one that arrives, were written one by one.
/// As SmolLM2's: some bytes occurred in no text that it was trained on.
#[test]
fn bytes_without_a_token() {
    let mut json = json!({
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false },
        "added_tokens": [{ "id": 0, "content": "<|unknown|>" }],
        "model": { "vocab": { "<|unknown|>": 0 }, "merges": [], "unk_token": "<|unknown|>" },
    });
    for byte in (0..=255u8).filter(|byte| ![4, 0xFF].contains(byte)) {
        json["model"]["vocab"][letter(byte).to_string()] = json!(byte as u32 + 100);
    }
    let read = |json: &Value| read_tokenizer_json("some", json.to_string().as_bytes());
    for profile in [Profile::Small, Profile::Fast] {
        let packed = pack(&read(&json).expect("a known family"), profile).expect("a file");
        let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
        let (mut ids, mut bytes) = ([0; 8], [0; 32]);
        assert_eq!(bpe.encode("a\u{4}\u{4}b", &mut ids), Ok(4));
        assert_eq!(ids[..4], [100 + 97, 0, 0, 100 + 98]);
        assert_eq!(bpe.decode(&ids[1..4], &mut bytes), Ok(23));
        assert_eq!(&bytes[..23], b"<|unknown|><|unknown|>b");
    }
    json["model"]["fuse_unk"] = json!(true);
    assert!(read(&json).err().expect("a reason").starts_with("fuse_unk is not known"));
    json["model"]["unk_token"] = json!("<unk>");
    json["model"]["fuse_unk"] = json!(false);
    assert_eq!(read(&json).err().as_deref(), Some("the unk_token \"<unk>\" is not in the vocab"));
    json["model"]["unk_token"] = json!(null);
    let reason = "byte 4 has no token: not a byte-level vocabulary";
    assert_eq!(read(&json).err().as_deref(), Some(reason));
}

#[test]
fn the_pattern_of_deepseek_in_parts() {
    let packed = packed("deepseek", Pattern::DeepSeek, ranks("cl100k_base"));
    let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
    let letters: Vec<char> =
        (TEXTS.concat() + "ア・ー中'a(é\u{1}\u{2}\u{7f}\u{ad}€\r\n").chars().collect();
    let mut random = fastrand::Rng::with_seed(13);
    for _ in 0..20_000 {
        let text: String =
            (0..random.usize(1..12)).map(|_| letters[random.usize(..letters.len())]).collect();
        let mut counter = bpe.counter();
        text.as_bytes().chunks(random.usize(1..4)).for_each(|chunk| counter.push(chunk));
        assert_eq!(counter.count() as usize, bpe.count(&text), "{text:?}");
    }
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let ranks: Vec<(Vec<u8>, u32)> = (0..=255u8).map(|byte| vec![byte]).zip(0..).collect();
    let refused = |pre_tokenizer: Value, change: fn(&mut Value)| {
        let mut json = tokenizer_json(&ranks, &pre_tokenizer, true);
        change(&mut json);
        read_tokenizer_json("x", json.to_string().as_bytes()).err().expect("a reason")
    };
    let gpt2 = || json!({"type": "ByteLevel", "add_prefix_space": false});
    let strange = json!({"type": "Split", "pattern": {"Regex": "[ab]+"}, "behavior": "Isolated"});
    assert_eq!(refused(strange, |_| ()), r#"the pre-tokenizer is not known: {"Regex":"[ab]+"}"#);
    assert_eq!(
        refused(json!({"type": "Metaspace"}), |_| ()),
        r#"the pre-tokenizer is not known: {"type":"Metaspace"}"#
    );
    let unigram = refused(gpt2(), |json| json["model"]["type"] = "Unigram".into());
    assert_eq!(unigram, "the model is \"Unigram\", only BPE is known");
    let lowercase = refused(gpt2(), |json| json["normalizer"] = json!({"type": "Lowercase"}));
    assert_eq!(lowercase, "the normalizer Lowercase is not known");
    assert!(
        read_tokenizer_json("x", b"{").err().is_some_and(|error| error.starts_with("not JSON"))
    );
    assert!(read_ranks(b"YQ== 0\nYg==\n").is_err_and(|error| error.starts_with("line 2")));
}
