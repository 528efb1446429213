//! A run from its options to its result: which model, which view, what may be done.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant;

use zerostack_core::{Limits, OwnedConfig};

use super::permissions::Gate;
use super::prefix::{self, Prefixes};
use super::recording::Recording;
use super::spent::Spent;
use super::stop::Guard;
use super::subagent::Family;
use super::tape::Tape;
use super::turn::{Attempt, tools};
use super::{Observer, Outcome, RunOptions, Start, Stop, options as request_options};
use crate::agent::start_session;
use crate::permissions::Permissions;
use crate::provider::{self, Endpoint};
use crate::sandbox::{Access, ToolHost};
use crate::transport::{Cancel, HttpOptions};
use crate::view::{View, ViewOptions};
use crate::{Error, ErrorKind, Result, commit, own_process};

/// What all attempts of a run have in common.
#[derive(Clone)]
pub(super) struct Prepared {
    endpoint: Endpoint,
    hidden_variables: Vec<OsString>,
    permissions: Permissions,
    /// What the user's configuration lets tools reach.
    access: Access,
    /// The bounds of the run.
    pub(super) limits: Limits,
    started: Instant,
}

/// Whether a server may be asked for its models.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    Allowed,
    Forbidden,
}

impl Prepared {
    /// Finds the model and what the configuration says.
    ///
    /// # Errors
    /// `Configuration` and `Authentication` when there is none that can be used.
    pub(super) fn new(
        options: &RunOptions,
        network: Network,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let started = Instant::now();
        let env = crate::agent::variable;
        let config = provider::Config::load(&env, &options.folder)?;
        config.warnings.iter().for_each(|line| observer.warned(line));
        let http = HttpOptions::from_env(&env)?;
        let endpoint =
            provider::resolve_with(&options.model, &env, &config.providers, &mut |endpoint| {
                if network == Network::Forbidden {
                    let text = "a dry run asks no server for its models; give --model NAME";
                    return Err(Error::new(ErrorKind::Configuration, text).into());
                }
                if !endpoint.headers().is_empty() {
                    observer.asks_for_models(endpoint)?;
                }
                provider::served_models(endpoint, http.clone())
            })?;
        let hidden_variables =
            provider::key_variables(std::env::vars_os(), &config.providers, &endpoint);
        let limits = endpoint.limits(options.limits)?;
        let provider::Config { permissions, access, .. } = config;
        Ok(Self { endpoint, hidden_variables, permissions, access, limits, started })
    }

    /// The same with other bounds.
    pub(super) fn with_limits(&self, limits: Limits) -> Self {
        Self { limits, ..self.clone() }
    }
}

/// A view that a signal ends.
pub(super) struct OpenView {
    view: View,
    _guard: Guard,
}

impl OpenView {
    /// Opens a view of the folder.
    ///
    /// # Errors
    /// As [`View::open`].
    pub(super) fn new(options: &RunOptions, prepared: &Prepared, stop: &Arc<Stop>) -> Result<Self> {
        let view_options = ViewOptions {
            sandbox: options.sandbox,
            tools: options.tools.clone(),
            access: options.access.clone().and(prepared.access.clone()),
            ..ViewOptions::default()
        };
        // The keeper of the namespaces must be open to us.
        if options.tools == ToolHost::ThisProgram {
            own_process::show_memory();
        }
        let view = View::open(&options.folder, &view_options)?;
        let guard = stop.guard(&view);
        Ok(Self { view, _guard: guard })
    }

    /// Keeps the memory of this process from the tools. All views are open then.
    pub(super) fn hide_memory(options: &RunOptions) {
        if options.tools == ToolHost::ThisProgram {
            own_process::hide_memory();
        }
    }
}

/// One attempt in `view`, with what `spent` leaves of the budgets.
///
/// # Errors
/// Each kind as [`ErrorKind`](crate::ErrorKind) says; then there is no result, and nothing is
/// changed.
pub(super) fn attempt(
    options: &RunOptions,
    prepared: &Prepared,
    view: &OpenView,
    stop: &Arc<Stop>,
    observer: &mut dyn Observer,
    spent: &mut Spent,
) -> Result<Outcome> {
    let Prepared { endpoint, hidden_variables, permissions, limits, started, .. } = prepared;
    let view = &view.view;
    let config = session_config(options, prepared, view, spent.left(limits)?);
    let tape = match &options.record {
        Some(path) => Some(Tape::create(path, endpoint.secrets(), &config)?),
        None => None,
    };
    let prefixes = options.prove_prefix.then(Prefixes::default);
    let mut recording = Recording { tape, prefixes };
    let instructions = &options.instructions;
    let start = Start {
        endpoint,
        prompt: &instructions.name,
        output: instructions.output,
        folder: &options.folder,
        sandbox: options.sandbox,
        layers: view.layers(),
        limits: config.limits,
    };
    observer.start(&start)?;
    let family = Family::new(config.limits, permissions.clone());
    let session = start_session(config)?;
    let mode = instructions.mode;
    let gate = Gate::new(&options.permissions, permissions, mode, options.sandbox, view.root());
    let attempt = Attempt {
        options,
        stop,
        endpoint,
        view,
        gate: &gate,
        family: &family,
        hidden_variables,
        limits: *limits,
        started: *started,
    };
    let result = attempt.run(session, &mut recording, observer, spent);
    spent.end_attempt();
    let result = gate.judge(result);
    // The view is of no use once a signal came, and a patch of it may be half of one.
    let result = match stop.why() {
        Some(_) => Err(Cancel::error().into()),
        None => result,
    };
    let result = result.map_err(|error| stop.reason(error));
    let Recording { tape, prefixes } = recording;
    let result = result.map(|mut outcome| {
        if let Some(Prefixes { proved, .. }) = prefixes {
            let note = format!("{proved} requests began with the bytes of the one before");
            outcome.notes.push(note);
        }
        outcome
    });
    let Some(tape) = tape else { return result };
    let exit_code = result.as_ref().err().map_or(0, |error| error.kind().exit_code());
    // What ended the run says more than that its tape could not be written.
    let taped = tape.finish(exit_code);
    result.and_then(|outcome| match (taped, outcome.written) {
        (Ok(()), _) => Ok(outcome),
        (Err(error), None) => Err(error),
        (Err(error), Some(id)) => {
            let text = format!("{error}; the files are written, as run {id}");
            Err(Error::new(error.kind(), text))
        }
    })
}

/// The body of the first request, byte for byte. Nothing is sent.
///
/// # Errors
/// As those of a run before its first request; `Configuration` when no model is named.
pub fn first_request(
    options: &RunOptions,
    stop: &Arc<Stop>,
    observer: &mut dyn Observer,
) -> Result<Vec<u8>> {
    let mut made = || {
        let prepared = Prepared::new(options, Network::Forbidden, observer)?;
        let view = OpenView::new(options, &prepared, stop)?;
        let config = session_config(options, &prepared, &view.view, prepared.limits);
        let mut session = start_session(config)?;
        let text = options.instructions.user(options.input.as_deref());
        session.user(&text).map_err(Error::from_core)?;
        session.request().map(prefix::body).map_err(Error::from_core)
    };
    made().map_err(|error| stop.reason(error))
}

fn session_config(
    options: &RunOptions,
    prepared: &Prepared,
    view: &View,
    limits: Limits,
) -> OwnedConfig {
    let system = options.instructions.system(view.root());
    let tools = tools(options);
    let mut config = OwnedConfig { system, tools, limits, ..prepared.endpoint.session_config() };
    request_options::keep_sayable(&mut config);
    config
}

/// Takes back or finishes what an earlier commit left.
///
/// # Errors
/// As [`commit::recover`].
pub(super) fn recover(options: &RunOptions, observer: &mut dyn Observer) -> Result<()> {
    commit::recover(&options.folder)?.iter().for_each(|line| observer.recovered(line));
    Ok(())
}
