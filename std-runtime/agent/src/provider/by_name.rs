//! Values that a configuration file chooses by their names.

use serde::{Deserialize as _, Deserializer};

use super::secret::shown;

/// The one of `all` with the name in the string; `what` describes them in the error.
///
/// # Errors
/// That of `deserializer`, with the names of `all`.
pub fn by_name<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    what: &str,
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<Option<T>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.map(Some).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|one| format!("`{}`", name_of(*one))).collect();
        serde::de::Error::custom(format!(
            "the {what} {} is not one of {}",
            shown(&name),
            names.join(", ")
        ))
    })
}
