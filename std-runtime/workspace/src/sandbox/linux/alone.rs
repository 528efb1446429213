//! The sandbox without namespaces: Landlock and a filter of system calls alone.
//!
//! It is weaker: hidden files are left out of a list instead of being covered, there is no network
//! at all, not even loopback, and background processes of a call are found by their environment.

use std::io;
use std::path::Path;

use super::c_path::c_path;
use super::layer::{
    Cgroup, Keyring, LACKS_NAMESPACES, LandlockFiles, LandlockScopes, LandlockTcp, Limits, Memory,
    Plan, Privileges, Rights, Rule, Seccomp, Sockets, Stage,
};
use crate::sandbox::{Layer, State};
use crate::{Error, ErrorKind, Result};

/// What confines a process by itself.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Alone {
    plan: Plan,
}

impl Alone {
    /// Lets processes read below `read` and write below `write`, and nothing else.
    ///
    /// # Errors
    /// `Sandbox` if the system has no Landlock or no filters.
    pub(in crate::sandbox) fn build<'a>(
        read: impl Iterator<Item = &'a Path>,
        write: impl Iterator<Item = &'a Path>,
    ) -> Result<Self> {
        let rule = |at: &Path, rights| Rule { at: c_path(at), is_folder: at.is_dir(), rights };
        let rules = read.map(|at| rule(at, Rights::Read));
        let rules = rules.chain(write.map(|at| rule(at, Rights::Write))).collect();
        let refused = |what: String| {
            let text = format!(
                "the sandbox cannot be set up: {what}; with `--sandbox off` tools run without it"
            );
            Error::new(ErrorKind::Sandbox, text)
        };
        let files = LandlockFiles::of_writes(Vec::new()).map_err(refused)?.and_reads(rules);
        let seccomp = Seccomp::new(Sockets::None);
        let seccomp = seccomp.map_err(|what| refused(format!("the system has no {what}")))?;
        // A kernel shows the memory of others to some capabilities, whatever Landlock says.
        let drops_capabilities = rustix::process::geteuid().is_root();
        let plan = Plan::default()
            .with(Some(Memory))
            .with(Some(Cgroup::probe()))
            .with(Some(Privileges { drops_capabilities }))
            .with(Some(Keyring))
            .with(Some(Limits))
            .with(Some(files))
            .with(Some(LandlockScopes::probe(true)))
            .with(Some(LandlockTcp::probe()))
            .with(Some(seccomp));
        Ok(Self { plan })
    }

    /// Confines this process and those that it will start. Allocates nothing.
    pub(in crate::sandbox) fn apply(&self) -> io::Result<()> {
        self.plan.apply(Stage::Outside)?;
        Ok(self.plan.apply(Stage::Inside)?)
    }

    /// The layers that confine the processes, and the missing ones with the reason.
    pub(in crate::sandbox) fn layers(&self) -> Vec<Layer> {
        let (name, protects) = LACKS_NAMESPACES;
        let state = State::Missing("--sandbox landlock".to_owned());
        let sockets = ("no-sockets", "the network and the sockets of other programs");
        let mut layers = vec![Layer { name, protects, state }, Layer::in_force(sockets)];
        layers.extend(self.plan.layers());
        layers
    }
}
