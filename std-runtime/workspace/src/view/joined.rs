//! What is different in all folders of a view, as one patch.
//!
//! Its paths are from the folder [`Inner::base`], in which the folders are. From there `git apply` takes
//! it: if that is the top of the checkout that all of them are in, git converts files as it does for
//! one folder; else it takes them byte for byte.

use std::io;

use super::compare::{Comparison, Verdict};
use super::judge::Judge;
use super::part::Part;
use super::repository::Checkout;
use super::{Inner, outside};
use crate::patch::tree::Tree;
use crate::patch::{Change, Changes, LeftOut, Reason};

impl Inner {
    pub(super) fn compare(&self) -> io::Result<Comparison> {
        let notes: Vec<String> = outside::notes(self).into_iter().collect();
        if let [part] = self.parts.as_slice() {
            let mut comparison = part.compare(self)?;
            comparison.notes.splice(0..0, notes);
            return Ok(comparison);
        }
        let base = Tree::open(&self.base)?.until(&self.ended);
        let (mut before, mut after) = (base.try_clone()?, base);
        let mut joined = Joined { notes, ..Joined::default() };
        for part in &self.parts {
            let comparison = part.compare(self)?;
            let (origin, view) = comparison.changes.trees();
            before = before.with(&part.below, origin)?;
            after = after.with(&part.below, view)?;
            joined.add(part, comparison);
        }
        let Joined { files, left_out, others, conflicts, moved, mut notes } = joined;
        if !files.is_empty() {
            let base = self.base.display();
            notes.push(format!(
                "the paths of the patch are from {base}; apply it with `git -C {base} apply`"
            ));
        }
        let changes = Changes::new(before, after, Vec::new(), files, left_out);
        Ok(Comparison { changes, others, conflicts, moved, notes })
    }

    /// Whether git applies `patch` to the folder as it is now.
    pub(super) fn check(&self, comparison: &Comparison, patch: &[u8]) -> Verdict {
        let (is_checkout, is_moved) = (self.checkout().is_some(), !comparison.moved.is_empty());
        let Some(first) = self.parts.first() else { return Verdict::Unknown };
        if patch.is_empty() || !(is_checkout || is_moved) {
            return Verdict::Unknown;
        }
        if self.parts.len() > 1 && !is_checkout {
            return Verdict::Refused("the patch is for what they were before".to_owned());
        }
        let Some(judge) = first.judge(self) else { return Verdict::Unknown };
        let folder = match self.parts.as_slice() {
            [part] => &part.origin_path,
            _ => &self.base,
        };
        let apply = |judge: &Judge, args: &[&str]| judge.git(folder, &[], args, patch);
        if is_checkout {
            match apply(judge, &["apply", "--check", "--index", "-"]) {
                Ok(said) if said.success => return Verdict::Applies,
                Ok(_) => {}
                Err(_) => return Verdict::Unknown,
            }
            // The times of a file may differ from those in the index, and its content not.
            if let Some(judge) = first.writing_judge(self) {
                let _ = judge.git(folder, &[], &["update-index", "-q", "--refresh"], b"");
                let said = apply(judge, &["apply", "--check", "--index", "-"]);
                if said.is_ok_and(|said| said.success) {
                    return Verdict::Applies;
                }
            }
        }
        match apply(judge, &["apply", "--check", "-"]) {
            Ok(said) if said.success => Verdict::FilesOnly,
            Ok(said) => Verdict::Refused(said.errors),
            Err(_) => Verdict::Unknown,
        }
    }

    /// The checkout that a patch is applied in.
    pub(super) fn checkout(&self) -> Option<&Checkout> {
        let checkout = self.parts.first()?.checkout.as_ref();
        checkout.filter(|_| self.parts.iter().all(|part| self.is_canonical(part)))
    }

    /// Whether git converts the files of `part` when it applies a patch.
    pub(super) fn is_canonical(&self, part: &Part) -> bool {
        let top = part.checkout.as_ref().map(|checkout| &checkout.top);
        self.parts.len() == 1 || top == Some(&self.base)
    }
}

/// The changes of several parts, with paths from the folder that they are in.
#[derive(Default)]
struct Joined {
    files: Vec<Change>,
    left_out: Vec<LeftOut>,
    others: Vec<(Vec<u8>, Changes)>,
    conflicts: Vec<Vec<u8>>,
    moved: Vec<Vec<u8>>,
    notes: Vec<String>,
}

impl Joined {
    fn add(&mut self, part: &Part, comparison: Comparison) {
        let Comparison { changes, others, conflicts, moved, notes } = comparison;
        let named = |path: Vec<u8>| part.named(&path);
        self.others.extend(others.into_iter().map(|(path, changes)| (named(path), changes)));
        self.conflicts.extend(conflicts.into_iter().map(named));
        self.moved.extend(moved.into_iter().map(named));
        self.notes.extend(notes);
        let (files, left_out) = changes.into_lists();
        self.files.extend(files.into_iter().map(|file| file.renamed(named)));
        self.left_out.extend(left_out.into_iter().map(|LeftOut { path, reason }| {
            let reason = match reason {
                Reason::Nested(folder) => Reason::Nested(named(folder)),
                Reason::Submodule(folder) => Reason::Submodule(named(folder)),
                other => other,
            };
            LeftOut { path: named(path), reason }
        }));
    }
}
