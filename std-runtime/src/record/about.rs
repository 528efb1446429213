//! The description of a run, as JSON.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zerostack_core::Usage;

/// What is kept of a run besides its changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    version: u32,
    folder: String,
    /// The folder, if its path is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    folder_bytes: Option<Vec<u8>>,
    /// The other folders of the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<PathBuf>,
    /// The folder that the paths of the patch are from, if it is not that of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<PathBuf>,
    /// When it ended, in seconds since 1970.
    pub(crate) time: u64,
    /// How long it took.
    pub(crate) duration_ms: u64,
    pub(crate) prompt: String,
    pub(crate) task: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    /// The paths in the patch.
    pub(crate) files: Vec<String>,
    pub(crate) text: String,
    pub(crate) usage: Tokens,
    /// The connections of tools, with the reason if one was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) connections: Vec<String>,
    pub(crate) exit_code: u8,
    /// Why it has no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What it cost, in millionths of the currency of the prices, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cost_micros: Option<u64>,
    /// The words of its command line, without the program's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) arguments: Vec<String>,
    /// Why its events or its tape are not kept, wholly or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_kept: Option<String>,
}

/// Tokens of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) input_tokens: u32,
    pub(crate) output_tokens: u32,
    pub(crate) cache_read_tokens: u32,
    pub(crate) cache_write_tokens: u32,
}

impl About {
    /// A description of a run in `folder`; all other fields are empty.
    pub(crate) fn new(folder: &Path) -> Self {
        let bytes = folder.as_os_str().as_bytes().to_vec();
        Self {
            version: VERSION,
            folder: folder.display().to_string(),
            folder_bytes: folder.to_str().is_none().then_some(bytes),
            also: Vec::new(),
            base: None,
            time: 0,
            duration_ms: 0,
            prompt: String::new(),
            task: String::new(),
            provider: String::new(),
            model: String::new(),
            files: Vec::new(),
            text: String::new(),
            usage: Tokens::default(),
            connections: Vec::new(),
            exit_code: 0,
            error: None,
            cost_micros: None,
            arguments: Vec::new(),
            not_kept: None,
        }
    }

    pub(super) fn parse(bytes: &[u8]) -> io::Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(bytes)?;
        if version != VERSION {
            let text = "another version of zerostack wrote it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The project has the other folders `also`, and the paths of its patch are from `base`.
    pub(crate) fn with_others<'a>(&mut self, also: impl Iterator<Item = &'a Path>, base: &Path) {
        self.also = also.map(Path::to_owned).collect();
        self.base = (!self.also.is_empty()).then(|| base.to_owned());
    }

    /// Whether `folder` is one of the project.
    pub(crate) fn is_of(&self, folder: &Path) -> bool {
        self.folder() == folder || self.also.iter().any(|also| also == folder)
    }

    /// The folder that the paths of the patch are from.
    pub(crate) fn base(&self) -> PathBuf {
        self.base.clone().unwrap_or_else(|| self.folder())
    }

    /// The folder of the run.
    pub(crate) fn folder(&self) -> PathBuf {
        match &self.folder_bytes {
            Some(bytes) => PathBuf::from(OsString::from_vec(bytes.clone())),
            None => PathBuf::from(&self.folder),
        }
    }
}

impl From<Usage> for Tokens {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_read_tokens: usage.cache_read_tokens,
            cache_write_tokens: usage.cache_write_tokens,
        }
    }
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        Self {
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            cache_read_tokens: tokens.cache_read_tokens,
            cache_write_tokens: tokens.cache_write_tokens,
            ..Self::default()
        }
    }
}

const VERSION: u32 = 1;
