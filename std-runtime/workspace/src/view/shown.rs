//! The parts of a home folder that builds need, and the overlays that take what is written to them.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::sandbox::{self, Folder, Writes};

/// Makes an empty folder for private files, by its name and the folder that it is like.
pub(super) type MakeFolder<'a> = dyn Fn(&str, &Path) -> Result<PathBuf> + 'a;

/// A part of a home folder, by its own path.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    at: PathBuf,
    /// Without one it is read-only.
    over: Option<Overlay>,
}

/// The folders of an overlay, and what it is laid over: a part, or the home folder of several parts.
#[derive(Debug, Clone)]
struct Overlay {
    base: PathBuf,
    upper: PathBuf,
    work: PathBuf,
}

impl Shown {
    /// `parts` of the folder `home`, read-only.
    pub(super) fn read_only(parts: Vec<PathBuf>) -> Vec<Self> {
        parts.into_iter().map(|at| Self { at, over: None }).collect()
    }

    /// `parts` of the folder `home`, the home with the number `index`, which may be written to. An
    /// overlay costs more than the rest of a mount, so one is laid over the home folder for all parts
    /// that are on its mount; it does not show other mounts.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn writable(
        home: &Path,
        index: usize,
        parts: Vec<PathBuf>,
        make: &MakeFolder<'_>,
    ) -> Result<Vec<Self>> {
        let overlay = |name: &str, base: &Path| -> Result<Overlay> {
            let (upper, work) = (make(name, base)?, make(&format!("{name}-work"), base)?);
            Ok(Overlay { base: base.to_owned(), upper, work })
        };
        let mount = sandbox::mount_of(home);
        let is_on_it = |part: PathBuf| {
            let is_on_it = mount.is_some() && sandbox::mount_of(&part) == mount;
            (part, is_on_it)
        };
        let parts: Vec<_> = parts.into_iter().map(is_on_it).collect();
        let common = match parts.iter().filter(|(_, is_on_it)| *is_on_it).count() {
            0 | 1 => None,
            _ => Some(overlay(&format!("shown-{index}"), home)?),
        };
        // The kernel refuses to write what it lays over a folder into that folder.
        let common = common.filter(|overlay| !overlay.upper.starts_with(home));
        let with_overlay = |(number, (at, is_on_it)): (usize, (PathBuf, bool))| {
            let over = match &common {
                Some(common) if is_on_it => common.clone(),
                _ => overlay(&format!("shown-{index}-{number}"), &at)?,
            };
            Ok(Self { at, over: Some(over) })
        };
        parts.into_iter().enumerate().map(with_overlay).collect()
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.at
    }

    /// Makes it read-only; returns whether it was not.
    pub(super) fn seal(&mut self) -> bool {
        self.over.take().is_some()
    }

    /// How the sandbox shows it.
    pub(super) fn folder(&self) -> Folder<'_> {
        let writes = match &self.over {
            Some(Overlay { base, upper, work }) => match *base == self.at {
                true => Writes::Over { upper, work },
                false => Writes::Within { base, upper, work },
            },
            None => Writes::Nowhere,
        };
        Folder { at: &self.at, writes }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn parts_of_one_mount_share_an_overlay() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().canonicalize().unwrap();
        let parts: Vec<PathBuf> = [".cargo/bin", ".rustup"].map(|name| home.join(name)).into();
        parts.iter().for_each(|part| std::fs::create_dir_all(part).unwrap());
        let made = RefCell::new(Vec::new());
        let make = |below: &'static str| {
            let made = &made;
            move |name: &str, _: &Path| {
                let folder = Path::new(below).join(name);
                made.borrow_mut().push(folder.clone());
                Ok(folder)
            }
        };
        let bases = |parts: Vec<PathBuf>, make: &MakeFolder<'_>| {
            let shown = Shown::writable(&home, 0, parts, make).unwrap();
            let bases = shown.into_iter().map(|shown| shown.over.unwrap().base);
            bases.collect::<Vec<_>>()
        };
        let elsewhere = make("/scratch");
        let proc = PathBuf::from("/proc");
        let all = parts.iter().cloned().chain([proc.clone()]).collect();
        let expected = match sandbox::mount_of(&home) {
            Some(_) => vec![home.clone(), home.clone(), proc],
            None => parts.iter().cloned().chain([proc]).collect(),
        };
        assert_eq!(bases(all, &elsewhere), expected);
        // One part needs no more than its own.
        assert_eq!(bases(vec![parts[0].clone()], &elsewhere), parts[..1]);
        let count = made.borrow().len();
        let inside = |name: &str, _: &Path| Ok(home.join(name));
        assert_eq!(bases(parts.clone(), &inside), parts);
        assert_eq!(made.borrow().len(), count);
    }
}
