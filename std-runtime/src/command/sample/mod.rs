//! `zerostack try`: a run over a small sample project, with a scripted provider on loopback
//! when no model is configured.
//!
//! The provider is the only thing that is scripted: requests, streams, tool processes, view and
//! patch are those of every run.

use std::path::Path;

use serde_json::json;
use zerostack_scripted::{Reply, Script, Scripted};

use crate::command::print::tell;
use crate::provider::{Config, Flags, is_configured};
use crate::{Error, ErrorKind, Result};

/// What the sample's user asks for.
pub(super) const TASK: &str = "Make `sh test.sh` pass.";

/// The sample project in a folder of its own, which goes with it.
pub(super) struct Sample {
    folder: tempfile::TempDir,
    provider: std::sync::OnceLock<Scripted>,
}

impl Sample {
    /// Writes the project.
    pub(super) fn create() -> Result<Self> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Input, format!("cannot write the sample project: {error}"))
        };
        let folder = tempfile::Builder::new().prefix("zerostack-try-").tempdir().map_err(failed)?;
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).map_err(failed)?;
        }
        Ok(Self { folder, provider: std::sync::OnceLock::new() })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The model of the user, or the scripted provider where there is none.
    pub(super) fn model(&self, flags: Flags, folder: &Path) -> Result<Flags> {
        let env = crate::agent::variable;
        let config = Config::load(&env, folder)?;
        if is_configured(&flags, &env, &config.providers)? {
            return Ok(flags);
        }
        let provider = Scripted::start(script())?;
        tell(&format_args!(
            "no model is configured, so a scripted provider on {} plays one; all else of this \
             run is real",
            provider.base_url()
        ));
        let base_url = Some(provider.base_url());
        self.provider.get_or_init(|| provider);
        Ok(Flags { base_url, model: Some("scripted".to_owned()), ..Flags::default() })
    }
}

const FILES: [(&str, &str); 3] = [
    ("fizzbuzz.sh", include_str!("fizzbuzz.sh")),
    ("test.sh", include_str!("test.sh")),
    ("README.md", include_str!("README.md")),
];

/// What the model says: it looks, changes, checks and tells.
fn script() -> Script {
    let look = Reply::new()
        .text("I will run the test and read the script.")
        .call("bash", json!({"command": "sh test.sh"}))
        .call("read", json!({"path": "fizzbuzz.sh"}));
    let change = Reply::new().call(
        "edit",
        json!({"path": "fizzbuzz.sh", "edits": [{
            "old": "    if [ $((i % 3)) -eq 0 ]; then\n",
            "new": "    if [ $((i % 15)) -eq 0 ]; then\n        echo FizzBuzz\n    elif [ $((i % 3)) -eq 0 ]; then\n",
        }]}),
    );
    let check = Reply::new().call("bash", json!({"command": "sh test.sh"}));
    let told = "The test failed at 15: multiples of 3 were taken before multiples of 15. \
                fizzbuzz.sh now asks for 15 first, and `sh test.sh` passes.";
    Script::new().reply(look).reply(change).reply(check).text(told)
}
