//! Contents as git stores them: after its filters, without its line ends, with its ids.
//!
//! `git apply --index` compares a patch with what the index has, so both sides of the patch are
//! made canonical by git itself, in the sandbox, on copies of the changed files.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::io::{self, Read, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::index::{Index, Settings};
use super::judge::Judge;
use super::repository::Checkout;
use crate::patch::stored::{Store, Stored};
use crate::patch::tree::Tree;
use crate::patch::{Changes, write_quoted};

/// The inputs for git.
pub(super) struct Canonical<'a> {
    pub(super) judge: &'a Judge,
    pub(super) checkout: &'a Checkout,
    pub(super) prefix: &'a [u8],
    pub(super) settings: &'a Settings,
    pub(super) index: &'a Index,
}

/// The two sides of a patch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Canonical<'_> {
    /// Whether a filter, an attribute or a kind of id may make a difference.
    pub(super) fn is_needed(&self, paths: &[&[u8]], trees: [&Tree; 2]) -> bool {
        let of_system = Path::new("/etc/gitattributes").exists();
        let config = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let config = config.or_else(|| Some(std::env::home_dir()?.join(".config")));
        let of_user = config.is_some_and(|config| config.join("git/attributes").exists());
        let of_repository = self.checkout.common.join("info/attributes").exists();
        let above = self.attributes_above().next().is_some();
        let inside = || {
            let there = |path: &Vec<u8>| {
                trees.iter().any(|tree| tree.stat(path).is_ok_and(|stat| stat.is_some()))
            };
            attribute_files(paths).iter().any(there)
        };
        self.settings.converts
            || self.settings.long_ids
            || of_system
            || of_user
            || of_repository
            || above
            || inside()
    }

    /// Gives both sides of all `changes` the content and the id that git has for them.
    ///
    /// # Errors
    /// When git refuses, or a file cannot be read.
    pub(super) fn apply(
        &self,
        changes: &mut Changes,
        trees: [&Tree; 2],
        store: &mut Store,
    ) -> io::Result<()> {
        let objects = self.judge.temporary().join("objects");
        fs::create_dir_all(&objects)?;
        let mut wanted = Vec::new();
        let mut sides: Vec<(usize, Side, String)> = Vec::new();
        let mut unconverted = HashSet::new();
        for (side, tree) in [Side::Before, Side::After].into_iter().zip(trees) {
            for (index, raw, id) in self.ids(changes, side, tree)? {
                let change = changes.files().get(index);
                let tracked = change.and_then(|change| self.index.file(change.path()));
                // It was committed unchanged, whatever its attributes, and stays that way.
                if side == Side::Before
                    && tracked.is_some_and(|entry| entry.id == raw && entry.id != id)
                {
                    unconverted.insert(index);
                }
                let id = if unconverted.contains(&index) { raw.clone() } else { id };
                if id != raw {
                    wanted.push(id.clone());
                }
                sides.push((index, side, id));
            }
        }
        let contents = self.contents(&wanted, store)?;
        for (index, side, id) in sides {
            let Some(change) = changes.files_mut().get_mut(index) else { continue };
            let (before, after) = change.sides_mut();
            let entry = if side == Side::Before { before } else { after };
            *entry = entry.take().map(|entry| match contents.get(&id) {
                Some(stored) => entry.with_content(stored.clone()).with_id(&id),
                None => entry.with_id(&id),
            });
        }
        Ok(())
    }

    /// For each file of one side: its index, the id of its bytes, and the id that git gives it.
    fn ids(
        &self,
        changes: &Changes,
        side: Side,
        tree: &Tree,
    ) -> io::Result<Vec<(usize, String, String)>> {
        let name = if side == Side::Before { "before" } else { "after" };
        let folder = self.judge.temporary().join(name);
        let mut paths = Vec::new();
        let mut indices = Vec::new();
        let mut changed = Vec::new();
        for (index, change) in changes.files().iter().enumerate() {
            changed.push(change.path());
            let (before, after) = change.sides();
            let Some(entry) = (if side == Side::Before { before } else { after }) else { continue };
            if entry.id().is_some() {
                continue;
            }
            let path = [self.prefix, change.path()].concat();
            let content: Box<dyn Read> = match side {
                Side::Before => Box::new(changes.read_before(change)?),
                Side::After => Box::new(changes.read_after(change)?),
            };
            // A link has no filter; its target is stored as a file without attributes.
            let is_link = entry.is_link();
            let path = if is_link { format!(".link-{index}").into_bytes() } else { path };
            write(&folder.join(os(&path)), content)?;
            paths.push((path, is_link));
            indices.push(index);
        }
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        for path in attribute_files(&changed) {
            if let Ok(file) = tree.file(&path) {
                write(&folder.join(os(&[self.prefix, &path].concat())), file)?;
            }
        }
        for (path, at) in self.attributes_above() {
            write(&folder.join(path), fs::File::open(at)?)?;
        }
        let mut input = Vec::new();
        for (path, _) in &paths {
            write_quoted(path, &mut input)?;
            input.push(b'\n');
        }
        let raw = self.hash(name, &input, &["hash-object", "--no-filters", "--stdin-paths"])?;
        let ids = self.hash(name, &input, &["hash-object", "-w", "--stdin-paths"])?;
        if raw.len() != indices.len() || ids.len() != indices.len() {
            return Err(io::Error::other("git names too few ids"));
        }
        let ids = raw.into_iter().zip(ids).zip(&paths).map(|((raw, id), (_, is_link))| {
            let id = if *is_link { raw.clone() } else { id };
            (raw, id)
        });
        Ok(indices.into_iter().zip(ids).map(|(index, (raw, id))| (index, raw, id)).collect())
    }

    /// Runs git on the files in `folder`.
    fn hash(&self, folder: &str, input: &[u8], args: &[&str]) -> io::Result<Vec<String>> {
        let work = format!("/tmp/{folder}");
        let said = self.git(Path::new(&work), Some(&work), args, input)?;
        let lines = String::from_utf8_lossy(&said);
        Ok(lines.lines().map(str::to_owned).collect())
    }

    fn git(
        &self,
        dir: &Path,
        work: Option<&str>,
        args: &[&str],
        input: &[u8],
    ) -> io::Result<Vec<u8>> {
        let git = self.checkout.top.join(".git");
        let objects = self.checkout.common.join("objects");
        let (git, objects) = (git.to_string_lossy(), objects.to_string_lossy());
        let mut env = vec![
            ("GIT_DIR", git.as_ref()),
            ("GIT_OBJECT_DIRECTORY", "/tmp/objects"),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects.as_ref()),
        ];
        env.extend(work.map(|work| ("GIT_WORK_TREE", work)));
        let said = self.judge.git(dir, &env, args, input)?;
        if said.success { Ok(said.out) } else { Err(io::Error::other(said.errors)) }
    }

    /// The contents of the blobs `ids`.
    ///
    /// # Errors
    /// When git has not all of them.
    pub(super) fn contents(
        &self,
        ids: &[String],
        store: &mut Store,
    ) -> io::Result<HashMap<String, Stored>> {
        let mut contents = HashMap::new();
        if ids.is_empty() {
            return Ok(contents);
        }
        fs::create_dir_all(self.judge.temporary().join("objects"))?;
        let input = ids.join("\n") + "\n";
        let out = self.git(Path::new("/tmp"), None, &["cat-file", "--batch"], input.as_bytes())?;
        let mut rest = out.as_slice();
        for id in ids {
            let cut = || io::Error::other(format!("git has no blob {id}"));
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(cut)?;
            let head = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
            let mut fields = head.split(' ').skip(1);
            let size = match (fields.next(), fields.next().map(str::parse::<usize>)) {
                (Some("blob"), Some(Ok(size))) => size,
                _ => return Err(cut()),
            };
            let mut content = rest.get(end + 1..end + 1 + size).ok_or_else(cut)?;
            let place = store.add(&mut content)?;
            contents.insert(id.clone(), store.stored(place));
            rest = rest.get(end + 2 + size..).unwrap_or_default();
        }
        Ok(contents)
    }

    /// The attribute files of the checkout outside of the folder of the run: name and place.
    fn attributes_above(&self) -> impl Iterator<Item = (PathBuf, PathBuf)> {
        let below = os(self.prefix).to_owned();
        let top = self.checkout.top.clone();
        let names = below.ancestors().skip(1).map(|at| at.join(".gitattributes"));
        let names: Vec<_> = if self.prefix.is_empty() { Vec::new() } else { names.collect() };
        names
            .into_iter()
            .map(move |name| (name.clone(), top.join(name)))
            .filter(|(_, at)| at.is_file())
    }
}

/// The attribute files that may apply to `paths`, in the folder of the run.
fn attribute_files(paths: &[&[u8]]) -> BTreeSet<Vec<u8>> {
    let mut files = BTreeSet::new();
    files.insert(b".gitattributes".to_vec());
    for path in paths {
        for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            files.insert([path.get(..=at).unwrap_or_default(), b".gitattributes"].concat());
        }
    }
    files
}

fn write(at: &Path, mut content: impl Read) -> io::Result<()> {
    if let Some(folder) = at.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create(at)?;
    io::copy(&mut content, &mut file)?;
    file.flush()
}

fn os(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}
