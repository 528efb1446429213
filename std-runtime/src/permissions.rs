//! What the user allows a model to do.

use zerostack_policy::{Mode, Rule, Verdict};

use crate::ask::Permitted;
use crate::sandbox;

/// What the user allows the model to do.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// The mode that the user asked for, which overrides all others.
    pub mode: Option<Mode>,
    /// Whether the mode of a configuration may be wider than the usual one: its file is trusted.
    pub may_widen: bool,
    /// Rules of the command line.
    pub rules: Vec<(Verdict, Rule)>,
    /// The calls that the person permitted with `always`.
    pub permitted: Permitted,
}

impl Permissions {
    /// The mode of a configuration.
    pub(crate) fn wished(&self) -> Wished {
        Wished { mode: self.mode, may_widen: self.may_widen }
    }

    /// The mode of a run. If the user does not choose one, the sandbox decides: in it a tool reaches
    /// nothing but a copy of the project, and without it everything that the user can. The
    /// configuration and a prompt only narrow that, unless the user trusts them.
    pub(crate) fn mode(&self, configured: Wished, prompt: Wished, sandbox: sandbox::Mode) -> Mode {
        let default = match sandbox {
            sandbox::Mode::On => Mode::Full,
            sandbox::Mode::Landlock | sandbox::Mode::Off => Mode::Standard,
        };
        let wished = || prompt.over(configured.over(default));
        self.mode.unwrap_or_else(wished)
    }
}

/// The mode that a configuration or a prompt asks for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wished {
    pub(crate) mode: Option<Mode>,
    /// Its file is trusted.
    pub(crate) may_widen: bool,
}

impl Wished {
    fn over(self, mode: Mode) -> Mode {
        match self.mode {
            Some(wished) if self.may_widen => wished,
            Some(wished) => wished.min(mode),
            None => mode,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_is_the_users_and_a_prompt_only_narrows_it() {
        use sandbox::Mode::{Off, On};
        let narrows = |mode| Wished { mode, may_widen: false };
        let mode = |asked, [configured, prompt]: [Option<Mode>; 2], sandbox| {
            let permissions = Permissions { mode: asked, ..Permissions::default() };
            permissions.mode(narrows(configured), narrows(prompt), sandbox)
        };
        let (readonly, full) = (Some(Mode::ReadOnly), Some(Mode::Full));
        assert_eq!(mode(None, [None, None], On), Mode::Full);
        assert_eq!(mode(None, [None, None], Off), Mode::Standard);
        assert_eq!(mode(None, [None, readonly], On), Mode::ReadOnly);
        assert_eq!(mode(None, [full, full], Off), Mode::Standard);
        assert_eq!(mode(Some(Mode::Standard), [None, readonly], On), Mode::Standard);
        // A trusted file may widen it.
        let trusted = Wished { mode: full, may_widen: true };
        let permissions = Permissions::default();
        assert_eq!(permissions.mode(narrows(readonly), trusted, Off), Mode::Full);
        assert_eq!(permissions.mode(trusted, narrows(readonly), Off), Mode::ReadOnly);
        assert_eq!(permissions.mode(trusted, narrows(None), Off), Mode::Full);
    }
}
