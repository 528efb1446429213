//! What the server of an endpoint refuses or demands, and the origin of each field.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use zerostack_core::{KnownHost, Profile, ProfileField};

use super::base_url::{host_of, port_of};
use super::secret::shown;
use super::{Dialect, is_loopback};

/// The profile of a server with the part from its table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerProfile {
    /// The fields of the provider's table.
    pub own: Profile,
    /// The server, if it is a known one.
    pub host: Option<&'static KnownHost>,
}

impl ServerProfile {
    /// The profile of the server at `base_url`; its table overrides the known fields. A private
    /// server may listen anywhere, so the name of its table counts too.
    pub(super) fn new(own: Profile, base_url: &str, name: &str) -> Self {
        let host = host_of(base_url);
        let port = port_of(base_url).filter(|_| is_loopback(&host));
        let is_own = |known: &&KnownHost| known.hosts.iter().any(|host| host.starts_with(':'));
        let host = KnownHost::named(name).filter(is_own).or_else(|| KnownHost::of(&host, port));
        Self { own, host }
    }

    /// The profile for a session that speaks `dialect`. A table's field that the dialect does not
    /// have stays, so that the session refuses it.
    #[must_use]
    pub fn of_session(&self, dialect: Dialect) -> Profile {
        let known = self.host.map_or(Profile::DIALECT, |host| host.profile.for_dialect(dialect));
        self.own.over(known)
    }

    /// The fields that are set, each with its value and the known server that it is from; `None`:
    /// from the table.
    pub fn fields(
        &self,
        dialect: Dialect,
    ) -> impl Iterator<Item = (ProfileField, &'static str, Option<&'static str>)> {
        let (own, profile) = (self.own, self.of_session(dialect));
        let host = self.host.map(|host| host.name);
        ProfileField::ALL.iter().filter_map(move |&field| {
            Some((field, profile.value(field)?, host.filter(|_| own.value(field).is_none())))
        })
    }
}

/// `[providers.NAME.profile]`: fields by their names.
pub(super) fn by_names<'de, D: Deserializer<'de>>(from: D) -> Result<Profile, D::Error> {
    /// A value as a file may write it.
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "true, false or a name")]
    enum Written {
        Switch(bool),
        Name(String),
    }
    let mut profile = Profile::DIALECT;
    for (name, written) in BTreeMap::<String, Written>::deserialize(from)? {
        let names = |all: &mut dyn Iterator<Item = &str>| {
            all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        let field = ProfileField::from_name(&name).filter(|field| !field.values().is_empty());
        let field = field.ok_or_else(|| {
            let all = ProfileField::ALL.iter().filter(|field| !field.values().is_empty());
            let all = names(&mut all.map(|field| field.name()));
            de::Error::custom(format!(
                "the field {} of a profile is not one of {all}",
                shown(&name)
            ))
        })?;
        let value = match written {
            Written::Switch(is_on) => is_on.to_string(),
            Written::Name(name) => name,
        };
        if !profile.set(field, &value) {
            let all = names(&mut field.values().iter().copied());
            let text =
                format!("{name} of a profile is {}, which is not one of {all}", shown(&value));
            return Err(de::Error::custom(text));
        }
    }
    Ok(profile)
}
