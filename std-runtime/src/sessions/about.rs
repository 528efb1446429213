//! The description of a session, without its transcript, as JSON.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use zerostack_core::{OwnedConfig, OwnedTool};

use crate::provider::Endpoint;

/// What is kept of a session besides its transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    version: u32,
    pub(crate) folder: String,
    /// When it was last used, in seconds since 1970.
    pub(crate) time: u64,
    /// Whether the user gave the name; such a session is never removed automatically.
    pub(crate) is_named: bool,
    /// The prompt of the last run.
    pub(crate) prompt: String,
    /// The first task.
    pub(crate) task: String,
    pub(crate) provider: String,
    pub(crate) api: String,
    pub(crate) model: String,
    /// The first instructions. They are sent with every request, so that each begins with the bytes
    /// of the previous one.
    pub(crate) system: String,
    /// The latest instructions that replaced them; empty if there are none.
    pub(crate) instructed: String,
    pub(crate) tools: Vec<ToolLine>,
    /// The fate of the last run's changes.
    pub(crate) delivered: Delivered,
    /// The session that it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) forked_from: Option<String>,
}

/// The fate of the changes of a session's last run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Delivered {
    /// The run has not ended, or was killed: its changes are lost.
    Open,
    /// It ended without a result: its changes are lost.
    Nothing,
    /// They are a patch, which may be applied or not.
    Patch,
    /// They are in the folder, or there were none.
    Written,
}

/// A tool, as described to the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToolLine {
    pub(crate) name: String,
    description: String,
    parameters: String,
}

impl About {
    /// An empty session in `folder`.
    pub(crate) fn new(folder: &Path, endpoint: &Endpoint) -> Self {
        let mut about = Self {
            version: VERSION,
            folder: folder.display().to_string(),
            time: 0,
            is_named: false,
            prompt: String::new(),
            task: String::new(),
            provider: String::new(),
            api: String::new(),
            model: String::new(),
            system: String::new(),
            instructed: String::new(),
            tools: Vec::new(),
            delivered: Delivered::Open,
            forked_from: None,
        };
        about.set_model(endpoint);
        about.touch();
        about
    }

    /// The first task.
    pub(crate) fn set_task(&mut self, task: &str) {
        self.task = task.chars().take(TASK_CHARACTERS).collect();
    }

    /// Begins with `config`.
    pub(crate) fn begin(&mut self, config: &OwnedConfig) {
        self.system.clone_from(&config.system);
        self.instructed.clear();
        self.tools = config.tools.iter().map(ToolLine::from).collect();
        self.delivered = Delivered::Open;
    }

    pub(super) fn parse(bytes: &[u8]) -> io::Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(bytes)?;
        if version > VERSION {
            return Err(io::Error::other("a newer version of zerostack wrote it"));
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Marks it as used now.
    pub(crate) fn touch(&mut self) {
        self.time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    }

    pub(crate) fn set_model(&mut self, endpoint: &Endpoint) {
        self.provider.clone_from(&endpoint.name);
        endpoint.api.name().clone_into(&mut self.api);
        self.model.clone_from(&endpoint.model);
    }

    /// Why the provider's cache misses the next request, if another model answers it.
    pub(crate) fn other_model(&self, endpoint: &Endpoint) -> Option<String> {
        let Self { provider, model, .. } = self;
        let is_same = *provider == endpoint.name && *model == endpoint.model;
        (!is_same).then(|| {
            format!(
                "was with {model} ({provider}), goes on with {} ({}): all of it is sent anew, and \
                 reasoning that only {model} can read is left out",
                endpoint.model, endpoint.name
            )
        })
    }

    /// The tools of the session, followed by those of `wanted` that it does not have. Earlier ones
    /// stay, so that the provider's cache keeps hitting. `true` if there are new ones.
    pub(crate) fn add_tools(&mut self, wanted: &[OwnedTool]) -> bool {
        let before = self.tools.len();
        for tool in wanted {
            match self.tools.iter_mut().find(|known| known.name == tool.name) {
                Some(known) => *known = tool.into(),
                None => self.tools.push(tool.into()),
            }
        }
        self.tools.len() > before
    }

    pub(crate) fn owned_tools(&self) -> Vec<OwnedTool> {
        let owned = |tool: &ToolLine| OwnedTool {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        };
        self.tools.iter().map(owned).collect()
    }
}

impl From<&OwnedTool> for ToolLine {
    fn from(tool: &OwnedTool) -> Self {
        Self {
            name: tool.name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
        }
    }
}

const VERSION: u32 = 1;
/// How much of the task a list shows.
const TASK_CHARACTERS: usize = 200;
