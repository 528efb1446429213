//! Which new file is an old one under a new name.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _};

use super::{Change, Changes, Entry, Side, header};

/// A deleted file that came back as a new one; both by index.
pub(super) struct Rename {
    pub(super) from: usize,
    pub(super) to: usize,
    /// In percent.
    pub(super) similarity: u8,
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

/// Pairs deleted files with new ones: the same content first, then the most similar ones.
pub(super) fn find(changes: &Changes) -> io::Result<Vec<Rename>> {
    let mut gone =
        candidates(changes, |change| if change.after.is_none() { change.before } else { None });
    let mut new =
        candidates(changes, |change| if change.before.is_none() { change.after } else { None });
    let mut renames = exact(changes, &gone, &new)?;
    gone.retain(|(index, _)| renames.iter().all(|rename| rename.from != *index));
    new.retain(|(index, _)| renames.iter().all(|rename| rename.to != *index));
    if gone.len().saturating_mul(new.len()) <= PAIRS_LIMIT {
        renames.extend(similar(changes, &gone, &new)?);
    }
    Ok(renames)
}

type Candidate = (usize, Entry);

/// Files that are not empty: all empty ones are the same, which says nothing. No links: git
/// does not apply the renaming of a link to a path below it.
fn candidates(changes: &Changes, side: impl Fn(&Change) -> Option<Entry>) -> Vec<Candidate> {
    let files = changes.files.iter().enumerate();
    files
        .filter_map(|(index, change)| side(change).map(|entry| (index, entry)))
        .filter(|(_, entry)| entry.size > 0 && !entry.is_link())
        .collect()
}

fn exact(changes: &Changes, gone: &[Candidate], new: &[Candidate]) -> io::Result<Vec<Rename>> {
    let mut by_size: HashMap<u64, Vec<usize>> = HashMap::new();
    for (index, entry) in gone {
        by_size.entry(entry.size).or_default().push(*index);
    }
    let mut ids: HashMap<usize, String> = HashMap::new();
    let mut renames: Vec<Rename> = Vec::new();
    for (to, entry) in new {
        let Some(olds) = by_size.get_mut(&entry.size) else { continue };
        let id = header::blob_id(&new_side(changes, *to))?;
        let mut found = None;
        for (at, old) in olds.iter().enumerate() {
            if !ids.contains_key(old) {
                ids.insert(*old, header::blob_id(&old_side(changes, *old))?);
            }
            let same_name = file_name(changes, *old) == file_name(changes, *to);
            if ids.get(old) == Some(&id) && (found.is_none() || same_name) {
                found = Some(at);
                if same_name {
                    break;
                }
            }
        }
        if let Some(at) = found {
            renames.push(Rename { from: olds.remove(at), to: *to, similarity: 100 });
        }
    }
    Ok(renames)
}

fn similar(changes: &Changes, gone: &[Candidate], new: &[Candidate]) -> io::Result<Vec<Rename>> {
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
            // 100 would say that nothing is left to change.
            let percent = (common * 100 / large).min(99);
            if percent >= THRESHOLD_PERCENT {
                pairs.push((percent, *from, *to));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut renames: Vec<Rename> = Vec::new();
    for (percent, from, to) in pairs {
        if renames.iter().all(|rename| rename.from != from && rename.to != to) {
            let similarity = u8::try_from(percent).unwrap_or(99);
            renames.push(Rename { from, to, similarity });
        }
    }
    Ok(renames)
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
        entry: change.and_then(|change| change.before),
    }
}

fn new_side(changes: &Changes, index: usize) -> Side<'_> {
    let change = changes.files.get(index);
    Side {
        tree: &changes.after,
        path: change.map_or(b"", |change| &change.path),
        entry: change.and_then(|change| change.after),
    }
}

fn file_name(changes: &Changes, index: usize) -> Option<&[u8]> {
    changes.files.get(index)?.path.rsplit(|&byte| byte == b'/').next()
}
