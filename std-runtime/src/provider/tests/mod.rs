//! Which endpoint comes out of which flags, variables and files.

mod choice;
mod files;
mod keys;
mod tables;

use std::ffi::OsString;
use std::path::Path;

use zerostack_core::{OutputLimitKey, ToolMode};

use super::*;
use crate::{Error, ErrorKind, Result};

const USER: &str = "/home/u/.config/zerostack/config.toml";
const PROJECT: &str = "/src/p/.zerostack/config.toml";
const KEY: &str = "sk-hunter2";

/// One case: what is said, and what must come out.
#[derive(Default)]
struct Case<'a> {
    flags: Flags,
    env: &'a [(&'a str, &'a str)],
    user: &'a str,
    project: &'a str,
    /// Base URLs that answer, and their models.
    servers: &'a [(&'a str, &'a [&'a str])],
}

impl Case<'_> {
    fn config(&self) -> Result<Config> {
        Config::parse(
            (!self.user.is_empty()).then_some((Path::new(USER), self.user)),
            (!self.project.is_empty()).then_some((Path::new(PROJECT), self.project)),
            false,
        )
    }

    fn resolve(&self) -> Result<Endpoint> {
        let env = |name: &str| {
            let found = self.env.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let mut models = |endpoint: &Endpoint| {
            let base_url = &endpoint.base_url;
            let server = self.servers.iter().find(|(known, _)| known == base_url);
            match server {
                Some((_, models)) => Ok(models.iter().copied().map(Into::into).collect()),
                None => {
                    let text = format!("nothing at {base_url}");
                    Err(zerostack_agent::Error::new(zerostack_agent::ErrorKind::Provider, text))
                }
            }
        };
        Ok(resolve_with(&self.flags, &env, &self.config()?.providers, &mut models)?)
    }

    /// name | api | base URL | model | key | origin
    #[track_caller]
    fn gives(&self, expected: &str) {
        let endpoint = self.resolve().unwrap();
        let Endpoint { name, api, base_url, model, key, origin, .. } = &endpoint;
        let key = key.as_ref().map_or("-", Secret::expose);
        let found = format!("{name} | {} | {base_url} | {model} | {key} | {origin}", api.name());
        assert_eq!(found, expected);
        for shown in [format!("{endpoint}"), format!("{endpoint:?}")] {
            assert!(key != KEY || !shown.contains(key), "{shown}");
        }
    }

    #[track_caller]
    fn fails(&self, kind: ErrorKind, parts: &[&str]) {
        let error = self.resolve().unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), kind, "{message}");
        assert!(!message.contains('\n') && !message.contains(KEY), "{message}");
        for part in parts {
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        }
    }
}

fn flags(provider: &str, base_url: &str, model: &str) -> Flags {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (provider, base_url, model) = (given(provider), given(base_url), given(model));
    Flags { provider, base_url, model, ..Flags::default() }
}
