//! The home folders: the user's own, which tools see as an almost empty one, and those
//! of others, which they do not see.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::below::is_below;
use crate::resolved;

/// The home folders of this machine, links resolved, each once.
#[derive(Debug, Default)]
pub(super) struct Homes {
    /// The user's: the one of the environment, which may be any folder or missing, and the one of
    /// the system's list of users.
    pub(super) own: Vec<PathBuf>,
    /// Those of other users.
    pub(super) others: Vec<PathBuf>,
    /// For root, the folders that services have for a home.
    pub(super) of_services: Vec<PathBuf>,
}

impl Homes {
    /// Those of the user of this process.
    pub(super) fn find() -> Self {
        let named = ["USER", "LOGNAME"].iter().filter_map(std::env::var_os);
        let named = named.map(|name| Path::new("/home").join(name));
        let uid = rustix::process::geteuid().as_raw();
        let listed = fs::read_dir("/home").into_iter().flatten().flatten().take(HOMES);
        let listed = listed.map(|entry| entry.path()).collect();
        let environment: Vec<PathBuf> = std::env::home_dir().into_iter().chain(named).collect();
        Self::of(&environment, &users(), listed, uid)
    }

    /// Those that `environment` names, the text of /etc/passwd, and the list of /home.
    fn of(environment: &[PathBuf], users: &str, listed: Vec<PathBuf>, uid: u32) -> Self {
        let canonical = |path: &Path| resolved::folder(path).filter(|path| !is_of_system(path));
        let mut homes = Self::default();
        // A variable may name the home of someone else; then both are the user's own.
        homes.own.extend(environment.iter().filter_map(|path| canonical(path)));
        for (id, path) in passwd(users) {
            let Some(path) = canonical(path) else { continue };
            match id {
                _ if id == uid => homes.own.push(path),
                0 | PEOPLE.. if id != NOBODY => homes.others.push(path),
                _ if uid == 0 => homes.of_services.push(path),
                _ => {}
            }
        }
        homes.others.extend(listed.iter().filter_map(|path| canonical(path)));
        let Self { own, others, of_services } = &mut homes;
        for list in [&mut *own, &mut *others, of_services] {
            list.sort_unstable();
            list.dedup();
        }
        // A home inside of another is part of it.
        own.dedup_by(|path, outer| path.starts_with(&*outer));
        // A folder that contains the user's own home is not itself a home.
        others.retain(|other| {
            !own.iter().any(|own| own.starts_with(other) || other.starts_with(own))
        });
        homes
    }
}

/// The text of the system's list of users, whose size is not trusted.
fn users() -> String {
    let mut users = String::with_capacity(4096);
    let read = fs::File::open("/etc/passwd")
        .and_then(|file| file.take(USERS_BYTES).read_to_string(&mut users));
    if read.is_err() {
        users.clear();
    }
    users
}

/// The ids and home folders of the users.
fn passwd(users: &str) -> impl Iterator<Item = (u32, &Path)> {
    let of_user = |line| {
        let mut fields = str::split(line, ':').skip(2);
        let (id, home) = (fields.next()?.parse().ok()?, Path::new(fields.nth(2)?));
        home.is_absolute().then_some((id, home))
    };
    users.lines().filter_map(of_user).take(HOMES)
}

/// Whether a folder belongs to the system, even if it is the home of a user.
pub(super) fn is_of_system(home: &Path) -> bool {
    const BELOW: [&str; 8] = ["/bin", "/dev", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"];
    const ITSELF: [&str; 15] = [
        "/", "/boot", "/data", "/etc", "/home", "/media", "/mnt", "/nix", "/opt", "/run", "/srv",
        "/tmp", "/var", "/var/lib", "/var/tmp",
    ];
    BELOW.iter().any(|folder| is_below(home, Path::new(folder)))
        || ITSELF.iter().any(|folder| home.as_os_str() == *folder)
}

/// The first id of a person, and the id of nobody.
const PEOPLE: u32 = 1000;
const NOBODY: u32 = 65534;

/// More users than a workstation has.
const HOMES: usize = 500;
const USERS_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_does_not_choose_whose_home_is_hidden() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        for name in ["root", "ann", "ann2", "bob", "http", "listed", "other"] {
            fs::create_dir(top.join(name)).unwrap();
        }
        let at = |name: &str| top.join(name);
        let line =
            |id: u32, name: &str| format!("{name}:x:{id}:{id}::{}:/bin/sh\n", at(name).display());
        let users = [line(0, "root"), line(1000, "ann"), "bad\n".to_owned(), line(1000, "ann2")];
        let users =
            users.concat() + &line(1001, "bob") + &line(33, "http") + "n:x:7:7::/usr:/bin/sh\n";
        let listed = || vec![at("listed"), at("ann")];
        let of = |environment: &[PathBuf], uid| Homes::of(environment, &users, listed(), uid);
        for environment in [vec![], vec!["/".into()], vec!["/nonexistent".into()]] {
            let homes = of(&environment, 1000);
            assert_eq!(homes.own, [at("ann"), at("ann2")]);
            assert_eq!(homes.others, [at("bob"), at("listed"), at("root")]);
            assert!(homes.of_services.is_empty());
        }
        let homes = of(&[at("other")], 0);
        assert_eq!(homes.own, [at("other"), at("root")]);
        assert_eq!(homes.others, [at("ann"), at("ann2"), at("bob"), at("listed")]);
        assert_eq!(homes.of_services, [at("http")]);
        // A home that holds others is not hidden as one of theirs.
        let homes = Homes::of(&[at("other")], "", vec![top.clone()], 1000);
        assert!(homes.others.is_empty());
    }
}
