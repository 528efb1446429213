//! No TCP, by Landlock, where no network namespace confines a process.

use rustix::io::Errno;

use super::Layer;
use super::ruleset::{Handled, Ruleset, version};
use crate::sandbox::State;

/// Binding and connecting are refused.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct LandlockTcp {
    version: Result<u32, String>,
}

impl LandlockTcp {
    /// What this kernel can.
    pub(in crate::sandbox::walls) fn probe() -> Self {
        Self { version: version() }
    }
}

impl Layer for LandlockTcp {
    fn name(&self) -> &'static str {
        "landlock-tcp"
    }

    fn protects(&self) -> &'static str {
        "the network, a second time"
    }

    fn state(&self) -> State {
        match &self.version {
            Ok(SINCE..) => State::InForce,
            Ok(version) => State::Replaced(format!(
                "version {version} of Landlock knows no TCP; seccomp refuses all sockets"
            )),
            Err(why) => State::Missing(why.clone()),
        }
    }

    fn apply(&self) -> Result<(), Errno> {
        let Ok(version @ SINCE..) = self.version else { return Ok(()) };
        Ruleset::beside_files(version, Handled { net: TCP, ..Handled::default() })?.restrict()
    }
}

/// The first version that knows TCP.
const SINCE: u32 = 4;

/// Binding and connecting.
const TCP: u64 = 3;
