//! What tools see of the home folder: toolchains, and the caches that builds read.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::below::is_below;
use super::credentials;
use crate::resolved;

/// The visible parts of a home folder. Writes to them are private, like those to the project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Folders, by their own paths.
    pub(super) folders: Vec<PathBuf>,
    /// Links that lead to them, and where to.
    pub(super) links: Vec<(PathBuf, PathBuf)>,
}

/// Paths that builds need, below the home folder. None of them holds credentials.
const IN_HOME: &[&str] = &[
    ".asdf",
    ".bun/bin",
    ".bun/install",
    ".cabal/bin",
    ".cabal/packages",
    ".cabal/store",
    ".cache/Cypress",
    ".cache/bazelisk",
    ".cache/ccache",
    ".cache/coursier",
    ".cache/deno",
    ".cache/go-build",
    ".cache/golangci-lint",
    ".cache/mise",
    ".cache/ms-playwright",
    ".cache/node",
    ".cache/node-gyp",
    ".cache/pip",
    ".cache/pnpm",
    ".cache/pre-commit",
    ".cache/pypoetry",
    ".cache/sccache",
    ".cache/uv",
    ".cache/yarn",
    ".cache/zig",
    ".cargo/bin",
    ".cargo/git",
    ".cargo/registry",
    ".ccache",
    ".conan/data",
    ".conda/envs",
    ".conda/pkgs",
    ".deno",
    ".dotnet",
    ".elan",
    ".fnm",
    ".gem/ruby",
    ".ghcup",
    ".gradle/caches",
    ".gradle/jdks",
    ".gradle/native",
    ".gradle/wrapper",
    ".hex/packages",
    ".ivy2/cache",
    ".jdks",
    ".juliaup",
    ".local/bin",
    ".local/lib",
    ".local/pipx",
    ".local/share/fnm",
    ".local/share/gem",
    ".local/share/mise",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/uv",
    ".local/share/virtualenvs",
    ".local/state/fnm_multishells",
    ".local/state/nix/profiles",
    ".m2/repository",
    ".m2/wrapper",
    ".mix",
    ".nix-profile",
    ".node-gyp",
    ".npm-global",
    ".npm/_cacache",
    ".npm/_npx",
    ".nuget/packages",
    ".nvm",
    ".opam",
    ".pnpm-store",
    ".poetry",
    ".pub-cache/bin",
    ".pub-cache/hosted",
    ".pyenv",
    ".rbenv",
    ".rustup",
    ".rvm",
    ".sbt/boot",
    ".sdkman",
    ".stack",
    ".virtualenvs",
    ".volta",
    ".yarn/berry",
    ".yarn/bin",
    "Android/Sdk",
    "anaconda3",
    "flutter",
    "go/bin",
    "go/pkg",
    "mambaforge",
    "miniconda3",
    "miniforge3",
    "sdk",
];

/// Variables that name such a place, and the visible parts of it; empty means all.
const VARIABLES: &[(&str, &[&str])] = &[
    ("ANDROID_HOME", &[]),
    ("ANDROID_NDK_HOME", &[]),
    ("ANDROID_SDK_ROOT", &[]),
    ("BUN_INSTALL", &["bin", "install"]),
    ("CARGO_HOME", &["bin", "git", "registry"]),
    ("CARGO_TARGET_DIR", &[]),
    ("CCACHE_DIR", &[]),
    ("CONDA_PREFIX", &[]),
    ("DENO_DIR", &[]),
    ("DOTNET_ROOT", &[]),
    ("FNM_DIR", &[]),
    ("GEM_HOME", &[]),
    ("GOBIN", &[]),
    ("GOCACHE", &[]),
    ("GOMODCACHE", &[]),
    ("GOPATH", &["bin", "pkg"]),
    ("GOROOT", &[]),
    ("GRADLE_HOME", &[]),
    ("GRADLE_USER_HOME", &["caches", "jdks", "native", "wrapper"]),
    ("JAVA_HOME", &[]),
    ("JDK_HOME", &[]),
    ("M2_HOME", &[]),
    ("MAVEN_HOME", &[]),
    ("NUGET_PACKAGES", &[]),
    ("NVM_DIR", &[]),
    ("OPAMROOT", &[]),
    ("PNPM_HOME", &[]),
    ("POETRY_HOME", &[]),
    ("PYENV_ROOT", &[]),
    ("PYTHONUSERBASE", &["bin", "lib"]),
    ("RBENV_ROOT", &[]),
    ("RUSTUP_HOME", &[]),
    ("SCCACHE_DIR", &[]),
    ("UV_CACHE_DIR", &[]),
    ("UV_PYTHON_INSTALL_DIR", &[]),
    ("UV_TOOL_DIR", &[]),
    ("VIRTUAL_ENV", &[]),
    ("VOLTA_HOME", &[]),
    ("XDG_CACHE_HOME", &["ccache", "go-build", "mise", "node-gyp", "pip", "pnpm", "uv", "yarn"]),
    ("XDG_DATA_HOME", &["fnm", "mise", "pipx", "pnpm", "uv"]),
];

/// The visible parts of `home`, one of the user's `homes`.
pub(super) fn shown(home: &Path, homes: &[PathBuf]) -> Shown {
    let environment = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    // Most of these do not exist, which one listing shows.
    let entries = fs::read_dir(home).ok();
    let listed: Option<Vec<_>> =
        entries.map(|entries| entries.flatten().map(|entry| entry.file_name()).collect());
    let may_be_there = |name: &&&str| {
        let first = name.split_once('/').map_or(**name, |(first, _)| first);
        listed.as_ref().is_none_or(|listed| listed.iter().any(|name| name == first))
    };
    let in_home = IN_HOME.iter().filter(may_be_there);
    let mut places: Vec<PathBuf> = in_home.map(|name| home.join(name)).collect();
    places.extend(named(&environment).into_iter().filter(|place| is_below(place, home)));
    places.extend(programs(&environment("PATH").unwrap_or_default(), home, homes));
    places.sort_unstable();
    places.dedup();
    let mut shown = Shown::default();
    for place in &places {
        shown.add(home, homes, place);
    }
    shown.folders.sort_unstable();
    shown.folders.dedup_by(|path, outer| path.starts_with(&*outer));
    shown.links.sort_unstable();
    shown.links.dedup();
    shown
}

impl Shown {
    /// Shows `place`; if links lead to it, also the links and their targets.
    fn add(&mut self, home: &Path, homes: &[PathBuf], place: &Path) {
        let Some(target) = resolved::folder(place) else { return };
        let is_shown = |path: &Path| {
            let inside = |home: &PathBuf| path.starts_with(home) && path != home;
            homes.iter().any(inside) && !credentials::meet(path, homes)
        };
        let is_in_home = homes.iter().any(|home| target.starts_with(home));
        if is_in_home && !is_shown(&target) {
            return;
        }
        if target != place {
            match first_link(home, place) {
                Some((link, to)) if !credentials::meet(&link, homes) => self.links.push((link, to)),
                _ => return,
            }
        }
        if is_in_home {
            self.folders.push(target);
        }
    }
}

/// The first link on the way from `home` to `place`, and where it leads to.
fn first_link(home: &Path, place: &Path) -> Option<(PathBuf, PathBuf)> {
    let mut at = home.to_owned();
    for part in place.strip_prefix(home).ok()?.components() {
        at.push(part);
        if fs::symlink_metadata(&at).ok()?.is_symlink() {
            let to = fs::canonicalize(&at).ok()?;
            return Some((at, to));
        }
    }
    None
}

/// The places that variables name.
fn named(environment: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for (name, parts) in VARIABLES {
        let Some(value) = environment(name) else { continue };
        for path in std::env::split_paths(&value).filter(|path| path.is_absolute()) {
            let Some(path) = tidy(&path) else { continue };
            match parts {
                [] => places.push(path),
                parts => places.extend(parts.iter().map(|part| path.join(part))),
            }
        }
    }
    places
}

/// The folders of PATH in `home`, and the files that their programs need.
fn programs(path: &OsStr, home: &Path, homes: &[PathBuf]) -> Vec<PathBuf> {
    let mut places = Vec::new();
    for folder in std::env::split_paths(path).filter(|folder| folder.starts_with(home)) {
        let Some(folder) = tidy(&folder) else { continue };
        let parent = folder.parent().unwrap_or(&folder);
        let has = |name: &str| parent.join(name).is_dir();
        let is_installed = folder.file_name() == Some("bin".as_ref())
            && (has("lib") || has("libexec"))
            && !parent.ends_with(".local")
            && !homes.iter().any(|home| home.starts_with(parent));
        places.push(if is_installed { parent.to_owned() } else { folder.clone() });
    }
    places
}

/// A path without `.`; `None` if it has `..`, whose meaning depends on links.
fn tidy(path: &Path) -> Option<PathBuf> {
    let plain = path.components().all(|part| part != Component::ParentDir);
    plain.then(|| path.components().filter(|part| *part != Component::CurDir).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_place_holds_credentials() {
        let home = Path::new("/home/ann");
        for name in IN_HOME {
            assert!(!credentials::meet(&home.join(name), &[home.to_owned()]), "{name}");
        }
    }

    #[test]
    fn toolchains_are_shown_through_links_and_credentials_are_not() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        let home = top.join("home");
        for name in [".cargo/bin", ".real/rustup", ".aws", "tools/x/bin", "tools/x/lib", ".config"]
        {
            fs::create_dir_all(home.join(name)).unwrap();
        }
        fs::create_dir_all(top.join("elsewhere/npm/_cacache")).unwrap();
        symlink(home.join(".real/rustup"), home.join(".rustup")).unwrap();
        symlink(top.join("elsewhere/npm"), home.join(".npm")).unwrap();
        symlink(home.join(".aws"), home.join(".volta")).unwrap();
        symlink(&home, home.join(".pyenv")).unwrap();
        let homes = [home.clone()];
        let shown = shown(&home, &homes);
        assert_eq!(shown.folders, [home.join(".cargo/bin"), home.join(".real/rustup")]);
        let link = |at: &str, to: PathBuf| (home.join(at), to);
        assert_eq!(
            shown.links,
            [link(".npm", top.join("elsewhere/npm")), link(".rustup", home.join(".real/rustup")),]
        );
        let path =
            |names: &[&str]| std::env::join_paths(names.iter().map(|it| home.join(it))).unwrap();
        let found = programs(&path(&["tools/x/bin", "", "../home/.aws"]), &home, &homes);
        assert_eq!(found, [home.join("tools/x"), home.clone()]);
    }
}
