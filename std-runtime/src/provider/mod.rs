//! Which model to talk to, from `zerostack-agent`, and the configuration files that may choose it.

mod config;
#[cfg(test)]
mod tests;
mod toml_file;

pub(crate) use config::BadCalls;
pub use config::Config;
pub(crate) use config::{config_files, wish};
pub use zerostack_agent::provider::{
    Dialect, Endpoint, Env, Extra, Flags, Secret, Secrets, ServedModel, is_configured, is_loopback,
    key_variables, resolve, resolve_with, served_models, shown,
};
