//! Where tool processes run: in their own namespaces, or, if the user asks for it, freely.
//!
//! Inside, the whole file system is read-only except the folder of the project, the home folder and
//! /tmp, and writes to these are private; credentials and the sockets of agents are hidden;
//! there is no network but loopback; no process can see or
//! signal one outside, or outlive the sandbox.

mod access;
mod environment;
mod host;
mod network;
mod process;

#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod walls;
#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod walls;

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, ErrorKind, Result};
pub use access::Access;
use host::Executable;
pub use host::ToolHost;
use network::Proxy;
pub use network::{Connection, Host, Network};
pub use process::{Child, Process, Program};
use walls::{Alone, Walls};

/// Whether tool processes are confined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// In namespaces; if the system has none, nothing runs.
    #[default]
    On,
    /// By Landlock and a filter of system calls alone, on a copy: weaker, for systems without
    /// namespaces.
    Landlock,
    /// With all the rights of the user.
    Off,
}

impl Mode {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Self); 3] =
        [("on", Self::On), ("landlock", Self::Landlock), ("off", Self::Off)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Landlock => "landlock",
            Self::Off => "off",
        }
    }
}

/// One of the walls around tool processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name in events.
    pub name: &'static str,
    /// What it protects.
    pub protects: &'static str,
    /// Whether it is in force.
    pub state: State,
}

/// Whether a [`Layer`] is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It is.
    InForce,
    /// It is, but for a part that this system has not.
    Partly(String),
    /// It is not, because this system lacks it, and why; the reason says what applies instead.
    Replaced(String),
    /// It is not, and why.
    Missing(String),
}

impl Layer {
    pub(crate) fn in_force((name, protects): (&'static str, &'static str)) -> Self {
        Self { name, protects, state: State::InForce }
    }

    /// What is missing and why, in one line; `None` if nothing is.
    pub fn lacks(&self) -> Option<String> {
        match &self.state {
            State::InForce | State::Replaced(_) => None,
            State::Partly(why) | State::Missing(why) => Some(format!("{}: {why}", self.name)),
        }
    }
}

/// What a tool process may see, and where its writes go.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    /// The folder of the project.
    pub(crate) root: Folder<'a>,
    /// Other folders of the project.
    pub(crate) also: Vec<Folder<'a>>,
    /// The home folders of the user, which others take the place of.
    pub(crate) homes: Vec<Folder<'a>>,
    /// Other folders and files that are shown, even if their place is covered.
    pub(crate) beside: Vec<Folder<'a>>,
    /// An empty folder that becomes /tmp and /var/tmp.
    pub(crate) temporary: &'a Path,
    /// Existing files and folders that must look empty.
    pub(crate) masked: &'a [PathBuf],
    /// Paths where tools may reach sockets of processes outside.
    pub(crate) reachable: &'a [PathBuf],
    /// The network access of tools.
    pub(crate) network: &'a Network,
}

/// A folder that tools may write to.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
#[derive(Debug)]
pub(crate) struct Folder<'a> {
    /// Its path, outside and inside.
    pub(crate) at: &'a Path,
    /// The destination of writes.
    pub(crate) writes: Writes<'a>,
}

/// The destination of writes to a folder.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
#[derive(Debug, Clone, Copy)]
pub(crate) enum Writes<'a> {
    /// To a folder laid over it by overlayfs.
    Over {
        /// The written files.
        upper: &'a Path,
        /// Needed by overlayfs.
        work: &'a Path,
    },
    /// To a folder laid over `base`, which it is in. Others in it share the overlay.
    Within {
        /// What the overlay is over. Nothing else of it is shown.
        base: &'a Path,
        /// The written files.
        upper: &'a Path,
        /// Needed by overlayfs.
        work: &'a Path,
    },
    /// To a copy of it.
    Copy {
        /// The copy.
        copy: &'a Path,
    },
    /// To an existing mount.
    Mounted {
        /// The mount, without a place.
        mount: BorrowedFd<'a>,
    },
    /// Nowhere: they are refused.
    Nowhere,
}

/// What a process may read.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // no process is confined there
#[derive(Clone, Copy)]
pub(crate) enum Reads<'a> {
    /// The project and what belongs to it, the homes, and the libraries of its own program.
    Project,
    /// The whole system, except what else is `hidden`, which is searched only if mounts can hide it.
    System {
        /// Existing files and folders.
        hidden: &'a dyn Fn() -> &'a [PathBuf],
    },
}

/// Why there is no sandbox.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
#[derive(Debug)]
pub(crate) enum Refusal {
    /// overlayfs does not work over a folder of the project, by its index; a copy may.
    Overlay(usize),
    /// overlayfs does not work over one of the others, by its index; they can stay read-only.
    BesideOverlay(usize),
    /// There is no alternative.
    Final(Error),
}

/// Starts tool processes, and ends them all on drop.
#[derive(Debug)]
pub(crate) struct Sandbox {
    walls: Option<Walls>,
    /// The confinement of processes without namespaces.
    alone: Option<Alone>,
    /// The program of the tools.
    executable: io::Result<Executable>,
    /// The way to the hosts that the user allows.
    proxy: Option<Proxy>,
    /// The home folder of processes, if it is not that of the user.
    home: Option<PathBuf>,
    /// Variables that pass because the user named them.
    passing: Vec<OsString>,
    /// Without namespaces: the marker in the environment of all these processes and no others.
    marker: Vec<u8>,
    /// The processes that were started and may not have been waited for; `None` after the end.
    processes: Mutex<Option<Vec<Arc<Process>>>>,
}

/// A copy-on-write mount of `lower` in which folders can be renamed, with the empty folders
/// `upper` and `work`.
///
/// # Errors
/// The error of the system: only root of the machine can create one.
pub(crate) fn mount_with_renames(
    lower: &Path,
    upper: &Path,
    work: &Path,
) -> std::io::Result<OwnedFd> {
    walls::mount_with_renames(lower, upper, work)
}

/// The number of the mount that shows the folder `path`; `None` if the system does not tell.
pub(crate) fn mount_of(path: &Path) -> Option<u64> {
    walls::mount_of(path)
}

/// The sockets of the file system that some process has bound.
pub(crate) fn listening_sockets() -> Vec<PathBuf> {
    walls::listening_sockets()
}

#[cfg_attr(not(target_os = "linux"), allow(dead_code))] // nothing is built there
impl Layout<'_> {
    /// The folders of the project, the first one first.
    pub(crate) fn projects(&self) -> impl Iterator<Item = &Folder<'_>> {
        std::iter::once(&self.root).chain(&self.also)
    }

    /// Whether `path` holds a folder of the project, and is none itself.
    pub(crate) fn holds_project(&self, path: &Path) -> bool {
        self.projects().any(|folder| folder.at.starts_with(path) && folder.at != path)
    }
}

impl Sandbox {
    /// A sandbox that shows `layout`.
    ///
    /// # Errors
    /// What the system refused.
    pub(crate) fn build(layout: &Layout<'_>, tools: &ToolHost) -> Result<Self, Refusal> {
        let executable = tools.find(layout.root.at);
        let (walls, listener) = Walls::build(layout, executable.as_ref().ok())?;
        let proxy = match (listener, layout.network) {
            (Some(listener), Network::Hosts(hosts)) => {
                let proxy = Proxy::start(listener, hosts.clone()).map_err(|error| {
                    let text = format!("the proxy for --net cannot be started: {error}");
                    Refusal::Final(Error::new(ErrorKind::Sandbox, text))
                })?;
                Some(proxy)
            }
            _ => None,
        };
        let processes = Mutex::new(Some(Vec::new()));
        let (walls, passing, marker) = (Some(walls), Vec::new(), Vec::new());
        Ok(Self { walls, alone: None, executable, proxy, home: None, passing, marker, processes })
    }

    /// These variables pass to tools, even if masked.
    pub(crate) fn passing(mut self, names: &[OsString]) -> Self {
        self.passing = names.to_vec();
        self
    }

    /// The home folder that processes find in their environment.
    pub(crate) fn at_home(mut self, home: Option<&Path>) -> Self {
        self.home = home.map(Path::to_owned);
        self
    }

    /// The connections that tools asked the proxy for.
    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.proxy.as_ref().map(Proxy::connections).unwrap_or_default()
    }

    /// No sandbox: processes are only kept track of, by their folder for temporary files.
    pub(crate) fn off(project: &Path, temporary: &Path, tools: &ToolHost) -> Self {
        let marker = [b"TMPDIR=", temporary.as_os_str().as_encoded_bytes()].concat();
        let executable = tools.find(project);
        let (processes, passing) = (Mutex::new(Some(Vec::new())), Vec::new());
        Self {
            walls: None,
            alone: None,
            executable,
            proxy: None,
            home: None,
            passing,
            marker,
            processes,
        }
    }

    /// As [`Sandbox::off`], but processes read only below `read` and the program of the tools, and
    /// write only below `write`.
    ///
    /// # Errors
    /// `Sandbox` when the system has no Landlock.
    pub(crate) fn alone(mut self, read: &[PathBuf], write: &[PathBuf]) -> Result<Self> {
        let program = self.executable.as_ref().ok().and_then(|it| it.path.as_deref());
        let read = read.iter().map(PathBuf::as_path).chain(program);
        self.alone = Some(Alone::build(read, write.iter().map(PathBuf::as_path))?);
        Ok(self)
    }

    /// The layers that confine the processes, and the missing ones with the reason.
    pub(crate) fn layers(&self) -> Vec<Layer> {
        let alone = self.alone.as_ref().map(Alone::layers);
        let mut layers = self.walls.as_ref().map(Walls::layers).or(alone).unwrap_or_default();
        layers.extend(
            self.proxy.iter().map(|_| {
                Layer::in_force(("network-proxy", "all hosts but those that --net lists"))
            }),
        );
        layers
    }

    /// Whether a process can be kept to the project.
    pub(crate) fn confines_reads(&self) -> bool {
        self.walls.as_ref().is_some_and(Walls::confines_reads)
    }

    /// Starts `program` in `dir`, with `temporary` as its folder for temporary files.
    ///
    /// # Errors
    /// `Tool` when it cannot be started.
    pub(crate) fn spawn(
        &self,
        program: &Program,
        dir: &Path,
        temporary: &Path,
        reads: Reads<'_>,
    ) -> Result<Child> {
        let failed = |error: &dyn std::fmt::Display| {
            let (name, dir) = (program.name(), dir.display());
            Error::new(ErrorKind::Tool, format!("cannot start `{name}` in {dir}: {error}"))
        };
        let mut command = program.command(self.tools()).map_err(|error| failed(&error))?;
        command.env_clear().envs(self.environment(dir, temporary, &program.hidden_env));
        command.envs(program.env.iter().map(|(name, value)| (name, value)));
        // Held while the process starts, so that `end` misses none.
        let mut processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(processes) = processes.as_mut() else { return Err(failed(&"the view is closed")) };
        let started = match &self.walls {
            Some(walls) => walls.spawn(&mut command, dir, reads),
            None => process::spawn_freely(&mut command, dir, self.alone.clone()),
        };
        let (child, pid) = started.map_err(|error| failed(&error))?;
        let child = Child::new(child, pid, self.walls.is_some());
        processes.retain(|process| !process.is_reaped());
        processes.push(Arc::clone(child.process()));
        Ok(child)
    }

    /// The environment of a process in `dir`, without the variables `hidden`.
    pub(crate) fn environment(
        &self,
        dir: &Path,
        temporary: &Path,
        hidden: &[OsString],
    ) -> Vec<(OsString, OsString)> {
        let own = [("TMPDIR", temporary), ("PWD", dir)];
        let own = own.map(|(name, path)| (name.into(), path.as_os_str().to_owned()));
        // A folder of the view is a mount, and the repository around it is another.
        let git = [("GIT_DISCOVERY_ACROSS_FILESYSTEM".into(), "1".into())];
        let home = self.home.iter().map(|home| ("HOME".into(), home.clone().into_os_string()));
        let proxy = self.proxy.iter().flat_map(Proxy::environment);
        let proxy = proxy.map(|(name, value)| (name.into(), value.into()));
        let passing = environment::masked(&self.passing);
        let passing = passing.filter(|(name, _)| !hidden.contains(name));
        passing.chain(own).chain(git).chain(proxy).chain(home).collect()
    }

    /// How the file of the tools' program is named where they run.
    fn tools(&self) -> io::Result<&Path> {
        match (&self.executable, &self.walls) {
            (Err(error), _) => Err(io::Error::new(error.kind(), error.to_string())),
            (Ok(_), Some(walls)) => {
                walls.program().ok_or_else(|| io::Error::other("it is not there"))
            }
            (Ok(executable), None) => Ok(&executable.open),
        }
    }

    /// Kills all processes and waits for their end.
    pub(crate) fn end_processes(&self) {
        let processes = {
            let mut all = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
            all.as_mut().map(std::mem::take).unwrap_or_default()
        };
        for process in &processes {
            process.kill();
            // An error means that someone else has already done it.
            let _ = process.wait();
        }
        if self.walls.is_none() {
            process::kill_marked(&self.marker);
        }
    }

    /// Kills all processes and waits for their end; no other can be started then.
    pub(crate) fn end(&self) {
        // Before the lock: its holder may be waiting for a stopped process.
        if let Some(walls) = &self.walls {
            walls.kill();
        }
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let processes = processes.unwrap_or_default();
        for process in &processes {
            process.kill();
        }
        // These are children of this process, and the first process of the namespaces ends only
        // after they have been waited for.
        for process in &processes {
            // An error means that someone else has already done it.
            let _ = process.wait();
        }
        match &self.walls {
            Some(walls) => walls.wait(),
            None => process::kill_marked(&self.marker),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}
