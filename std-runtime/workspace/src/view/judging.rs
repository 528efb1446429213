//! Which sandbox git is asked in: the small one, unless filters run or the index is refreshed.

use std::path::{Path, PathBuf};

use super::index::Settings;
use super::judge::{Judge, Place};
use super::part::Part;
use super::{Inner, scratch};

impl Part {
    /// Where git is asked about the changes; none if there can be no sandbox for it.
    pub(super) fn judge(&self, view: &Inner) -> Option<&Judge> {
        if self.settings(view).is_some_and(|settings| settings.filters) {
            self.writing_judge(view)
        } else {
            self.reading_judge(view)
        }
    }

    /// The settings of the checkout; none if there is no checkout, or git does not answer.
    pub(super) fn settings(&self, view: &Inner) -> Option<&Settings> {
        let settings = self.judges.settings.get_or_init(|| {
            let checkout = self.checkout.as_ref()?;
            // The small one is not needed if there is a filter in any case.
            let judge = match view.around.names_filters() {
                true => self.writing_judge(view),
                false => self.reading_judge(view),
            };
            Settings::read(judge?, &self.origin_path, &checkout.top).ok()
        });
        settings.as_ref()
    }

    fn reading_judge(&self, view: &Inner) -> Option<&Judge> {
        self.judges.reading.get_or_init(|| self.open_judge(view, "judge", false)).as_ref()
    }

    /// Where git may write, and run the programs that the user's settings name.
    pub(super) fn writing_judge(&self, view: &Inner) -> Option<&Judge> {
        self.judges.writing.get_or_init(|| self.open_judge(view, "filters", true)).as_ref()
    }

    fn open_judge(&self, view: &Inner, name: &str, writes: bool) -> Option<Judge> {
        let named = |kind: &str| format!("{name}{kind}{}", self.mark);
        let folder = |kind: &str| view.scratch.folder(&named(kind), 0o755).ok();
        let home = |kind: &str, model: &Path| {
            let folder = view.scratch.folder(&named(&format!("-{kind}")), 0o700)?;
            scratch::like(&folder, model)?;
            Ok(folder)
        };
        let temporary = folder("-tmp")?;
        let around = view.around.for_judge(&home, writes).ok()?;
        let over: Option<(PathBuf, PathBuf)> =
            if writes { Some((folder("")?, folder("-work")?)) } else { None };
        let place = Place { root: &self.origin_path, checkout: self.checkout.as_ref() };
        Judge::open(place, temporary, &around, over.as_ref()).ok()
    }
}
