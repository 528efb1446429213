//! What the user allows a model to do.

use zerostack_policy::{Mode, Rule, Verdict};

use crate::ask::Asker;
use crate::sandbox;

/// What the user allows the model to do.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// The mode that the user asked for, which nothing else changes.
    pub mode: Option<Mode>,
    /// Rules of the command line.
    pub rules: Vec<(Verdict, Rule)>,
    /// Who is asked where the rules say so; without anybody an ask is a denial.
    pub asker: Option<Asker>,
}

impl Permissions {
    /// The mode of a run. Without a word of the user the sandbox decides: in it a tool reaches
    /// nothing but a copy of the project, and without it everything that the user does. A prompt
    /// and the configuration only narrow that.
    pub(crate) fn mode(&self, narrower: [Option<Mode>; 2], sandbox: sandbox::Mode) -> Mode {
        let default = match sandbox {
            sandbox::Mode::On => Mode::Full,
            sandbox::Mode::Landlock | sandbox::Mode::Off => Mode::Standard,
        };
        self.mode.unwrap_or_else(|| narrower.into_iter().flatten().fold(default, Mode::min))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_the_users_and_a_prompt_only_narrows_it() {
        use sandbox::Mode::{Off, On};
        let mode = |asked, narrower, sandbox| {
            Permissions { mode: asked, ..Permissions::default() }.mode(narrower, sandbox)
        };
        let (readonly, full) = (Some(Mode::ReadOnly), Some(Mode::Full));
        assert_eq!(mode(None, [None, None], On), Mode::Full);
        assert_eq!(mode(None, [None, None], Off), Mode::Standard);
        assert_eq!(mode(None, [None, readonly], On), Mode::ReadOnly);
        assert_eq!(mode(None, [full, full], Off), Mode::Standard);
        assert_eq!(mode(Some(Mode::Standard), [None, readonly], On), Mode::Standard);
    }
}
