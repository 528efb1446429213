//! The sandbox without namespaces: Landlock and a filter of system calls alone.
//!
//! It is weaker: what is not to be read is left out of a list instead of being covered, there is
//! no network at all, not even loopback, and what a call leaves in the background is looked for
//! by its environment.

use std::io;
use std::path::Path;

use super::layer::landlock::{Landlock, Rights, Rule};
use super::layer::limits;
use super::layer::seccomp::{Filters, Sockets};
use super::layout::c_path;
use super::namespaces;
use crate::sandbox::{Layer, State};
use crate::{Error, ErrorKind, Result};

/// What confines a process by itself.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Alone {
    landlock: Landlock,
    filters: Filters,
}

impl Alone {
    /// Lets processes read below `read` and write below `write`, and nothing else.
    ///
    /// # Errors
    /// `Sandbox` when the system has no Landlock or no filters.
    pub(in crate::sandbox) fn build<'a>(
        read: impl Iterator<Item = &'a Path>,
        write: impl Iterator<Item = &'a Path>,
    ) -> Result<Self> {
        let rule = |at: &Path, rights| Rule { at: c_path(at), is_folder: at.is_dir(), rights };
        let rules = read.map(|at| rule(at, Rights::Read));
        let rules = rules.chain(write.map(|at| rule(at, Rights::Write))).collect();
        let refused = |what: String| {
            let text = format!(
                "the sandbox cannot be made: {what}; with `--sandbox off` tools run without it"
            );
            Error::new(ErrorKind::Sandbox, text)
        };
        let landlock = Landlock::of_all(rules).map_err(refused)?;
        let filters = Filters::new(Sockets::None);
        let filters = filters.map_err(|what| refused(format!("the system has no {what}")))?;
        Ok(Self { landlock, filters })
    }

    /// Confines this process and those that it will start. Allocates nothing.
    pub(in crate::sandbox) fn apply(&self) -> io::Result<()> {
        if rustix::process::geteuid().is_root() {
            // A kernel shows the memory of others to some capabilities, whatever Landlock says.
            namespaces::renounce()?;
        }
        rustix::thread::set_no_new_privs(true)?;
        limits::be_first_without_memory();
        limits::leave_keyring()?;
        limits::set()?;
        self.landlock.apply()?;
        Ok(self.filters.apply()?)
    }

    /// What confines the processes, and what does not and why.
    pub(in crate::sandbox) fn layers(&self) -> Vec<Layer> {
        let landlock = self.landlock.lacks().map_or(State::InForce, State::Partly);
        let namespaces = State::Missing("--sandbox landlock".to_owned());
        let mut layers = vec![
            Layer { name: "landlock", state: landlock },
            Layer { name: "namespaces", state: namespaces },
        ];
        let names = ["seccomp", "no-sockets", "no-new-privileges", "session-keyring", "limits"];
        layers.extend(names.map(Layer::in_force));
        layers
    }
}
