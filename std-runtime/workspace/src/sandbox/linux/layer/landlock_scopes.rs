//! Whom a process may signal, and which abstract sockets it reaches, by Landlock.

use rustix::io::Errno;

use super::Layer;
use super::ruleset::{Handled, Ruleset, version};
use crate::sandbox::State;

/// Signals go to processes that are confined in the same way only.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct LandlockScopes {
    version: Result<u32, String>,
    /// Programs of one run may talk to each other, where a network namespace separates them from
    /// others.
    is_network_shared: bool,
}

impl LandlockScopes {
    /// What this kernel can.
    pub(in crate::sandbox::walls) fn probe(is_network_shared: bool) -> Self {
        Self { version: version(), is_network_shared }
    }
}

impl Layer for LandlockScopes {
    fn name(&self) -> &'static str {
        "landlock-scopes"
    }

    fn protects(&self) -> &'static str {
        "processes outside from signals, and their abstract sockets"
    }

    fn state(&self) -> State {
        match &self.version {
            Ok(SINCE..) => State::InForce,
            Ok(version) => State::Missing(format!("version {version} of Landlock has no scopes")),
            Err(why) => State::Missing(why.clone()),
        }
    }

    fn apply(&self) -> Result<(), Errno> {
        let Ok(version @ SINCE..) = self.version else { return Ok(()) };
        let scoped = if self.is_network_shared { SIGNALS | ABSTRACT_SOCKETS } else { SIGNALS };
        Ruleset::beside_files(version, Handled { scoped, ..Handled::default() })?.restrict()
    }
}

/// The first version with scopes.
const SINCE: u32 = 6;

const ABSTRACT_SOCKETS: u64 = 1;
const SIGNALS: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_version_has_none_and_says_so() {
        let of = |version| LandlockScopes { version, is_network_shared: true };
        assert_eq!(of(Ok(6)).state(), State::InForce);
        assert!(matches!(of(Ok(5)).state(), State::Missing(why) if why.contains("version 5")));
        assert!(of(Ok(5)).apply().is_ok());
        let none = of(Err("the kernel has no Landlock".to_owned()));
        assert!(matches!(none.state(), State::Missing(why) if why.contains("no Landlock")));
    }
}
