//! Every call that writes is the last one once, and fails once.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;
use crate::patch::tree::Tree;

/// What happens at the call with a number.
#[derive(Clone, Copy)]
enum Fate {
    /// The process is killed: that call and all others do not happen.
    Killed,
    /// The disk refuses that call.
    Refused(rustix::io::Errno),
    /// The file system has no exchange and no move that replaces nothing.
    Old,
}

struct Calls {
    count: Cell<usize>,
    names: RefCell<Vec<&'static str>>,
    at: usize,
    fate: Fate,
    is_old: bool,
}

impl Calls {
    fn new(at: usize, fate: Fate, is_old: bool) -> Self {
        Self { count: Cell::new(0), names: RefCell::default(), at, fate, is_old }
    }
}

impl Faults for Calls {
    fn before(&self, call: &'static str) -> io::Result<()> {
        if self.is_old && matches!(call, "exchange" | "move") {
            return Err(rustix::io::Errno::INVAL.into());
        }
        self.names.borrow_mut().push(call);
        let count = self.count.replace(self.count.get() + 1);
        match self.fate {
            Fate::Killed if count >= self.at => Err(rustix::io::Errno::IO.into()),
            Fate::Refused(errno) if count == self.at => Err(errno.into()),
            _ => Ok(()),
        }
    }
}

/// A folder, its state folder, and a change of it that has a step of every kind.
struct Place {
    root: tempfile::TempDir,
    plan: Plan,
    contents: Contents,
}

type Files = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let bytes = if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            let mode = metadata.permissions().mode();
            found.insert(path.strip_prefix(folder).unwrap().to_owned(), (mode, bytes));
        }
    }
    found
}

/// Fills a folder: as it is before the change, or after it.
fn fill(folder: &Path, is_after: bool) {
    let write = |path: &str, text: &str, mode: u32| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(folder).unwrap();
    write("stays", "stays", 0o644);
    if is_after {
        write("replaced", "new", 0o640);
        write("program", "old", 0o755);
        write("new/deep/file", "new", 0o644);
        write("folder", "a file now", 0o644);
        write("file/inside", "a folder now", 0o644);
        symlink("elsewhere", folder.join("link")).unwrap();
        write("was-link", "a file", 0o644);
        return;
    }
    write("replaced", "old", 0o640);
    write("program", "old", 0o644);
    write("removed", "old", 0o600);
    write("emptied/deep/removed", "old", 0o644);
    write("folder/deep/removed", "old", 0o644);
    write("file", "old", 0o644);
    symlink("/etc", folder.join("link")).unwrap();
    symlink("nowhere", folder.join("was-link")).unwrap();
}

impl Place {
    fn new() -> Self {
        // In memory, where there is no disk to wait for.
        let root = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        fill(&root.path().join("folder"), false);
        fill(&root.path().join("after"), true);
        fs::create_dir_all(root.path().join("state/commits")).unwrap();
        fs::create_dir_all(root.path().join("state/runs")).unwrap();
        fs::write(root.path().join("state/runs/.1"), "").unwrap();
        let mut contents = Contents::new(tempfile::tempfile().unwrap());
        let trees = ["folder", "after"].map(|name| Tree::open(&root.path().join(name)).unwrap());
        let [before, after] = &trees;
        let mut plan = Plan::default();
        let mut paths: Vec<PathBuf> = files(&root.path().join("folder")).into_keys().collect();
        paths.extend(files(&root.path().join("after")).into_keys());
        paths.sort();
        paths.dedup();
        for path in paths {
            let path = path.into_os_string().into_encoded_bytes();
            let side =
                |tree: &Tree, contents: &mut Contents| Side::copy(tree, &path, contents).unwrap();
            let (old, new) = (side(before, &mut contents), side(after, &mut contents));
            let key = |side: &Option<Side>| {
                side.as_ref().map(|side| (side.is_link, side.mode, side.sha1.clone()))
            };
            if key(&old) != key(&new) {
                plan.files.push(PlannedFile { path: Name(path), before: old, after: new });
            }
        }
        let names = |names: &[&str]| names.iter().map(|it| Name(it.as_bytes().to_vec())).collect();
        plan.made = names(&["file", "new", "new/deep"]);
        plan.gone = names(&["emptied", "emptied/deep", "folder", "folder/deep"]);
        Self { root, plan, contents }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn commit(&self, faults: &dyn Faults) -> Result<()> {
        let publish = ("runs/.1".to_owned(), "runs/1".to_owned());
        let state = self.at("state/commits");
        commit_with(&state, &self.at("folder"), &self.plan, &self.contents, publish, faults)
    }

    fn recover(&self, faults: &dyn Faults) -> Result<Vec<String>> {
        let state = self.at("state/commits");
        let mut journals: Vec<PathBuf> =
            fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().path()).collect();
        journals.sort();
        recover::recover_all(&journals, &state, &self.at("folder"), faults)
    }

    /// Whether the change was made; fails for anything between.
    #[track_caller]
    fn is_after(&self, what: &str) -> bool {
        let found = files(&self.at("folder"));
        let journals = fs::read_dir(self.at("state/commits")).unwrap().count();
        assert_eq!(journals, 0, "{what}: a journal is left");
        let is_published = self.at("state/runs/1").exists();
        if found == files(&self.at("after")) {
            assert!(is_published, "{what}: written without a record");
            return true;
        }
        let before = Self::new();
        assert_eq!(found, files(&before.at("folder")), "{what}");
        assert!(!is_published, "{what}: a record of what was not written");
        false
    }
}

/// The calls that a whole commit makes.
fn names(is_old: bool) -> Vec<&'static str> {
    let faults = Calls::new(usize::MAX, Fate::Old, is_old);
    let place = Place::new();
    place.commit(&faults).unwrap();
    assert!(place.is_after("whole"));
    faults.names.into_inner()
}

fn calls(is_old: bool) -> usize {
    names(is_old).len()
}

#[test]
fn a_commit_that_is_killed_anywhere_is_taken_back_or_finished() {
    for is_old in [false, true] {
        let mut finished = 0;
        let all = calls(is_old);
        for at in 0..all {
            let place = Place::new();
            let _ = place.commit(&Calls::new(at, Fate::Killed, is_old));
            place.recover(&Calls::new(usize::MAX, Fate::Old, is_old)).unwrap();
            finished += usize::from(place.is_after(&format!("killed at call {at} of {all}")));
        }
        assert!(finished > 0 && finished < all, "{finished} of {all}");
    }
}

#[test]
fn a_recovery_that_is_killed_anywhere_goes_on() {
    let all = calls(false);
    for at in (0..all).step_by(3) {
        for again in 0.. {
            let place = Place::new();
            let _ = place.commit(&Calls::new(at, Fate::Killed, again % 4 == 0));
            let faults = Calls::new(again, Fate::Killed, false);
            let _ = place.recover(&faults);
            place.recover(&()).unwrap();
            place.is_after(&format!("killed at {at} and again at {again}"));
            if faults.count.get() <= again {
                break;
            }
        }
    }
}

#[test]
fn a_disk_that_refuses_any_call_leaves_everything_as_it_was() {
    for errno in [rustix::io::Errno::NOSPC, rustix::io::Errno::ACCESS] {
        for is_old in [false, true] {
            let all = calls(is_old);
            for at in 0..all {
                let place = Place::new();
                let refused = place.commit(&Calls::new(at, Fate::Refused(errno), is_old));
                let what = format!("{errno} at call {at} of {all}");
                let old = Calls::new(usize::MAX, Fate::Old, is_old);
                if refused.is_ok() {
                    // It stood already; what was left is removed by the next command.
                    place.recover(&old).unwrap();
                    // An empty folder that cannot be removed stays.
                    for folder in ["emptied/deep", "emptied"] {
                        let _ = fs::remove_dir(place.at("folder").join(folder));
                    }
                }
                assert_eq!(place.is_after(&what), refused.is_ok(), "{what}: {refused:?}");
            }
        }
    }
}

/// More files than are written to the disk one by one.
fn many() -> Place {
    let mut place = Place::new();
    for number in 0..40 {
        let (path, text) = (format!("many-{number}"), format!("new {number}"));
        for folder in ["folder", "after"] {
            let text = if folder == "after" { text.as_str() } else { "old" };
            fs::write(place.at(folder).join(&path), text).unwrap();
        }
        let mut side =
            |text: &str| Some(place.contents.add(text.as_bytes(), false, 0o644).unwrap());
        let (before, after) = (side("old"), side(&text));
        place.plan.files.push(PlannedFile { path: Name(path.into()), before, after });
    }
    place
}

#[test]
#[cfg(target_os = "linux")]
fn many_files_reach_the_disk_together_before_any_has_its_name() {
    let faults = Calls::new(usize::MAX, Fate::Old, false);
    let place = many();
    let disk = Disk::open(&place.at("folder"), &()).unwrap();
    if matches!(Flush::of(&disk, 40).unwrap(), Flush::Each) {
        return eprintln!("NOT RUN: files are written one by one in {:?}", place.root.path());
    }
    place.commit(&faults).unwrap();
    assert_eq!(files(&place.at("folder")), files(&place.at("after")));
    let names = faults.names.into_inner();
    let count = |name| names.iter().filter(|it| **it == name).count();
    // Those of the journal and of the folders.
    assert!(count("fsync") < 15, "{names:?}");
    let first = |name| names.iter().position(|it| *it == name).unwrap();
    let synced = first("syncfs");
    let last_write = names[..first("exchange")].iter().rposition(|it| *it == "chmod").unwrap();
    assert!(last_write < synced && synced < first("exchange"), "{names:?}");
    for fate in [Fate::Killed, Fate::Refused(rustix::io::Errno::IO)] {
        let place = many();
        let before = files(&place.at("folder"));
        place.commit(&Calls::new(synced, fate, false)).unwrap_err();
        place.recover(&()).unwrap();
        assert_eq!(files(&place.at("folder")), before);
    }
}

#[test]
fn a_journal_that_is_cut_anywhere_is_taken_back_or_finished() {
    let names = names(false);
    let lines = (2..names.len()).filter(|&at| names[at - 1..=at] == ["write", "fsync"]);
    let mut cut = 0;
    for at in lines {
        for left in (0..2000).step_by(37) {
            let place = Place::new();
            let _ = place.commit(&Calls::new(at, Fate::Killed, false));
            let state = place.at("state/commits");
            let journal = fs::read_dir(&state).unwrap().next().unwrap().unwrap().path();
            let text = fs::read(&journal).unwrap();
            // What was written before is on the disk; the last line is not yet.
            let lines = text.trim_ascii_end();
            let first = lines.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            if first + left >= text.len() {
                break;
            }
            fs::write(&journal, &text[..first + left]).unwrap();
            place.recover(&()).unwrap();
            assert!(!place.is_after(&format!("cut in call {at} at byte {left}")));
            cut += 1;
        }
    }
    assert!(cut > 10, "{cut}");
}

#[test]
fn what_somebody_else_changed_is_never_overwritten() {
    let place = Place::new();
    fs::write(place.at("folder/replaced"), "theirs").unwrap();
    fs::write(place.at("folder/new"), "theirs").unwrap();
    let error = place.commit(&()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.message().contains("replaced"), "{error}");
    assert_eq!(fs::read(place.at("folder/replaced")).unwrap(), b"theirs");
    assert_eq!(fs::read(place.at("folder/file")).unwrap(), b"old");
    // A folder that holds more than what goes does not become a file.
    let place = Place::new();
    fs::write(place.at("folder/folder/theirs"), "theirs").unwrap();
    assert_eq!(place.commit(&()).unwrap_err().kind(), ErrorKind::Conflict);
    // A link that took the place of a folder is not followed.
    let place = Place::new();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), place.at("folder/new")).unwrap();
    assert!(place.commit(&()).is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_change_in_the_last_moment_is_found() {
    /// Changes a file just before the names are swapped.
    struct LastMoment(PathBuf, Cell<bool>);
    impl Faults for LastMoment {
        fn before(&self, call: &'static str) -> io::Result<()> {
            if call == "exchange" && !self.1.replace(true) {
                fs::write(&self.0, "theirs, in the last moment").unwrap();
            }
            Ok(())
        }
    }
    let place = Place::new();
    let path = place.at("folder/replaced");
    let error = place.commit(&LastMoment(path.clone(), Cell::new(false))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"theirs, in the last moment");
    assert_eq!(fs::read(place.at("folder/file")).unwrap(), b"old");
    assert_eq!(fs::read_dir(place.at("state/commits")).unwrap().count(), 0);
}

#[test]
fn an_inverse_takes_a_plan_back() {
    let place = Place::new();
    let before = files(&place.at("folder"));
    place.commit(&()).unwrap();
    let publish = ("runs/1".to_owned(), "runs/2".to_owned());
    let (state, folder) = (place.at("state/commits"), place.at("folder"));
    let inverse = place.plan.clone().inverse();
    commit_with(&state, &folder, &inverse, &place.contents, publish, &()).unwrap();
    assert_eq!(files(&folder), before);
}

#[test]
fn attributes_stay() {
    use rustix::fs::XattrFlags;
    let place = Place::new();
    let file = File::options().write(true).open(place.at("folder/replaced")).unwrap();
    if rustix::fs::fsetxattr(&file, "user.note", b"kept", XattrFlags::empty()).is_err() {
        return eprintln!("this file system has no attributes: not tested");
    }
    place.commit(&()).unwrap();
    let file = File::open(place.at("folder/replaced")).unwrap();
    let mut value = [0; 16];
    let length = rustix::fs::fgetxattr(&file, "user.note", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"kept");
}
