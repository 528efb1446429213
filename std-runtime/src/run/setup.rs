//! What all attempts of a run have in common: the model, and what the configuration allows.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use zerostack_core::{Limits, OwnedConfig};

use super::front::{Front, RunEvent};
use super::tools::specs;
use super::workspace::Workspace;
use super::{RunOptions, Stop, denied_files, options as request_options};
use crate::permissions::Permissions;
use crate::provider::{self, BadCalls, Endpoint};
use crate::sandbox::{self, Access};
use crate::transport::HttpOptions;
use crate::trust::Wish;
use crate::{Error, ErrorKind, Result, commit};

/// The model and the configuration of a run.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) endpoint: Endpoint,
    hidden_variables: Vec<OsString>,
    pub(super) permissions: Permissions,
    pub(super) bad_calls: BadCalls,
    /// What the user's configuration lets tools reach.
    access: Access,
    /// The limits of the run.
    pub(super) limits: Limits,
    pub(super) started: Instant,
}

/// Whether a server may be asked for its models.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Allowed,
    Forbidden,
}

impl Setup {
    /// Finds the model and reads the configuration.
    ///
    /// # Errors
    /// `Configuration` and `Authentication` if no model can be used.
    pub(super) fn new(options: &RunOptions, network: Network, front: &dyn Front) -> Result<Self> {
        let started = Instant::now();
        let env = crate::agent::variable;
        let config = provider::Config::load(&env, &options.folder)?;
        let untrusted = config.wish.as_ref().map(Wish::warning);
        config
            .warnings
            .iter()
            .chain(&untrusted)
            .try_for_each(|line| front.event(&RunEvent::Warned(line)))?;
        let http = HttpOptions::from_env(&env)?;
        let endpoint =
            provider::resolve_with(&options.model, &env, &config.providers, &mut |endpoint| {
                if network == Network::Forbidden {
                    let text = "a dry run does not ask a server for its models; give --model NAME";
                    return Err(Error::new(ErrorKind::Configuration, text).into());
                }
                if !endpoint.headers().is_empty() {
                    front.event(&RunEvent::AsksForModels(endpoint))?;
                }
                provider::served_models(endpoint, http.clone())
            })?;
        let hidden_variables =
            provider::key_variables(std::env::vars_os(), &config.providers, &endpoint);
        let limits = endpoint.limits(options.limits)?;
        let provider::Config { permissions, access, bad_calls, .. } = config;
        Ok(Self { endpoint, hidden_variables, permissions, bad_calls, access, limits, started })
    }

    /// Whether tools have any network access.
    pub(super) fn reaches_network(&self, options: &RunOptions) -> bool {
        let network = options.access.network.as_ref().or(self.access.network.as_ref());
        network.is_some_and(|network| *network != sandbox::Network::Off)
    }

    /// The same with other limits.
    pub(super) fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The folders of the project, where no view of them is open.
    pub(super) fn folders(&self, options: &RunOptions) -> Vec<PathBuf> {
        let also = options.access.also.iter().chain(&self.access.also);
        let also = also.map(|path| path.canonicalize().unwrap_or_else(|_| path.clone()));
        std::iter::once(options.folder.clone()).chain(also).collect()
    }

    /// Opens a view of the folder.
    ///
    /// # Errors
    /// As [`Workspace::open`].
    pub(super) fn open(&self, options: &RunOptions, stop: &Arc<Stop>) -> Result<Workspace> {
        let rules = options.permissions.rules.iter().chain(&self.permissions.rules);
        let denied = match options.sandbox {
            sandbox::Mode::On => denied_files::find(rules, &self.folders(options))?,
            sandbox::Mode::Landlock | sandbox::Mode::Off => Vec::new(),
        };
        Workspace::open(options, &self.access, (&self.hidden_variables, denied), stop)
    }

    /// The configuration of a session; `folders` are those of the project as
    /// tools see them.
    pub(super) fn session_config(
        &self,
        options: &RunOptions,
        folders: &[PathBuf],
        limits: Limits,
    ) -> OwnedConfig {
        let system = options.instructions.system(folders);
        let tools = specs(options);
        let call_deltas = options.call_deltas;
        OwnedConfig { system, tools, limits, call_deltas, ..self.endpoint.session_config() }
    }

    /// The configuration of the session of a run, see [`Self::session_config`].
    pub(super) fn run_config(
        &self,
        options: &RunOptions,
        folders: &[PathBuf],
        limits: Limits,
    ) -> OwnedConfig {
        let mut config = self.session_config(options, folders, limits);
        request_options::keep_sayable(&mut config);
        config
    }
}

/// Takes back or finishes an interrupted commit.
///
/// # Errors
/// As [`commit::recover`].
pub(super) fn recover(options: &RunOptions, front: &dyn Front) -> Result<()> {
    let lines = commit::recover(&options.folder)?;
    lines.iter().try_for_each(|line| front.event(&RunEvent::Recovered(line)))
}
