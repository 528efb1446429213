//! The layers of the sandbox, a file each: what it protects, whether this system has it, and how a
//! process takes it on.
//!
//! A [`Plan`] is the list of those that a process gets, in the order in which it takes them. The
//! namespaces and mounts are made once for all processes of a view, by its first process; their
//! layers say only what holds.

mod cgroup;
mod keyring;
mod landlock_files;
mod landlock_scopes;
mod landlock_tcp;
mod limits;
mod made;
mod memory;
mod privileges;
mod processes;
pub(super) mod ruleset;
mod seccomp;

use std::sync::Arc;

use rustix::io::Errno;

use crate::sandbox::{Layer as Named, State};
pub(super) use cgroup::Cgroup;
pub(super) use keyring::Keyring;
pub(super) use landlock_files::{LandlockFiles, Rights, Rule};
pub(super) use landlock_scopes::LandlockScopes;
pub(super) use landlock_tcp::LandlockTcp;
pub(super) use limits::Limits;
pub(super) use made::{LACKS_NAMESPACES, NAMESPACES_AND_MOUNTS, network};
pub(super) use memory::Memory;
pub(super) use privileges::Privileges;
pub(super) use processes::{PROCESSES_MAX, Processes, limit_processes};
pub(super) use seccomp::{Seccomp, Sockets};

/// One layer that each process takes on by itself.
pub(super) trait Layer: std::fmt::Debug + Send + Sync {
    /// Its name in events and for `doctor`.
    fn name(&self) -> &'static str;

    /// What it protects.
    fn protects(&self) -> &'static str;

    /// Whether it is in force, or why not.
    fn state(&self) -> State {
        State::InForce
    }

    /// When a process takes it on.
    fn stage(&self) -> Stage {
        Stage::Inside
    }

    /// Takes it on. Allocates nothing: the process was forked from one that may have threads.
    ///
    /// # Errors
    /// The error of the kernel; the process does not start then.
    fn apply(&self) -> Result<(), Errno>;
}

/// When a process takes a layer on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before it enters the namespaces, where what it needs is out of reach.
    Outside,
    /// In them.
    Inside,
}

/// The layers that a process takes on, in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan(Vec<Arc<dyn Layer>>);

impl Plan {
    /// The same and one more, if there is one.
    #[must_use]
    pub(super) fn with(mut self, layer: Option<impl Layer + 'static>) -> Self {
        if let Some(layer) = layer {
            self.0.push(Arc::new(layer));
        }
        self
    }

    /// Takes on all layers of a stage. Allocates nothing.
    ///
    /// # Errors
    /// That of the first layer that cannot be taken on.
    pub(super) fn apply(&self, stage: Stage) -> Result<(), Errno> {
        let mut layers = self.0.iter().filter(|layer| layer.stage() == stage);
        layers.try_for_each(|layer| layer.apply())
    }

    /// What holds, and what does not and why.
    pub(super) fn layers(&self) -> impl Iterator<Item = Named> {
        self.0.iter().map(|layer| Named {
            name: layer.name(),
            protects: layer.protects(),
            state: layer.state(),
        })
    }
}

/// A layer that this system does not have.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) name: &'static str,
    pub(super) protects: &'static str,
    pub(super) state: State,
}

impl Layer for Absent {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protects(&self) -> &'static str {
        self.protects
    }

    fn state(&self) -> State {
        self.state.clone()
    }

    fn apply(&self) -> Result<(), Errno> {
        Ok(())
    }
}
