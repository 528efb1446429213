//! What the user lets tools reach beyond the project, and how much of the disk they may use.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Network;

/// What tools can reach beyond the project, by flags and the user's configuration; a project cannot
/// set it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Files and folders that they may read wherever they are, places of credentials too.
    pub read: Vec<PathBuf>,
    /// Files and folders that they may write to: the writes stay, and are in no patch.
    pub write: Vec<PathBuf>,
    /// Other folders of the project: they are part of the view, of the patch and of what is written.
    pub also: Vec<PathBuf>,
    /// Variables of this process that they get, beside the usual ones.
    pub env: Vec<OsString>,
    /// Their network access; none by default.
    pub network: Option<Network>,
    /// Bytes of the disk that the files of a run may use; 32 GiB by default.
    pub disk_bytes: Option<u64>,
}

impl Access {
    /// This with the additions of `other`; the network of `other` only if this has none.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.read.extend(other.read);
        self.write.extend(other.write);
        self.also.extend(other.also);
        self.env.extend(other.env);
        self.network = self.network.or(other.network);
        self.disk_bytes = self.disk_bytes.or(other.disk_bytes);
        self
    }

    /// The network access of tools.
    pub fn network(&self) -> Network {
        self.network.clone().unwrap_or_default()
    }
}
