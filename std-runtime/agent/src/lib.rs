//! An agent for Rust programs: a session, a transport and tools, driven to the end of a turn.
//!
//! ```no_run
//! use zerostack_agent::{Agent, AgentEvent};
//!
//! // The provider comes from the environment, or is a server on this machine.
//! let mut agent = Agent::builder().system("Answer in one sentence.").build()?;
//! for event in agent.run("Why is the sky blue?") {
//!     if let AgentEvent::Text(text) = event? {
//!         print!("{text}");
//!     }
//! }
//! # Ok::<(), zerostack_agent::Error>(())
//! ```
//!
//! [`Agent::another`] begins more conversations with the same model, tools and connections, which run
//! at the same time, each on its thread.
//!
//! With the feature `async` there is an `AsyncAgent` on tokio: its turn is a `Stream` of the same
//! events. Both are thin loops around one machine, so they decide alike.
//!
//! [`provider`] finds the model, [`transport`] reaches it, a [`Toolbox`] runs what it calls, and a
//! [`Recorder`] sees every byte that goes into the session. The crate reads no file of a project
//! and has no code for one operating system.

#![forbid(unsafe_code)]

mod agent;
#[cfg(feature = "async")]
mod asynchronous;
mod builder;
mod calls;
mod context;
mod conversation;
mod drive;
mod error;
mod event;
mod failure;
mod file;
mod files;
mod machine;
mod parallel;
pub mod provider;
mod recorder;
pub mod reply;
mod session;
mod shared_toolbox;
mod spans;
mod structured;
mod tool;
mod toolbox;
mod totals;
pub mod transport;

pub use agent::{Agent, Turn};
#[cfg(feature = "async")]
pub use asynchronous::{AsyncAgent, AsyncAgentBuilder, AsyncHttp, AsyncTool, AsyncTurn};
pub use builder::AgentBuilder;
pub use calls::Decision;
pub use context::{ToolContext, TurnContext};
pub use conversation::Conversation;
pub use drive::Drive;
pub use error::{Error, ErrorKind, Result};
pub use event::{AgentEvent, Call, DeferredCall, Room};
pub use file::{File, ReadAt};
pub use files::Files;
pub use machine::make_room;
pub use parallel::{in_parallel, in_parallel_up_to};
pub use recorder::Recorder;
pub use session::{OwnedSession, start_session};
pub use structured::AnswerType;
pub use tool::{Tool, ToolArgs, ToolOutput};
pub use toolbox::{Gate, Sources, Toolbox};
pub use totals::{SharedBudget, Totals};
pub use zerostack_core::tool::BadCallPolicy;
