//! Settings of the user that tools need, without the credentials in the same files.
//!
//! Each file is copied by an allow list, because the names of secrets are unlimited. Settings with
//! which git would run a program with the user's keys, such as signing, do not pass either.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Writes the settings of `home` to the folder `private`, which becomes the home of the tools.
///
/// # Errors
/// If the disk refuses. A file that cannot be read counts as missing.
pub(super) fn copy(home: &Path, private: &Path) -> io::Result<()> {
    for name in OF_GIT {
        let Some(text) = read(&home.join(name)) else { continue };
        let kept = git(&text);
        for path in files_of_git(&kept, home) {
            if let Some(text) = read(&home.join(&path)) {
                write(private, &path, &text)?;
            }
        }
        write(private, Path::new(name), &kept)?;
    }
    for (name, filter) in [
        (".config/git/ignore", all as fn(&str) -> String),
        (".config/git/attributes", all),
        (".cargo/config.toml", cargo),
        (".cargo/config", cargo),
        (".npmrc", npm),
        (".tool-versions", versions),
    ] {
        let Some(text) = read(&home.join(name)) else { continue };
        write(private, Path::new(name), &filter(&text))?;
    }
    Ok(())
}

/// Whether settings of git in the folder `private` name a filter, in a line of their own.
pub(super) fn names_filters(private: &Path) -> bool {
    let texts = OF_GIT.iter().filter_map(|name| read(&private.join(name)));
    { texts }.any(|text| text.lines().any(|line| line.trim_start().starts_with("[filter")))
}

fn all(text: &str) -> String {
    text.to_owned()
}

/// A text file of a size that settings have.
fn read(path: &Path) -> Option<String> {
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    let metadata = file.metadata().ok().filter(|metadata| metadata.is_file())?;
    // One more byte than it has, so that one read finds its end.
    let mut text = String::with_capacity(metadata.len().min(BYTES) as usize + 1);
    file.take(BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

fn write(private: &Path, name: &Path, text: &str) -> io::Result<()> {
    let path = private.join(name);
    if let Some(folder) = path.parent().filter(|folder| *folder != private) {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// Whether a URL in the text holds a user or a password.
fn holds_credentials(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let end = rest.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(rest.len());
        rest.get(..end).is_some_and(|authority| authority.contains('@'))
    })
}

/// The sections of git's settings in which no key has a credential, nor runs a program on the way
/// to one.
const GIT: &[&str] = &[
    "add",
    "advice",
    "alias",
    "am",
    "apply",
    "blame",
    "branch",
    "checkout",
    "clean",
    "color",
    "column",
    "commit",
    "core",
    "diff",
    "difftool",
    "fetch",
    "filter",
    "format",
    "gc",
    "grep",
    "help",
    "i18n",
    "index",
    "init",
    "interactive",
    "log",
    "merge",
    "mergetool",
    "notes",
    "pack",
    "pager",
    "pull",
    "push",
    "rebase",
    "receive",
    "rerere",
    "safe",
    "sequence",
    "showbranch",
    "stash",
    "status",
    "submodule",
    "tag",
    "trailer",
    "transfer",
    "url",
    "user",
    "versionsort",
];

/// Keys in these sections that do not pass, in lower case.
const GIT_KEYS: &[&str] = &[
    "askpass",
    "fsmonitor",
    "gpgsign",
    "hookspath",
    "signingkey",
    "sshcommand",
    "forcesignannotated",
];

/// git's settings without credentials.
fn git(text: &str) -> String {
    let mut kept = String::new();
    let (mut passes, mut keeps_line) = (false, false);
    let mut continues = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if !continues && trimmed.starts_with('[') {
            let name = trimmed.trim_start_matches('[');
            let end = name.find([' ', '\t', ']', '.', '"']).unwrap_or(name.len());
            let section = name.get(..end).unwrap_or_default().to_ascii_lowercase();
            // A key may follow the bracket on the same line.
            let is_plain = trimmed.ends_with(']');
            passes = GIT.contains(&section.as_str()) && is_plain && !holds_credentials(trimmed);
            keeps_line = passes;
        } else if !continues {
            let key = trimmed.split(['=', ' ', '\t']).next().unwrap_or_default();
            let key = key.to_ascii_lowercase();
            keeps_line = passes && !GIT_KEYS.contains(&key.as_str()) && !holds_credentials(trimmed);
        }
        continues = trimmed.ends_with('\\');
        if keeps_line {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// The files below `home` that git's settings name, as paths from there.
fn files_of_git(text: &str, home: &Path) -> Vec<PathBuf> {
    let keys = ["excludesfile", "attributesfile", "template"];
    let named = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        let is_file = keys.contains(&key.trim().to_ascii_lowercase().as_str());
        let value = value.trim().trim_matches('"');
        let path = match value.strip_prefix("~/") {
            Some(below) => PathBuf::from(below),
            None => Path::new(value).strip_prefix(home).ok()?.to_owned(),
        };
        let is_below = path.components().all(|it| matches!(it, std::path::Component::Normal(_)));
        (is_file && is_below && !path.as_os_str().is_empty()).then_some(path)
    });
    named.filter(|path| !super::credentials::meet(&home.join(path), &[home.to_owned()])).collect()
}

/// Cargo's settings without credentials: its tables of builds, and where registries are.
fn cargo(text: &str) -> String {
    let Ok(mut table) = text.parse::<toml::Table>() else { return String::new() };
    table.retain(|name, _| CARGO.contains(&name));
    if let Some(toml::Value::Table(registries)) = table.get_mut("registries") {
        for (_, registry) in registries {
            if let toml::Value::Table(registry) = registry {
                registry.retain(|key, _| ["index", "protocol"].contains(&key));
            }
        }
    }
    table.retain(|_, value| without_credentials(value));
    toml::to_string(&table).unwrap_or_default()
}

/// The tables of Cargo's settings in which no key has a credential.
const CARGO: &[&str] =
    &["alias", "build", "net", "patch", "profile", "registries", "source", "target", "unstable"];

/// Takes URLs with credentials out of a value; whether the value itself may stay.
fn without_credentials(value: &mut toml::Value) -> bool {
    match value {
        toml::Value::String(text) => return !holds_credentials(text),
        toml::Value::Array(values) => values.retain_mut(without_credentials),
        toml::Value::Table(table) => table.retain(|_, value| without_credentials(value)),
        _ => {}
    }
    true
}

/// npm's settings of these names, and where the packages of a scope are.
fn npm(text: &str) -> String {
    const KEYS: &[&str] = &[
        "audit",
        "cache",
        "engine-strict",
        "fund",
        "install-links",
        "legacy-peer-deps",
        "node-linker",
        "offline",
        "prefer-offline",
        "prefix",
        "registry",
        "save-exact",
        "save-prefix",
        "shamefully-hoist",
        "store-dir",
        "strict-peer-dependencies",
        "update-notifier",
    ];
    lines(text, |line| {
        let key = line.split('=').next().unwrap_or_default().trim();
        let is_scope = key.starts_with('@') && key.ends_with(":registry");
        (is_scope || KEYS.contains(&key)) && line.contains('=')
    })
}

/// Lines of a tool and its versions.
fn versions(text: &str) -> String {
    lines(text, |line| {
        let mut words = line.split_whitespace();
        let plain = |word: &str| {
            word.len() < 64
                && word.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.:/".contains(&it))
        };
        line.split_whitespace().count() > 1 && words.all(plain)
    })
}

/// The lines that pass and hold no credentials.
fn lines(text: &str, passes: impl Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    for line in text.lines().filter(|line| passes(line) && !holds_credentials(line)) {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// The files of git's settings in a home folder.
const OF_GIT: [&str; 2] = [".gitconfig", ".config/git/config"];

/// More than any settings have.
const BYTES: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_git_pass_without_credentials() {
        let text = "[user]\n\tname = Ann\n\tsigningkey = SECRET\n[credential]\n\thelper = SECRET\n\
            [credential \"https://a.test\"]\n\tusername = SECRET\n[core]\n\tautocrlf = input\n\
            \tsshCommand = ssh -i SECRET\n\texcludesFile = ~/.ignored\n[commit]\n\tgpgSign = true\n\
            [http]\n\textraHeader = SECRET\n[http \"https://b\"]\n\tcookieFile = SECRET\n\
            [url \"https://SECRET:x@c.test/\"]\n\tinsteadOf = SECRET\n\
            [url \"https://d.test/\"]\n\tinsteadOf = d:\n[alias]\n\tl = log \\\n  --oneline\n\
            [sendemail]\n\tsmtpPass = SECRET\n[github]\n\ttoken = SECRET\n[filter \"lfs\"]\n\
            \tclean = git-lfs clean -- %f\n[credential] helper = SECRET\n[user] email = SECRET\n";
        let kept = git(text);
        assert!(!kept.contains("SECRET") && !kept.to_lowercase().contains("gpgsign"), "{kept}");
        for part in
            ["name = Ann", "autocrlf", "insteadOf = d:", "log \\\n  --oneline", "git-lfs clean"]
        {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        let home = Path::new("/home/ann");
        assert_eq!(files_of_git(&kept, home), [Path::new(".ignored")]);
        for value in ["~/.ssh/id", "~/../x", "/etc/passwd", "/home/ann/.netrc", "/home/ann"] {
            let text = format!("excludesfile = {value}");
            assert!(files_of_git(&text, home).is_empty(), "{value}");
        }
    }

    #[test]
    fn settings_of_cargo_npm_and_version_managers_pass_without_credentials() {
        let kept = cargo(
            "[build]\njobs = 2\n[registry]\ntoken = 'SECRET'\n[registries.a]\nindex = 'https://a'\n\
             token = 'SECRET'\n[source.b]\nregistry = 'https://SECRET@b.test/x'\n\
             directory = '/v'\n[env]\nKEY = 'SECRET'\n[http]\nproxy = 'SECRET'\n",
        );
        assert!(!kept.contains("SECRET"), "{kept}");
        for part in ["jobs = 2", "https://a", "directory"] {
            assert!(kept.contains(part), "{part}: {kept}");
        }
        assert_eq!(cargo("no settings"), "");
        let text = "registry=https://r.test/\n//r.test/:_authToken=SECRET\n_auth=SECRET\n\
                    @s:registry=https://s.test\n@t:registry=https://u:SECRET@t.test\nSECRET\n";
        assert_eq!(npm(text), "registry=https://r.test/\n@s:registry=https://s.test\n");
        assert_eq!(versions("node 22.1.0 20\nSECRET\ntoken=SECRET x\n"), "node 22.1.0 20\n");
    }

    #[test]
    fn only_small_files_are_copied() {
        let (home, private) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| home.path().join(name);
        rustix::fs::mkfifoat(rustix::fs::CWD, at(".npmrc"), rustix::fs::Mode::RWXU).unwrap();
        fs::create_dir_all(at(".config/git/config")).unwrap();
        fs::write(at(".gitconfig"), "[core]\nexcludesfile = ~/own\n").unwrap();
        fs::write(at("own"), "*.log").unwrap();
        copy(home.path(), private.path()).unwrap();
        let read = |name: &str| fs::read_to_string(private.path().join(name)).unwrap();
        assert_eq!(read("own"), "*.log");
        assert_eq!(read(".gitconfig"), "[core]\nexcludesfile = ~/own\n");
        assert_eq!(fs::read_dir(private.path()).unwrap().count(), 2);
    }
}
