//! `tokenizer.json` of Hugging Face, as far as it holds byte-level BPE with a known pre-tokenizer.

use std::collections::HashMap;

use serde_json::Value;
use zerostack_core::tokenizer::Pattern;

use crate::{Source, SpecialToken};

/// The pre-tokenizer patterns that are known, by the regular expressions of their families.
const PATTERNS: [(&str, Pattern); 4] = [
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Pattern::Cl100k,
    ),
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Pattern::Qwen2,
    ),
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        Pattern::O200k,
    ),
    (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", Pattern::Gpt2),
];

/// The three splits of DeepSeek, one after the other.
const DEEPSEEK: [&str; 3] = [
    r"\p{N}{1,3}",
    "[一-龥\u{3040}-ゟ゠-ヿ]+",
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
];

/// Reads a `tokenizer.json`. A vocabulary with the normalizer NFC is exact for text in that form.
///
/// # Errors
/// A sentence that names what is not known: the kind of model, a normalizer, a pre-tokenizer.
pub fn read_tokenizer_json(name: &str, file: &[u8]) -> Result<Source, String> {
    let json: Value = serde_json::from_slice(file).map_err(|error| format!("not JSON: {error}"))?;
    let model = &json["model"];
    if model["type"].as_str().is_some_and(|kind| kind != "BPE") {
        return Err(format!("the model is {}, only BPE is known", model["type"]));
    }
    let normalizer = &json["normalizer"];
    match normalizer["type"].as_str() {
        None | Some("NFC") => {}
        Some("Sequence") if normalizer["normalizers"] == Value::Array(Vec::new()) => {}
        Some(other) => return Err(format!("the normalizer {other} is not known")),
    }
    let pattern = pattern(&json["pre_tokenizer"])?;
    let special = |token: &Value| {
        let id = token["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        let text = token["content"].as_str();
        id.zip(text).map(|(id, text)| SpecialToken { id, text: text.into(), in_text: true })
    };
    let added = json["added_tokens"].as_array().into_iter().flatten();
    let specials: Vec<SpecialToken> = added
        .map(special)
        .collect::<Option<_>>()
        .ok_or("an added token has no id or no content")?;
    let unicode_to_byte = byte_alphabet();
    let bytes = |token: &str| -> Option<Vec<u8>> {
        token.chars().map(|character| unicode_to_byte.get(&character).copied()).collect()
    };
    let mut tokens = Vec::new();
    for (text, id) in model["vocab"].as_object().ok_or("the model has no vocab")? {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or("an id is no number")?;
        if specials.iter().all(|special| special.id != id) {
            let bytes = bytes(text).ok_or(format!("token {text:?} is not byte-level"))?;
            tokens.push((bytes, id));
        }
    }
    tokens.sort_by_key(|&(_, id)| id);
    let pair = |merge: &Value| {
        let (left, right) = match merge {
            Value::String(both) => both.split_once(' ')?,
            both => (both[0].as_str()?, both[1].as_str()?),
        };
        Some((bytes(left)?, bytes(right)?))
    };
    let merges: Vec<(Vec<u8>, Vec<u8>)> = model["merges"]
        .as_array()
        .ok_or("the model has no merges")?
        .iter()
        .map(pair)
        .collect::<Option<_>>()
        .ok_or("a merge is not a byte-level pair")?;
    let unknown = match model["unk_token"].as_str() {
        Some(_) if model["fuse_unk"] == true => {
            return Err("fuse_unk is not known: what has no token is one a byte".into());
        }
        Some(text) => {
            let id = model["vocab"][text].as_u64().and_then(|id| u32::try_from(id).ok());
            Some(id.ok_or(format!("the unk_token {text:?} is not in the vocab"))?)
        }
        None => None,
    };
    let source = Source::from_merges(name, pattern, tokens, &merges, specials, unknown)?;
    if model["ignore_merges"] == true
        && let Some(lost) = source.specials.iter().find(|special| !special.in_text)
    {
        return Err(format!("token {} needs ignore_merges, which is not known", lost.id));
    }
    Ok(source)
}

/// The pattern of a pre-tokenizer.
fn pattern(pre_tokenizer: &Value) -> Result<Pattern, String> {
    let single = std::slice::from_ref(pre_tokenizer);
    let steps = pre_tokenizer["pretokenizers"].as_array().map_or(single, Vec::as_slice);
    let is_split = |(step, regex): (&Value, &&str)| {
        step["pattern"]["Regex"] == **regex
            && step["behavior"] == "Isolated"
            && step["invert"] != true
    };
    if let [splits @ .., bytes] = steps
        && splits.len() == DEEPSEEK.len()
        && splits.iter().zip(&DEEPSEEK).all(is_split)
        && (bytes["type"] == "ByteLevel" && bytes["use_regex"] == false)
        && bytes["add_prefix_space"] != true
    {
        return Ok(Pattern::DeepSeek);
    }
    let unknown = |what: &Value| Err(format!("the pre-tokenizer is not known: {what}"));
    let (mut found, mut digits) = (None, false);
    for step in steps {
        let plain = step["add_prefix_space"] != true && step["invert"] != true;
        match step["type"].as_str() {
            Some("Digits") if found.is_none() && step["individual_digits"] == true => digits = true,
            Some("Split") if found.is_none() && plain && step["behavior"] == "Isolated" => {
                let regex = step["pattern"]["Regex"].as_str();
                let known = PATTERNS.iter().find(|(known, _)| Some(*known) == regex);
                match known {
                    Some((_, pattern)) => found = Some(*pattern),
                    None => return unknown(&step["pattern"]),
                }
            }
            // Only the bytes are mapped, or GPT-2's own pattern is used.
            Some("ByteLevel") if plain && step["use_regex"] == false => {}
            Some("ByteLevel") if plain && found.is_none() => found = Some(Pattern::Gpt2),
            _ => return unknown(step),
        }
    }
    match (found, digits) {
        (Some(Pattern::Gpt2), true) => Ok(Pattern::Gpt2Digits),
        (Some(pattern), false) => Ok(pattern),
        _ => unknown(pre_tokenizer),
    }
}

/// The printable stand-ins for bytes that GPT-2 introduced.
fn byte_alphabet() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shown = (0..=255u8).filter(|&byte| printable(byte)).map(|byte| (byte as char, byte));
    let moved = (0..=255u8).filter(|&byte| !printable(byte)).zip('\u{100}'..);
    shown.chain(moved.map(|(byte, character)| (character, byte))).collect()
}
