//! A conversation: a session, its loop and its tools. It takes any number of turns of the user.

use std::time::Instant;

use zerostack_core::{Limits, Usage};

use super::family::Member;
use super::last_reply::LastReply;
use super::tools::Tools;
use super::{RunOptions, Stop};
use crate::Result;
use crate::agent::{self, AgentEvent, File, Files, OwnedSession, Recorder};
use crate::provider::{BadCalls, Endpoint};
use crate::sessions::Saved;
use crate::transport::{Http, HttpOptions};

/// One conversation with a model, which works in one workspace.
pub(super) struct Conversation<'a> {
    inner: agent::Conversation<'a>,
    member: &'a Member<'a>,
    last: LastReply,
    /// The usage of the finished turns.
    before: Usage,
    rounds: u32,
    /// When its open request was first sent.
    asked: Instant,
    /// The usage of the current reply.
    of_reply: Usage,
    /// The session in which it is saved.
    saved: Option<&'a mut Saved>,
}

impl<'a> Conversation<'a> {
    /// A conversation of `session`, which `recorder` records and the front of `member` shows.
    pub(super) fn new(
        session: OwnedSession,
        endpoint: &Endpoint,
        transport: Http,
        tools: &'a Tools<'a>,
        recorder: impl Recorder + Send + 'a,
        member: &'a Member<'a>,
    ) -> Self {
        let cancel = tools.stop().cancel().clone();
        let sources = tools.sources();
        let inner = agent::Conversation::new(session, endpoint.clone(), transport, sources, cancel);
        Self {
            inner: inner.recorded(recorder),
            member,
            last: LastReply::default(),
            before: Usage::default(),
            rounds: 0,
            asked: Instant::now(),
            of_reply: Usage::default(),
            saved: None,
        }
    }

    /// What to do with calls that cannot run.
    pub(super) fn with_bad_calls(mut self, BadCalls { policy, most }: BadCalls) -> Self {
        self.inner.set_bad_calls(policy, most);
        self
    }

    /// Saves it in `saved` as it continues; `files` are those that it has already.
    pub(super) fn saved_in(mut self, saved: Option<&'a mut Saved>, files: Files) -> Self {
        self.saved = saved;
        *self.inner.files_mut() = files;
        self
    }

    /// Sends `text` with `attached`, and continues until the model has ended; the front shows each
    /// event.
    ///
    /// # Errors
    /// Whatever ended the turn, or a last reply that is not the model's whole answer.
    pub(super) fn turn(&mut self, text: &str, attached: &[File]) -> Result<()> {
        self.inner.say_with(text, attached)?;
        self.save();
        let ended = self.drive();
        self.save();
        self.before = self.before.plus(self.inner.usage());
        ended?;
        self.last.check(self.inner.endpoint(), self.inner.session().raw_stop_reason())
    }

    fn drive(&mut self) -> Result<()> {
        self.asked = Instant::now();
        while let Some(event) = self.inner.next_event()? {
            self.last.take(&event)?;
            self.member.show(&event)?;
            match event {
                AgentEvent::Usage(usage) => self.of_reply = usage,
                AgentEvent::End(_) => {
                    self.rounds += 1;
                    let (usage, duration) =
                        (std::mem::take(&mut self.of_reply), self.asked.elapsed());
                    self.member.show_round(self.rounds, usage, duration)?;
                    self.save();
                }
                AgentEvent::ToolResult { .. } => {
                    self.asked = Instant::now();
                    self.save();
                }
                _ => {}
            }
            let used = self.before.plus(self.inner.usage());
            self.member.report(used, self.rounds)?;
        }
        Ok(())
    }

    fn save(&mut self) {
        if let Some(saved) = &mut self.saved {
            saved.keep_files(self.inner.files_mut());
            saved.save(self.inner.session());
        }
    }

    /// The text of the last reply.
    pub(super) fn answer(&self) -> &str {
        &self.last.text
    }

    /// The number of its replies so far.
    pub(super) fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Tokens of the last turn.
    pub(super) fn usage(&self) -> Usage {
        self.inner.usage()
    }

    /// The same conversation with other limits for the following turns.
    ///
    /// # Errors
    /// As [`agent::Conversation::with_limits`].
    pub(super) fn with_limits(self, limits: Limits) -> Result<Self> {
        Ok(Self { inner: self.inner.with_limits(limits)?, ..self })
    }

    /// The session, to continue later, and its files.
    pub(super) fn into_parts(self) -> (OwnedSession, Files) {
        self.inner.into_parts()
    }
}

/// The transport to the model.
///
/// # Errors
/// `Configuration` if the environment names a proxy or certificates that cannot be used.
pub(super) fn transport(options: &RunOptions, stop: &Stop) -> Result<Http> {
    let mut http = HttpOptions::from_env(&crate::agent::variable)?;
    http.idle_timeout = options.idle_limit.unwrap_or(http.idle_timeout);
    Ok(Http::new(http, stop.cancel().clone()))
}
