//! The settings of an agent.

use std::any::Any;
use std::sync::Arc;

use zerostack_core::tool::BadCallPolicy;
use zerostack_core::{Limits, OwnedConfig, ToolCall};

use crate::Result;
use crate::calls::CallRules;
use crate::context::{Deps, Progress};
use crate::conversation::Conversation;
use crate::event::Call;
use crate::provider::{self, Config, Endpoint, Flags};
use crate::recorder::Recorder;
use crate::session::open_session;
use crate::shared_toolbox::shared;
use crate::structured;
use crate::tool::Tool;
use crate::toolbox::{Gate, Sources, Toolbox};
use crate::totals::SharedBudget;
use crate::transport::{Cancel, Http, HttpOptions, Transport};

/// The settings of an [`Agent`](crate::Agent). A setting that is not given has a default.
#[derive(Default)]
pub struct AgentBuilder {
    endpoint: Option<Endpoint>,
    transport: Option<Box<dyn Transport + Send>>,
    system: String,
    tools: Vec<Tool>,
    toolboxes: Vec<Box<dyn Toolbox + Send>>,
    gate: Option<Box<Gate<'static>>>,
    recorder: Option<Box<dyn Recorder + Send>>,
    limits: Limits,
    saved: Option<Vec<u8>>,
    cancel: Cancel,
    max_repairs: Option<u8>,
    rules: CallRules,
    budget: Option<SharedBudget>,
    call_deltas: bool,
    deps: Deps,
    progress: Option<Arc<Progress>>,
}

impl AgentBuilder {
    /// The model to use, instead of the one that the environment names.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Your own transport.
    #[must_use]
    pub fn transport(mut self, transport: impl Transport + Send + 'static) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// The system prompt.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.system = text.into();
        self
    }

    /// A tool that the model may call.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// More tools, after the functions of [`tool`](Self::tool) and the toolboxes before it.
    #[must_use]
    pub fn toolbox(mut self, toolbox: impl Toolbox + Send + 'static) -> Self {
        self.toolboxes.push(shared(toolbox));
        self
    }

    /// Decides about each call before it runs. The error of a refused call is sent to the model.
    #[must_use]
    pub fn gate(
        mut self,
        gate: impl Fn(&ToolCall<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.gate = Some(Box::new(gate));
        self
    }

    /// Records all inputs of the session: a tape.
    #[must_use]
    pub fn recorder(mut self, recorder: impl Recorder + Send + 'static) -> Self {
        self.recorder = Some(Box::new(recorder));
        self
    }

    /// Continues a conversation from the bytes of [`zerostack_core::Session::snapshot`].
    #[must_use]
    pub fn saved(mut self, snapshot: impl Into<Vec<u8>>) -> Self {
        self.saved = Some(snapshot.into());
        self
    }

    /// The limits of the session.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How often the model is asked again if an answer does not have its type; 2 by default.
    #[must_use]
    pub fn max_repairs(mut self, count: u8) -> Self {
        self.max_repairs = Some(count);
        self
    }

    /// What to do with calls of unknown tools and arguments that do not fit their schema, and how many
    /// of them a turn may have. By default they are repaired if the repair is unambiguous, else
    /// reported to the model, and a turn may have 32.
    #[must_use]
    pub fn bad_calls(mut self, policy: BadCallPolicy, most: u16) -> Self {
        self.rules = CallRules { policy, most };
        self
    }

    /// Shows the arguments of calls while they come in, by [`AgentEvent::ToolCallDelta`](crate::AgentEvent::ToolCallDelta).
    #[must_use]
    pub fn call_deltas(mut self) -> Self {
        self.call_deltas = true;
        self
    }

    /// What the tools of the conversation get by [`ToolContext::deps`](crate::ToolContext::deps): a
    /// connection, the user who asks.
    #[must_use]
    pub fn deps(mut self, deps: impl Any + Send + Sync) -> Self {
        self.deps = Deps(Some(Arc::new(deps)));
        self
    }

    /// Is called with what a tool says by [`ToolContext::progress`](crate::ToolContext::progress), on the
    /// thread of the tool.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(&Call, &str) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Ends turns when `budget`, which other agents may have too, is used up.
    #[must_use]
    pub fn budget(mut self, budget: &SharedBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// The agent's conversation, and how often an answer is repaired.
    pub(crate) fn conversation(self) -> Result<(Conversation<'static>, u8)> {
        let env = |name: &str| std::env::var_os(name);
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => provider::resolve(&Flags::default(), &env, &Config::default())?,
        };
        let mut sources = Sources::default();
        sources.push(self.tools);
        self.toolboxes.into_iter().for_each(|toolbox| sources.push(toolbox));
        if let Some(gate) = self.gate {
            sources.set_gate(gate);
        }
        let (system, limits, tools) = (self.system, self.limits, sources.specs());
        let call_deltas = self.call_deltas;
        let config =
            OwnedConfig { system, tools, limits, call_deltas, ..endpoint.session_config() };
        let session = open_session(config, self.saved)?;
        let cancel = self.cancel;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Box::new(Http::new(HttpOptions::from_env(&env)?, cancel.clone())),
        };
        let mut conversation = Conversation::new(session, endpoint, transport, sources, cancel);
        conversation.set_bad_calls(self.rules.policy, self.rules.most);
        if let Some(budget) = &self.budget {
            conversation.set_budget(budget);
        }
        conversation.set_deps(self.deps);
        if let Some(progress) = self.progress {
            conversation.set_progress(progress);
        }
        let recorder = self.recorder.unwrap_or_else(|| Box::new(()));
        let max_repairs = self.max_repairs.unwrap_or(structured::MAX_REPAIRS);
        Ok((conversation.recorded(recorder), max_repairs))
    }
}
