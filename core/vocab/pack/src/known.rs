//! The vocabularies that are packed with this project.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use zerostack_core::tokenizer::Pattern;

use crate::{Source, SpecialToken, read_ranks};

/// A vocabulary whose rank file and special tokens are public.
pub struct Known {
    /// Its name, and the stem of its rank file.
    pub name: &'static str,
    /// The packed file, below `core/vocab`.
    pub packed: &'static str,
    /// Where the text is cut.
    pub pattern: Pattern,
    sha256: &'static str,
    specials: &'static [(&'static str, u32)],
}

/// cl100k_base and o200k_base.
pub const KNOWN: [Known; 2] = [
    Known {
        name: "cl100k_base",
        packed: "cl100k/cl100k_base.zsv",
        pattern: Pattern::Cl100k,
        sha256: "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        specials: &[
            ("<|endoftext|>", 100_257),
            ("<|fim_prefix|>", 100_258),
            ("<|fim_middle|>", 100_259),
            ("<|fim_suffix|>", 100_260),
            ("<|endofprompt|>", 100_276),
        ],
    },
    Known {
        name: "o200k_base",
        packed: "o200k/o200k_base.zsv",
        pattern: Pattern::O200k,
        sha256: "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        specials: &[("<|endoftext|>", 199_999), ("<|endofprompt|>", 200_018)],
    },
];

impl Known {
    /// The rank file that the tiktoken-rs crate of the lock file carries; its digest is checked.
    ///
    /// # Errors
    /// A sentence that states which file is missing or is another one.
    pub fn rank_file(&self) -> Result<Vec<u8>, String> {
        let path = rank_files()?.join(format!("{}.tiktoken", self.name));
        let file = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let digest: String =
            Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != self.sha256 {
            return Err(format!(
                "{} has the digest {digest}, wanted {}",
                path.display(),
                self.sha256
            ));
        }
        Ok(file)
    }

    /// The vocabulary of the [`rank_file`](Self::rank_file).
    ///
    /// # Errors
    /// As there.
    pub fn source(&self) -> Result<Source, String> {
        let file = self.rank_file()?;
        let specials = self.specials.iter().map(|&(text, id)| SpecialToken {
            id,
            text: text.into(),
            in_text: true,
        });
        Source::from_ranks(self.name, self.pattern, read_ranks(&file)?, specials.collect())
    }

    /// Where the packed file lies in this repository.
    pub fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(self.packed)
    }
}

/// The folder of the rank files, as cargo knows it.
fn rank_files() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--locked", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let manifest = metadata["packages"]
        .as_array()
        .and_then(|packages| packages.iter().find(|package| package["name"] == "tiktoken-rs"))
        .and_then(|package| package["manifest_path"].as_str())
        .ok_or("cargo metadata does not list the package tiktoken-rs")?;
    Ok(Path::new(manifest).with_file_name("assets"))
}
