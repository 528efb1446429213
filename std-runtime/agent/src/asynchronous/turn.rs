//! A running turn, as a stream.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc;
use zerostack_core::{Step, Usage};

use super::body::AsyncBody;
use super::http::AsyncHttp;
use super::tool::{Asked, AsyncTool, run_all};
use crate::calls::{CallRules, Decision};
use crate::context::{Deps, Progress, TurnContext};
use crate::event::{AgentEvent, Call};
use crate::files::Files;
use crate::machine::{Effect, Machine};
use crate::provider::Endpoint;
use crate::recorder::Recorder;
use crate::session::OwnedSession;
use crate::tool::ToolOutput;
use crate::totals::Meter;
use crate::transport::Cancel;
use crate::{Error, Result};

/// The running turn of an [`AsyncAgent`](super::AsyncAgent): a stream of its events. Dropping it ends the request and
/// the tools at once; open calls get the result "aborted", and the conversation can continue.
pub struct AsyncTurn<'a> {
    /// Here between two events. In a box, so that a future that has it is small.
    state: Option<Box<State<'a>>>,
    /// Has the state while it makes the next event.
    advancing: Option<Advancing<'a>>,
    /// The error of the start, which is the first and only item.
    refused: Option<Error>,
}

type Advancing<'a> =
    Pin<Box<dyn Future<Output = (Box<State<'a>>, Option<Result<AgentEvent>>)> + Send + 'a>>;

/// The parts of an agent.
pub(super) struct Parts {
    pub session: OwnedSession,
    pub files: Files,
    pub endpoint: Arc<Endpoint>,
    pub http: AsyncHttp,
    pub tools: Vec<AsyncTool>,
    pub recorder: Box<dyn Recorder + Send>,
    pub rules: CallRules,
    pub meter: Meter,
    pub deps: Deps,
}

struct State<'a> {
    agent: &'a mut Parts,
    machine: Machine,
    body: Option<AsyncBody>,
    running: Option<RunningCalls>,
    over: bool,
}

/// The calls of a reply while they run, and what they say meanwhile.
struct RunningCalls {
    outputs: Pin<Box<dyn Future<Output = Vec<ToolOutput>> + Send>>,
    said: mpsc::Receiver<(Call, String)>,
    /// The results, while what was said before them is still unread.
    done: Option<Vec<ToolOutput>>,
    cancel: Cancel,
}

impl<'a> AsyncTurn<'a> {
    pub(super) fn new(agent: &'a mut Parts, refused: Option<Error>) -> Self {
        Self::deciding(agent, refused, BTreeMap::new())
    }

    pub(super) fn deciding(
        agent: &'a mut Parts,
        refused: Option<Error>,
        decisions: BTreeMap<u32, Decision>,
    ) -> Self {
        let over = refused.is_some();
        let machine = Machine::new(agent.rules, decisions, agent.meter.clone());
        let state = State { agent, machine, body: None, running: None, over };
        Self { state: Some(Box::new(state)), advancing: None, refused }
    }

    /// The next event, as from the stream; `None` if the turn is over. A future that is
    /// dropped before it is ready loses nothing.
    pub async fn next(&mut self) -> Option<Result<AgentEvent>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for AsyncTurn<'_> {
    type Item = Result<AgentEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(state) = self.state.take_if(|state| !state.over) {
            self.advancing = Some(Box::pin(state.advance()));
        }
        let Some(advancing) = &mut self.advancing else { return Poll::Ready(None) };
        let Poll::Ready((state, event)) = advancing.as_mut().poll(context) else {
            return Poll::Pending;
        };
        (self.state, self.advancing) = (Some(state), None);
        Poll::Ready(event)
    }
}

impl<'a> State<'a> {
    /// Continues until the next event.
    async fn advance(mut self: Box<Self>) -> (Box<Self>, Option<Result<AgentEvent>>) {
        let event = self.next().await.transpose();
        match &event {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                (self.over, self.body) = (true, None);
                self.machine.abort(&mut self.agent.session, Some(error));
            }
            None => self.over = true,
        }
        (self, event)
    }

    async fn next(&mut self) -> Result<Option<AgentEvent>> {
        let Self { agent, machine, body, running, .. } = self;
        let Parts { session, files, endpoint, http, tools, recorder, deps, .. } = &mut **agent;
        loop {
            if let Some(calls) = running {
                match calls.next().await {
                    Ok((call, text)) => return Ok(Some(AgentEvent::ToolProgress { call, text })),
                    Err(outputs) => {
                        *running = None;
                        machine.answered(session, outputs.into_iter().map(Ok).collect())?;
                    }
                }
            }
            let effect = machine.next(session, endpoint, &mut **recorder, files, &Asked(tools))?;
            if session.step() != Step::Receive {
                *body = None;
            }
            match effect {
                Effect::Show(event) => return Ok(Some(event)),
                Effect::Done => return Ok(None),
                Effect::Send => {
                    // In a box, so that its memory is free again while the answer arrives.
                    let sent = Box::pin(http.post(session, files, endpoint)).await;
                    let head = sent.map(|(status, retry_after_ms, received)| {
                        *body = Some(received);
                        (status, retry_after_ms)
                    });
                    machine.sent(session, endpoint, &mut **recorder, head)?;
                }
                Effect::Receive => {
                    let received = match body {
                        Some(body) if !session.is_reply_complete() => {
                            body.receive(machine.space()).await
                        }
                        Some(body) => {
                            // In a box, too: it is there once in a reply.
                            Box::pin(body.finish()).await;
                            Ok(0)
                        }
                        None => Ok(0),
                    };
                    machine.received(session, endpoint, &mut **recorder, received)?;
                }
                Effect::RunTools => {
                    let calls: Vec<Call> =
                        machine.calls(session).into_iter().map(Call::from).collect();
                    *running =
                        Some(RunningCalls::start(tools.clone(), calls, session.usage(), deps));
                }
                Effect::Wait { millis } => {
                    tokio::time::sleep(Duration::from_millis(millis.into())).await;
                    machine.waited(session)?;
                }
            }
        }
    }
}

impl RunningCalls {
    fn start(tools: Vec<AsyncTool>, calls: Vec<Call>, usage: Usage, deps: &Deps) -> Self {
        let (sender, said) = mpsc::channel(MAX_UNREAD);
        // What nobody reads in time is left out: a tool never waits for it.
        let progress: Arc<Progress> = Arc::new(move |call: &Call, text: &str| {
            let _ = sender.try_send((call.clone(), text.to_owned()));
        });
        let cancel = Cancel::new();
        let turn = TurnContext {
            usage,
            cancel: cancel.clone(),
            deps: deps.clone(),
            progress: Some(progress),
        };
        Self { outputs: Box::pin(run_all(tools, calls, turn)), said, done: None, cancel }
    }

    /// What a call says next; `Err` with the results when all are over, and all was read.
    async fn next(&mut self) -> Result<(Call, String), Vec<ToolOutput>> {
        std::future::poll_fn(|context| {
            if self.done.is_none()
                && let Poll::Ready(outputs) = self.outputs.as_mut().poll(context)
            {
                self.done = Some(outputs);
            }
            match self.said.poll_recv(context) {
                Poll::Ready(Some(said)) => Poll::Ready(Ok(said)),
                // A thread of a call that has already returned may still hold the sender.
                _ => self.done.take().map_or(Poll::Pending, |outputs| Poll::Ready(Err(outputs))),
            }
        })
        .await
    }
}

impl Drop for RunningCalls {
    fn drop(&mut self) {
        // Work that a tool has started on a thread learns that nobody waits.
        self.cancel.cancel();
    }
}

/// What calls may say before it is read.
const MAX_UNREAD: usize = 256;

impl Drop for State<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.machine.over(&self.agent.session, None);
            self.agent.session.abort();
        }
    }
}
