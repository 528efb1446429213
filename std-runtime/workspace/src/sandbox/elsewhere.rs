//! Systems for which there is no sandbox yet.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;

use rustix::process::Pid;

use super::{Executable, Layer, Layout, Reads, Refusal};
use crate::{Error, ErrorKind};

/// There are none here, so no value of this type exists.
#[derive(Debug)]
pub(super) enum Walls {}

impl Walls {
    /// Refuses.
    pub(super) fn build(
        _: &Layout<'_>,
        _: Option<&Executable>,
    ) -> Result<(Self, Option<OwnedFd>), Refusal> {
        Err(Refusal::Final(Error::new(
            ErrorKind::Sandbox,
            "this system has no sandbox that zerostack knows; with `--sandbox off` tools run without it",
        )))
    }

    pub(super) fn layers(&self) -> Vec<Layer> {
        match *self {}
    }

    pub(super) fn program(&self) -> Option<&Path> {
        match *self {}
    }

    pub(super) fn confines_reads(&self) -> bool {
        match *self {}
    }

    pub(super) fn kill(&self) {
        match *self {}
    }

    pub(super) fn wait(&self) {
        match *self {}
    }

    pub(super) fn spawn(
        &self,
        _: &mut Command,
        _: &Path,
        _: Reads<'_>,
    ) -> io::Result<(std::process::Child, Pid)> {
        match *self {}
    }
}

pub(super) fn mount_of(_: &Path) -> Option<u64> {
    None
}

pub(super) fn mount_with_renames(_: &Path, _: &Path, _: &Path) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn close_on_exec() -> io::Result<()> {
    Ok(())
}

pub(super) fn listening_sockets() -> Vec<std::path::PathBuf> {
    Vec::new()
}

/// There is none here, so no value of this type exists.
#[derive(Debug, Clone)]
pub(super) enum Alone {}

impl Alone {
    pub(super) fn build<'a>(
        _: impl Iterator<Item = &'a Path>,
        _: impl Iterator<Item = &'a Path>,
    ) -> crate::Result<Self> {
        let text = "this system has no Landlock; with `--sandbox off` tools run without a sandbox";
        Err(Error::new(ErrorKind::Sandbox, text))
    }

    pub(super) fn apply(&self) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn layers(&self) -> Vec<Layer> {
        match *self {}
    }
}
