//! Without the feature: every option is as the provider likes.

use super::zs_options;
use crate::boundary::Caller;
use crate::status::Fault;
use crate::status::zs_status::ZS_UNSUPPORTED;

/// There are none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LentOptions;

impl LentOptions {
    pub const fn none() -> Self {
        Self
    }

    pub const fn read(_: Caller<'_>, options: *const zs_options) -> Result<Self, Fault> {
        if options.is_null() { Ok(Self) } else { Err(Fault::new(ZS_UNSUPPORTED)) }
    }
}
