//! The files that a rule is about, found by listing folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// The folder that a pattern of paths begins at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The folder of the project.
    Project,
    /// The root of the file system: `//srv/keys`.
    Root,
    /// The home folder: `~/keys`.
    Home,
}

/// An entry of a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// Whether it is a folder, and not a link to one.
    pub is_folder: bool,
}

/// A pattern of paths, as a rule has it.
#[derive(Clone, Copy, Debug)]
pub struct PathPattern<'a> {
    pub(crate) base: Base,
    pub(crate) names: &'a [String],
}

impl PathPattern<'_> {
    /// The folder that it begins at.
    #[must_use]
    pub const fn base(&self) -> Base {
        self.base
    }

    /// The paths from the base that it matches, a folder without those below it. `list` returns the
    /// entries of a folder, whose path is empty for the base, and none for anything else.
    ///
    /// A pattern that matches everything in a folder (`keys/**`) matches the folder itself.
    /// Repositories (`.git`) are searched only by name.
    pub fn expand(&self, list: &mut dyn FnMut(&Path) -> Vec<Entry>) -> Vec<PathBuf> {
        let names: Vec<Name<'_>> = self.names.iter().map(|name| Name::of(name)).collect();
        let mut found = Vec::new();
        below(Path::new(""), &names, list, &mut found);
        found.sort_unstable();
        found.dedup_by(|path, outer| path.starts_with(&*outer));
        found
    }
}

enum Name<'a> {
    Text(&'a str),
    Pattern(GlobMatcher),
    /// `**`
    AnyFolders,
}

impl<'a> Name<'a> {
    fn of(name: &'a str) -> Self {
        let glob = || GlobBuilder::new(name).literal_separator(true).build().ok();
        match name {
            "**" => Self::AnyFolders,
            _ if has_pattern(name) => {
                glob().map_or(Self::Text(name), |glob| Self::Pattern(glob.compile_matcher()))
            }
            _ => Self::Text(name),
        }
    }
}

fn below(
    folder: &Path,
    names: &[Name<'_>],
    list: &mut dyn FnMut(&Path) -> Vec<Entry>,
    found: &mut Vec<PathBuf>,
) {
    let Some((first, rest)) = names.split_first() else { return };
    let is_base = folder.as_os_str().is_empty();
    let is_all = matches!(first, Name::AnyFolders) && rest.is_empty();
    if is_all && !is_base {
        found.push(folder.to_owned());
        return;
    }
    if matches!(first, Name::AnyFolders) {
        below(folder, rest, list, found);
    }
    for entry in list(folder) {
        let is_match = match first {
            Name::Text(text) => *text == entry.name,
            Name::Pattern(glob) => glob.is_match(&entry.name),
            Name::AnyFolders => is_all || entry.is_folder && entry.name != ".git",
        };
        if !is_match {
            continue;
        }
        let path = folder.join(&entry.name);
        match first {
            Name::AnyFolders if is_all => found.push(path),
            Name::AnyFolders => below(&path, names, list, found),
            _ if rest.is_empty() => found.push(path),
            _ if entry.is_folder => below(&path, rest, list, found),
            _ => {}
        }
    }
}

/// Whether a name stands for more than one.
pub(crate) fn has_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rule;

    const FILES: [&str; 9] = [
        "secrets/a",
        "secrets/deep/b",
        "src/main.rs",
        "src/key.pem",
        "src/deep/key.pem",
        ".env",
        "app/.env",
        ".git/key.pem",
        "secretsbox/c",
    ];

    fn list(folder: &Path) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for inside in FILES.iter().filter_map(|file| Path::new(file).strip_prefix(folder).ok()) {
            let mut names = inside.iter();
            let Some(name) = names.next() else { continue };
            let entry = Entry { name: name.to_owned(), is_folder: names.next().is_some() };
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        entries
    }

    #[test]
    fn a_pattern_finds_its_files_and_whole_folders_as_one() {
        let cases: &[(&str, &[&str])] = &[
            ("Read(./secrets/**)", &["secrets"]),
            ("Read(secrets/*)", &["secrets/a", "secrets/deep"]),
            ("Read(./secrets)", &["secrets"]),
            ("Read(*.pem)", &["src/deep/key.pem", "src/key.pem"]),
            ("Read(src/*.pem)", &["src/key.pem"]),
            ("Read(.env)", &[".env", "app/.env"]),
            ("Read(./.env)", &[".env"]),
            ("Read(**/deep/**)", &["secrets/deep", "src/deep"]),
            ("Read({src,app}/**)", &["app", "src"]),
            ("Read(s*/a)", &["secrets/a"]),
            ("Read(./missing/**)", &[]),
            ("Read(src/main.rs/x)", &[]),
            ("Read(./**)", &[".env", ".git", "app", "secrets", "secretsbox", "src"]),
        ];
        for (rule, wanted) in cases {
            let rule = Rule::parse(rule).unwrap();
            let pattern = rule.paths("read").unwrap();
            assert_eq!(pattern.base(), Base::Project, "{rule}");
            let wanted: Vec<&Path> = wanted.iter().map(Path::new).collect();
            assert_eq!(pattern.expand(&mut list), wanted, "{rule}");
        }
    }

    #[test]
    fn the_base_is_as_the_rule_says() {
        let base =
            |rule: &str, tool: &str| Rule::parse(rule).unwrap().paths(tool).map(|it| it.base());
        assert_eq!(base("Read(//srv/keys/**)", "read"), Some(Base::Root));
        assert_eq!(base("Read(~/keys/**)", "read"), Some(Base::Home));
        assert_eq!(base("Read(/keys)", "read"), Some(Base::Project));
        assert_eq!(base("Edit(./keys/**)", "read"), None);
        assert_eq!(base("Read", "read"), None);
        assert_eq!(base("Bash(cat:*)", "read"), None);
        let home = Rule::parse("Read(~/secrets/**)").unwrap();
        assert_eq!(home.paths("read").unwrap().expand(&mut list), [Path::new("secrets")]);
    }
}
