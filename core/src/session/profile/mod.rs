//! A refusal that names a field which the request can do without.

/// What follows a refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(
    not(all(feature = "profiles", feature = "attachments")),
    allow(dead_code, reason = "without either feature, less can follow")
)]
pub(super) enum AfterRefusal {
    /// It names no field that can be switched off.
    Refused,
    /// The request goes again, without the field.
    Resent,
    /// The field is off from now on, but this turn cannot do without it.
    Failed,
}

#[cfg(feature = "profiles")]
mod enabled;

#[cfg(not(feature = "profiles"))]
mod disabled;

#[cfg(all(test, feature = "profiles", feature = "attachments", feature = "all-dialects"))]
mod attachment_tests;
#[cfg(all(test, feature = "profiles", feature = "all-dialects"))]
mod tests;
