//! A value that nothing prints.

use std::fmt;

/// A key or a password. `Debug` shows nothing of it, there is no `Display`, and it cannot be
/// compared: whoever needs the text says [`expose`](Self::expose).
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the header it goes into.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
