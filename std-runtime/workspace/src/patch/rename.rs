//! Which new file is an old one under a new name.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{self, BufRead as _, BufReader, Read as _};

use super::change::{Change, Entry};
use super::content::Side;
use super::{Changes, header};

/// Deleted files that reappear as new ones, by index.
#[derive(Default)]
pub(super) struct Renames {
    /// By the new file: the old one, and how much is the same in percent.
    to: HashMap<usize, (usize, u8)>,
    from: HashSet<usize>,
}

/// Below this two files have nothing to do with each other; git's default.
const THRESHOLD_PERCENT: u64 = 50;

/// With more files on both sides similar ones are not looked for, as git does, since each pair
/// is compared.
const PAIRS_LIMIT: usize = 10_000;

/// Larger files are renamed only if they are the same.
const SIMILAR_LIMIT_BYTES: u64 = 1024 * 1024;

/// The longest piece of a line that counts as one.
const PIECE_BYTES: u64 = 64;

impl Renames {
    /// The old file that the new one `index` was, and how much is the same in percent.
    pub(super) fn to(&self, index: usize) -> Option<(usize, u8)> {
        self.to.get(&index).copied()
    }

    /// Whether the old file `index` has a new name.
    pub(super) fn is_source(&self, index: usize) -> bool {
        self.from.contains(&index)
    }

    fn add(&mut self, from: usize, to: usize, percent: u8) {
        if !self.from.contains(&from) && !self.to.contains_key(&to) {
            self.from.insert(from);
            self.to.insert(to, (from, percent));
        }
    }
}

/// Pairs deleted files with new ones: the same content first, then the most similar ones.
pub(super) fn find(changes: &Changes) -> io::Result<Renames> {
    let mut gone = candidates(changes, |change| match &change.after {
        None => change.before.as_ref(),
        Some(_) => None,
    });
    let mut new = candidates(changes, |change| match &change.before {
        None => change.after.as_ref(),
        Some(_) => None,
    });
    let mut renames = Renames::default();
    if gone.is_empty() || new.is_empty() {
        return Ok(renames);
    }
    exact(changes, &gone, &new, &mut renames)?;
    gone.retain(|(index, _)| !renames.from.contains(index));
    new.retain(|(index, _)| !renames.to.contains_key(index));
    if gone.len().saturating_mul(new.len()) <= PAIRS_LIMIT {
        similar(changes, &gone, &new, &mut renames)?;
    }
    Ok(renames)
}

type Candidate<'a> = (usize, &'a Entry);

/// Files that are not empty: all empty ones are equal, which means nothing. No links: git
/// does not apply the renaming of a link to a path below it.
fn candidates<'a>(
    changes: &'a Changes,
    side: impl Fn(&'a Change) -> Option<&'a Entry>,
) -> Vec<Candidate<'a>> {
    let files = changes.files.iter().enumerate();
    files
        .filter_map(|(index, change)| side(change).map(|entry| (index, entry)))
        .filter(|(_, entry)| entry.size > 0 && !entry.is_link())
        .collect()
}

/// Old files of one content that have no new name yet.
#[derive(Default)]
struct Same {
    in_order: VecDeque<usize>,
    by_name: HashMap<Vec<u8>, VecDeque<usize>>,
}

/// Pairs files of one content: those that kept their name in another folder, then the others in
/// order. Each file is read once and looked at once.
fn exact(
    changes: &Changes,
    gone: &[Candidate<'_>],
    new: &[Candidate<'_>],
    renames: &mut Renames,
) -> io::Result<()> {
    // Files of a size that is on one side only are not read.
    let sizes: HashSet<u64> = new.iter().map(|(_, entry)| entry.size).collect();
    let mut olds: HashMap<String, Same> = HashMap::new();
    for (index, _) in gone.iter().filter(|(_, entry)| sizes.contains(&entry.size)) {
        let Some(id) = header::blob_id(&old_side(changes, *index))? else { continue };
        let same = olds.entry(id).or_default();
        same.in_order.push_back(*index);
        let name = file_name(changes, *index).to_vec();
        same.by_name.entry(name).or_default().push_back(*index);
    }
    let sizes: HashSet<u64> = gone.iter().map(|(_, entry)| entry.size).collect();
    let mut others = Vec::new();
    for (index, _) in new.iter().filter(|(_, entry)| sizes.contains(&entry.size)) {
        let Some(id) = header::blob_id(&new_side(changes, *index))? else { continue };
        let Some(same) = olds.get_mut(&id) else { continue };
        match same.by_name.get_mut(file_name(changes, *index)).and_then(VecDeque::pop_front) {
            Some(old) => renames.add(old, *index, 100),
            None => others.push((*index, id)),
        }
    }
    for (index, id) in others {
        let Some(same) = olds.get_mut(&id) else { continue };
        while let Some(old) = same.in_order.pop_front() {
            if !renames.is_source(old) {
                renames.add(old, index, 100);
                break;
            }
        }
    }
    Ok(())
}

fn similar(
    changes: &Changes,
    gone: &[Candidate<'_>],
    new: &[Candidate<'_>],
    renames: &mut Renames,
) -> io::Result<()> {
    let comparable = |entry: &Entry| entry.size <= SIMILAR_LIMIT_BYTES;
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    let mut olds: HashMap<usize, HashMap<u64, u64>> = HashMap::new();
    for (to, after) in new.iter().filter(|(_, entry)| comparable(entry)) {
        let mut pieces = None;
        for (from, before) in gone.iter().filter(|(_, entry)| comparable(entry)) {
            let (small, large) = (before.size.min(after.size), before.size.max(after.size));
            // Not even if the smaller one were all in the larger one.
            if small * 100 < large * THRESHOLD_PERCENT {
                continue;
            }
            if !olds.contains_key(from) {
                olds.insert(*from, pieces_of(&old_side(changes, *from))?);
            }
            if pieces.is_none() {
                pieces = Some(pieces_of(&new_side(changes, *to))?);
            }
            let (Some(old), Some(new)) = (olds.get(from), &pieces) else { continue };
            let common: u64 = new
                .iter()
                .map(|(piece, bytes)| old.get(piece).map_or(0, |in_old| *in_old.min(bytes)))
                .sum();
            // 100 would mean that nothing is left to change.
            let percent = (common * 100 / large).min(99);
            if percent >= THRESHOLD_PERCENT {
                pairs.push((percent, *from, *to));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    for (percent, from, to) in pairs {
        renames.add(from, to, u8::try_from(percent).unwrap_or(99));
    }
    Ok(())
}

/// How many bytes of a file are in each of its lines, long ones cut; by hash.
fn pieces_of(side: &Side<'_>) -> io::Result<HashMap<u64, u64>> {
    let mut pieces = HashMap::new();
    let mut content = BufReader::new(side.open()?);
    let mut piece = Vec::new();
    while content.by_ref().take(PIECE_BYTES).read_until(b'\n', &mut piece)? > 0 {
        // FNV-1a: the same on each machine, so the patch is too.
        let hash = piece.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        *pieces.entry(hash).or_insert(0) += piece.len() as u64;
        piece.clear();
    }
    Ok(pieces)
}

fn old_side(changes: &Changes, index: usize) -> Side<'_> {
    let change = changes.files.get(index);
    Side {
        tree: &changes.before,
        path: change.map_or(b"", |change| &change.path),
        entry: change.and_then(|change| change.before.as_ref()),
    }
}

fn new_side(changes: &Changes, index: usize) -> Side<'_> {
    let change = changes.files.get(index);
    Side {
        tree: &changes.after,
        path: change.map_or(b"", |change| &change.path),
        entry: change.and_then(|change| change.after.as_ref()),
    }
}

fn file_name(changes: &Changes, index: usize) -> &[u8] {
    let path = changes.files.get(index).map_or(&b""[..], |change| &change.path);
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}
