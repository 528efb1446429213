//! `zerostack-vocab-pack`: writes the packed vocabularies of this repository; or packs a file:
//! `zerostack-vocab-pack [OPTION] FILE [PATTERN] OUT`, FILE being a `tokenizer.json`, or a rank file of
//! one of the patterns cl100k, o200k, qwen2, gpt2. `--fast` adds tables for speed. `--ranks=N` keeps the
//! N best merges, `--below=U+0250` what the characters below that one need: to count in a small flash.

use std::path::Path;

use zerostack_core::tokenizer::Pattern;
use zerostack_vocab_pack::{KNOWN, Profile, Source, pack, read_ranks, read_tokenizer_json};

fn main() -> Result<(), String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut options: Vec<String> = arguments.extract_if(.., |it| it.starts_with("--")).collect();
    let option = options.pop();
    if let Some(other) = options.pop() {
        return Err(format!("{other} and one more option: there can be one"));
    }
    match &arguments[..] {
        [] => KNOWN.iter().try_for_each(|known| write(known.source()?, None, &known.path())),
        [file, out] => {
            let source = read_tokenizer_json(&name_of(file), &read(file)?)?;
            write(source, option.as_deref(), Path::new(out))
        }
        [file, pattern, out] => {
            let pattern = match pattern.as_str() {
                "cl100k" => Pattern::Cl100k,
                "o200k" => Pattern::O200k,
                "qwen2" => Pattern::Qwen2,
                "gpt2" => Pattern::Gpt2,
                other => return Err(format!("the pattern {other} is not known")),
            };
            let ranks = read_ranks(&read(file)?)?;
            let source = Source::from_ranks(&name_of(file), pattern, ranks, Vec::new())?;
            write(source, option.as_deref(), Path::new(out))
        }
        _ => Err("usage: zerostack-vocab-pack [--fast | --ranks=N | --below=U+XXXX] \
                  [FILE [PATTERN] OUT]"
            .into()),
    }
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("{file}: {error}"))
}

/// The stem of the file, as far as it fits.
fn name_of(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    stem.chars().filter(char::is_ascii_graphic).take(24).collect()
}

fn write(mut source: Source, option: Option<&str>, path: &Path) -> Result<(), String> {
    let mut profile = Profile::Small;
    match option.map(|option| option.split_once('=').unwrap_or((option, ""))) {
        None => {}
        Some(("--fast", "")) => profile = Profile::Fast,
        Some(("--ranks", number)) => {
            source.keep_ranks(number.parse().map_err(|_| format!("{number:?} is no number"))?)?;
        }
        Some(("--below", point)) => {
            let number = point.strip_prefix("U+").and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let below = number.and_then(char::from_u32);
            source.keep_characters(below.ok_or(format!("{point:?} is not such as U+0250"))?)?;
        }
        Some((other, _)) => return Err(format!("the option {other} is not known")),
    }
    let packed = pack(&source, profile)?;
    std::fs::write(path, &packed).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{} {} bytes", path.display(), packed.len());
    Ok(())
}
