//! From an effect to a verdict.

use crate::{Effect, Place, Verdict};

/// What an agent may do without a rule that allows it, from the narrowest mode on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Mode {
    /// Read, change nothing.
    ReadOnly,
    /// Change files of the project, run its build and tests, and commands that are known to be
    /// safe.
    Standard,
    /// Everything except harming the machine.
    Full,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::ReadOnly, Self::Standard, Self::Full];

    /// `readonly`, `standard` or `full`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readonly",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }

    /// The mode with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// The verdict of a mode about an effect, and its reason.
pub(crate) fn judge(effect: &Effect, mode: Mode) -> (Verdict, String) {
    use Verdict::{Allow, Ask, Deny};
    let (verdict, reason) = match effect {
        Effect::Prints => (Allow, "it only computes and prints".to_owned()),
        Effect::Reads(place) => reads(place),
        Effect::Writes(place) => writes(place, mode),
        Effect::Deletes(place) => deletes(place, mode),
        Effect::Discards(what) => (change(mode, Ask), format!("it discards {what}")),
        Effect::RunsProject => match mode {
            Mode::ReadOnly => (Ask, "it runs code of the project, which may change files".into()),
            Mode::Standard | Mode::Full => (Allow, "it runs code of the project".into()),
        },
        Effect::UsesNetwork(what) => (Ask, format!("{what} uses the network")),
        Effect::Elevates => (Ask, "it runs with the rights of another user".into()),
        Effect::HarmsMachine(what) => (Deny, format!("it can {what}")),
        Effect::NotUnderstood(reason) => (Ask, reason.clone()),
    };
    match (mode, effect) {
        // Everything except harming the machine; the sandbox protects credentials.
        (Mode::Full, Effect::Reads(_) | Effect::Writes(Place::Secret(_))) => (Allow, reason),
        (Mode::Full, _) if verdict == Ask => (Allow, reason),
        _ => (verdict, reason),
    }
}

fn reads(place: &Place) -> (Verdict, String) {
    use Verdict::{Allow, Ask, Deny};
    match place {
        Place::Project(_)
        | Place::WholeProject
        | Place::Repository(_)
        | Place::Temporary(_)
        | Place::Stream
        | Place::System(_) => (Allow, "it reads files that may be read".into()),
        Place::Unknown => (Allow, "it reads a file".into()),
        Place::Secret(path) if path.starts_with(['/', '~']) => {
            (Deny, format!("{path} may hold credentials"))
        }
        Place::Secret(path) => (Ask, format!("{path} may hold credentials")),
        Place::Network => (Ask, "the shell opens a network connection".into()),
        Place::Device(path) if path.starts_with("/sys") || path.starts_with("/proc") => {
            (Allow, "it reads kernel information".into())
        }
        Place::Device(path) => (Deny, format!("{path} is a device")),
        Place::Home(path) | Place::Elsewhere(path) | Place::Everything(path) => {
            (Ask, format!("{path} is outside the project"))
        }
    }
}

fn writes(place: &Place, mode: Mode) -> (Verdict, String) {
    use Verdict::{Allow, Ask, Deny};
    match place {
        Place::Project(_) | Place::WholeProject => {
            (change(mode, Allow), "it changes files of the project".into())
        }
        Place::Repository(path) => {
            (change(mode, Ask), format!("{path} belongs to the version control"))
        }
        Place::Temporary(_) | Place::Stream => (Allow, "it writes a temporary file".into()),
        Place::Unknown => {
            (change(mode, Ask), "the file that it writes is not known before it runs".into())
        }
        Place::Network => (Ask, "the shell opens a network connection".into()),
        Place::Secret(path) if path.starts_with(['/', '~']) => {
            (Deny, format!("{path} may hold credentials"))
        }
        Place::Secret(path) => (change(mode, Ask), format!("{path} may hold credentials")),
        Place::Device(path) => (Deny, format!("{path} is a device or controls the kernel")),
        Place::System(path)
        | Place::Home(path)
        | Place::Elsewhere(path)
        | Place::Everything(path) => (change(mode, Ask), format!("{path} is outside the project")),
    }
}

fn deletes(place: &Place, mode: Mode) -> (Verdict, String) {
    use Verdict::{Ask, Deny};
    match place {
        Place::Everything(path) => (Deny, format!("it deletes {path}")),
        Place::System(path) => (Deny, format!("it deletes {path}")),
        Place::WholeProject => (change(mode, Ask), "it deletes everything in the project".into()),
        Place::Project(path) if path.starts_with(['*', '?', '[']) => {
            (change(mode, Ask), "it deletes many files".into())
        }
        Place::Unknown => {
            (change(mode, Ask), "the file that it deletes is not known before it runs".into())
        }
        place => writes(place, mode),
    }
}

/// In a read-only mode a change is denied.
const fn change(mode: Mode, verdict: Verdict) -> Verdict {
    match mode {
        Mode::ReadOnly => Verdict::Deny,
        Mode::Standard | Mode::Full => verdict,
    }
}

/// The path of a place, as rules name it.
pub(crate) fn path(place: &Place) -> Option<&str> {
    match place {
        Place::Project(path)
        | Place::Repository(path)
        | Place::Temporary(path)
        | Place::System(path)
        | Place::Home(path)
        | Place::Everything(path)
        | Place::Secret(path)
        | Place::Device(path)
        | Place::Elsewhere(path) => Some(path),
        Place::WholeProject => Some("."),
        Place::Stream | Place::Network | Place::Unknown => None,
    }
}
