//! `zerostack-vocab-pack`: writes the packed vocabularies of this repository; or packs a file:
//! `zerostack-vocab-pack [--fast] FILE [PATTERN] OUT`, FILE being a `tokenizer.json`, or a rank file of
//! one of the patterns cl100k, o200k, qwen2, gpt2.

use std::path::Path;

use zerostack_core::tokenizer::Pattern;
use zerostack_vocab_pack::{KNOWN, Profile, Source, pack, read_ranks, read_tokenizer_json};

fn main() -> Result<(), String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let before = arguments.len();
    arguments.retain(|argument| argument != "--fast");
    let profile = if arguments.len() < before { Profile::Fast } else { Profile::Small };
    match &arguments[..] {
        [] => KNOWN
            .iter()
            .try_for_each(|known| write(&known.source()?, Profile::Small, &known.path())),
        [file, out] => {
            let source = read_tokenizer_json(&name_of(file), &read(file)?)?;
            write(&source, profile, Path::new(out))
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
            write(&source, profile, Path::new(out))
        }
        _ => Err("usage: zerostack-vocab-pack [--fast] [FILE [PATTERN] OUT]".into()),
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

fn write(source: &Source, profile: Profile, path: &Path) -> Result<(), String> {
    let packed = pack(source, profile)?;
    std::fs::write(path, &packed).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("{} {} bytes", path.display(), packed.len());
    Ok(())
}
