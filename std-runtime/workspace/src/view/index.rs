//! The changed files that git tracks, and the relevant settings of git.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::index_file;
use super::judge::Judge;
use super::repository::Checkout;

/// The tracked files among those that were asked for.
#[derive(Debug, Default)]
pub(super) struct Index(HashMap<Vec<u8>, Tracked>);

/// A file as the index has it.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) id: String,
    pub(super) mode: u32,
}

/// The mode of a submodule.
const SUBMODULE: u32 = 0o160_000;

impl Index {
    /// The entries of `paths`, relative to `root`, in the file of `checkout`; a folder means everything
    /// below it. `None` if only git can read the file.
    pub(super) fn of_file(
        checkout: &Checkout,
        root: &Path,
        paths: &BTreeSet<Vec<u8>>,
        long_ids: bool,
    ) -> Option<Self> {
        let mut prefix = root.strip_prefix(&checkout.top).ok()?.as_os_str().as_bytes().to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let id_bytes = if long_ids { 32 } else { 20 };
        let mut found = HashMap::new();
        index_file::read(&checkout.own.join("index"), id_bytes, &mut |path, mode, id| {
            let Some(path) = path.strip_prefix(prefix.as_slice()) else { return };
            let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            let mut folders = slashes.filter_map(|(at, _)| path.get(..at));
            if paths.contains(path) || folders.any(|folder| paths.contains(folder)) {
                let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
                found.insert(path.to_vec(), Tracked { id, mode });
            }
        })?;
        Some(Self(found))
    }

    /// The same, asked of git.
    ///
    /// # Errors
    /// If git does not answer.
    pub(super) fn ask(judge: &Judge, root: &Path, paths: &BTreeSet<Vec<u8>>) -> io::Result<Self> {
        let mut args = vec!["ls-files", "-s", "-z"];
        let names: Option<Vec<&str>> =
            paths.iter().map(|path| std::str::from_utf8(path).ok()).collect();
        // More do not fit on a command line, so all are listed.
        if let Some(names) = names.filter(|names| names.len() <= MOST_NAMES) {
            args.push("--");
            args.extend(names);
        }
        let said = judge.git(root, &[], &args, b"")?;
        if !said.success {
            return Err(io::Error::other(said.errors));
        }
        let entries = said.out.split(|&byte| byte == 0).filter_map(|line| {
            let tab = line.iter().position(|&byte| byte == b'\t')?;
            let mut fields = std::str::from_utf8(line.get(..tab)?).ok()?.split(' ');
            let mode = u32::from_str_radix(fields.next()?, 8).ok()?;
            let id = fields.next()?.to_owned();
            Some((line.get(tab + 1..)?.to_vec(), Tracked { id, mode }))
        });
        Ok(Self(entries.collect()))
    }

    /// The entry of a file.
    pub(super) fn file(&self, path: &[u8]) -> Option<&Tracked> {
        self.0.get(path).filter(|entry| entry.mode != SUBMODULE)
    }

    /// Whether a file below the folder is tracked.
    pub(super) fn has_below(&self, folder: &[u8]) -> bool {
        let below =
            |path: &Vec<u8>| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"));
        self.0.keys().any(below)
    }

    /// Whether the folder is a submodule.
    pub(super) fn is_submodule(&self, folder: &[u8]) -> bool {
        self.0.get(folder).is_some_and(|entry| entry.mode == SUBMODULE)
    }
}

/// How many names go on one command line.
const MOST_NAMES: usize = 500;

/// The settings of a repository that change what belongs in a patch.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The file of ignore rules in place of the usual one.
    pub(super) excludes_file: Option<PathBuf>,
    /// Line ends or attributes are set for all files.
    pub(super) converts: bool,
    /// Ids are not SHA-1.
    pub(super) long_ids: bool,
    /// There are filters, which are programs.
    pub(super) filters: bool,
}

impl Settings {
    /// Asks git, in `root` of the checkout `top`.
    ///
    /// # Errors
    /// If git does not answer.
    pub(super) fn read(judge: &Judge, root: &Path, top: &Path) -> io::Result<Self> {
        let pattern = "^(core\\.(autocrlf|eol|attributesfile|excludesfile)\
                       |extensions\\.objectformat|filter\\..*)$";
        let said = judge.git(root, &[], &["config", "-z", "--get-regexp", pattern], b"")?;
        // Without any of these it fails too, and prints nothing.
        if !said.success && !said.errors.is_empty() {
            return Err(io::Error::other(said.errors));
        }
        let mut settings = Self::default();
        for entry in said.out.split(|&byte| byte == 0) {
            let mut fields = entry.splitn(2, |&byte| byte == b'\n');
            let (key, value) = (fields.next(), fields.next().unwrap_or_default());
            match key {
                Some(b"core.excludesfile") => {
                    let path = Path::new(std::ffi::OsStr::from_bytes(value));
                    let home = std::env::home_dir().unwrap_or_default();
                    settings.excludes_file = Some(match path.strip_prefix("~") {
                        Ok(below) => home.join(below),
                        Err(_) => top.join(path),
                    });
                }
                Some(b"extensions.objectformat") => settings.long_ids = value != b"sha1",
                Some(b"core.autocrlf") => settings.converts |= value != b"false",
                Some(b"core.eol" | b"core.attributesfile") => settings.converts = true,
                Some(key) if key.starts_with(b"filter.") => settings.filters = true,
                _ => {}
            }
        }
        Ok(settings)
    }
}
