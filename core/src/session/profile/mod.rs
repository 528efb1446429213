//! A refusal that names a field which the request can do without.

#[cfg(feature = "profiles")]
mod enabled;

#[cfg(not(feature = "profiles"))]
mod disabled;

#[cfg(all(test, feature = "profiles", feature = "all-dialects"))]
mod tests;
