//! What a server refuses or demands beyond its dialect.

use zerostack_core::{Profile, ProfileField};

use crate::Chat;

pub static CALLS: Calls = Calls { profile: Chat::profile, switched_off: Chat::switched_off };

#[allow(dead_code, reason = "it is linked, not called")]
pub struct Calls {
    profile: fn(&Chat) -> Profile,
    switched_off: fn(&Chat) -> Option<ProfileField>,
}
