//! Whether the output has colours.

use clap::Arg;

use super::flag;

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether the output has colours; `is_terminal` states whether it is a terminal.
    pub(crate) fn is_on(self, is_terminal: bool) -> bool {
        let is_unwanted = crate::agent::variable("NO_COLOR").is_some_and(|it| !it.is_empty());
        match self {
            Self::Auto => is_terminal && !is_unwanted && !is_dumb(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// `--color`.
pub(crate) fn color() -> Arg {
    let colors = vec![("auto", Color::Auto), ("always", Color::Always), ("never", Color::Never)];
    flag::choice("color", "WHEN", colors, "Whether to use colours (auto)").long_help(
        "Whether to use colours: auto (on a terminal, unless NO_COLOR is set), always or never",
    )
}

/// Whether the terminal lacks escape sequences.
pub(crate) fn is_dumb() -> bool {
    let term = crate::agent::variable("TERM").unwrap_or_default();
    term.is_empty() || ["dumb", "emacs", "cons25"].iter().any(|it| term == *it)
}
