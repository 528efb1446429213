//! What the user lets tools reach beside the project, and what they may take.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Network;

/// What tools reach beside the project, by flags and the user's configuration; a project says
/// nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// Files and folders that they may read wherever they are, places of credentials too.
    pub read: Vec<PathBuf>,
    /// Files and folders that they may write to: what they write there stays, in no patch.
    pub write: Vec<PathBuf>,
    /// Other folders of the project: they are part of the view, of the patch and of what is written.
    pub also: Vec<PathBuf>,
    /// Variables of this process that they get, beside the usual ones.
    pub env: Vec<OsString>,
    /// What of the network they reach; nothing if it is not said.
    pub network: Option<Network>,
    /// Bytes of the disk that the files of a run may take; 32 GiB if it is not said.
    pub disk_bytes: Option<u64>,
}

impl Access {
    /// This and what `other` adds; the network of `other` only where this says none.
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

    /// What of the network tools reach.
    pub fn network(&self) -> Network {
        self.network.clone().unwrap_or_default()
    }
}
