//! Without the feature: a refusal stays one.

use super::AfterRefusal;
use crate::Error;
use crate::provider::Config;
use crate::session::machine::Machine;
use crate::transcript::log::Log;

impl Machine {
    pub const fn switch_off(&mut self, _: &Log<'_>, _: &dyn Config, _: Error) -> AfterRefusal {
        AfterRefusal::Refused
    }
}
