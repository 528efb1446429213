#![no_std]
#![forbid(unsafe_code)]
// Public enums are `non_exhaustive` unless an `expect` gives the reason why they cannot grow.
#![warn(clippy::exhaustive_enums)]
//! The agent core: one conversation with a language model as a state machine. User text and response bytes go in; request
//! bytes and events come out.
//!
//! The core has **no I/O, clock, random source or allocator, no `unsafe` and no panics**. It never sees a key: the caller adds
//! its own headers. One invariant holds everything together: *the caller asks [`Session::step`] what to do, does it, and asks
//! again.* A call that does not fit the step returns [`ErrorKind::WrongStep`] and changes nothing.
//!
//! # When not to use it
//!
//! If you want an agent that already does I/O, use the runtime for your platform: the crate `zerostack-agent` for Rust
//! programs, the packages for Python, Swift and C, or the `drive` module (feature `drive`) on a microcontroller. All of them
//! drive this machine. Use the core directly if you bring your own transport, scheduler or memory.
//!
//! # The loop
//!
//! 1. Create a [`Session`] in storage that you own, with a [`SessionConfig`].
//! 2. `Idle`: add the user's text with [`user`](Session::user), or stop.
//! 3. `Send`: write [`request`](Session::request) to a connection, and pass the status to
//!    [`begin_response`](Session::begin_response).
//! 4. `Receive`: pass the body to [`feed`](Session::feed) in chunks of any size; at its end call
//!    [`end_response`](Session::end_response).
//! 5. `RunTools`: run each [`pending_call`](Session::pending_call), and answer with [`tool_result`](Session::tool_result).
//! 6. `Wait`: sleep, then [`retry`](Session::retry). `MakeRoom`: call [`drop_oldest`](Session::drop_oldest), or
//!    `make_room` to follow a policy.
//!
//! ```
//! use zerostack_core::{Error, Event, Dialect, Session, SessionConfig, Step, ToolResult, ToolSpec};
//!
//! fn agent(question: &str, http: &mut impl Http, answer: &mut String) -> Result<(), Error> {
//!     let tools = [ToolSpec {
//!         name: "read_sensor",
//!         description: "Reads the temperature in degrees Celsius.",
//!         parameters: r#"{"type":"object","properties":{}}"#,
//!     }];
//!     let config = SessionConfig { tools: &tools, ..SessionConfig::new(Dialect::Anthropic, "some-model") };
//!     let mut session = Session::new([0_u8; 4096], &config)?;
//!     session.user(question)?;
//!     loop {
//!         match session.step() {
//!             Step::Idle => return Ok(()),
//!             Step::Send => {
//!                 let mut request = session.request()?;
//!                 let mut piece = [0; 256];
//!                 http.begin(&request.path_parts().concat(), request.body_len());
//!                 loop {
//!                     match request.read(&mut piece) {
//!                         0 => break,
//!                         n => http.write(&piece[..n]),
//!                     }
//!                 }
//!                 let status = http.status();
//!                 session.begin_response(status, None)?;
//!             }
//!             Step::Receive => {
//!                 let chunk = http.read();
//!                 let mut rest = &chunk[..];
//!                 while !rest.is_empty() && session.step() == Step::Receive {
//!                     let fed = session.feed(rest)?;
//!                     rest = &rest[fed.used..];
//!                     if let Some(Event::TextDelta(text)) = fed.event {
//!                         answer.push_str(text);
//!                     }
//!                 }
//!                 if chunk.is_empty() {
//!                     if let Event::Restart = session.end_response()? {
//!                         answer.clear();
//!                     }
//!                 }
//!             }
//!             Step::RunTools => {
//!                 let id = session.pending_call().expect("a step has a call").id;
//!                 session.tool_result(ToolResult { id, content: "21", is_error: false })?;
//!             }
//!             Step::Wait { millis } => {
//!                 http.sleep(millis);
//!                 session.retry()?;
//!             }
//!             // `MakeRoom`: the storage is full.
//!             _ => drop(session.drop_oldest()?),
//!         }
//!     }
//! }
//! # /// The caller's HTTP client.
//! # trait Http {
//! #     fn begin(&mut self, path: &str, body_len: usize);
//! #     fn write(&mut self, bytes: &[u8]);
//! #     fn status(&mut self) -> u16;
//! #     fn read(&mut self) -> Vec<u8>;
//! #     fn sleep(&mut self, millis: u32);
//! # }
//! # /// Replies that are played in their order, in chunks of 7 bytes.
//! # struct Played(Vec<&'static str>, &'static [u8]);
//! # impl Http for Played {
//! #     fn begin(&mut self, path: &str, body_len: usize) { assert!(path.ends_with("/messages") && body_len > 0); }
//! #     fn write(&mut self, _: &[u8]) {}
//! #     fn status(&mut self) -> u16 { self.1 = self.0.remove(0).as_bytes(); 200 }
//! #     fn read(&mut self) -> Vec<u8> {
//! #         let (chunk, rest) = self.1.split_at(self.1.len().min(7));
//! #         self.1 = rest;
//! #         chunk.to_vec()
//! #     }
//! #     fn sleep(&mut self, _: u32) {}
//! # }
//! # let call = "data: {\"type\":\"message_start\",\"message\":{}}\n\n\
//! #     data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"read_sensor\",\"input\":{}}}\n\n\
//! #     data: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
//! #     data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n\
//! #     data: {\"type\":\"message_stop\"}\n\n";
//! # let text = "data: {\"type\":\"message_start\",\"message\":{}}\n\n\
//! #     data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
//! #     data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"21 degrees.\"}}\n\n\
//! #     data: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
//! #     data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
//! #     data: {\"type\":\"message_stop\"}\n\n";
//! # let mut answer = String::new();
//! # agent("How warm is it?", &mut Played(vec![call, text], b""), &mut answer)?;
//! # assert_eq!(answer, "21 degrees.");
//! # Ok::<(), Error>(())
//! ```
//!
//! # What else a session does
//!
//! The [guides](guide) have an example for each.
//!
//! - **Save and resume.** [`snapshot`](Session::snapshot) is the transcript as bytes, `journal` frames append to a file, and
//!   [`JsonLines`] is the form for people and other programs. [`Session::resume`] continues in the step of the saved session.
//! - **Rewind.** [`rollback`](Session::rollback) returns to an earlier place, [`fork`](Session::fork) continues from it in other
//!   storage, [`abort`](Session::abort) ends a turn at any byte.
//! - **Limit.** [`Limits`] bounds rounds, tokens, cost, time, retries and repeated calls. The feature `window` counts tokens and
//!   makes room when the context is full.
//! - **Help around it.** [`tool`] reads arguments and checks them against their schema, [`prompt`] reads prompt files,
//!   [`tokenizer`] counts tokens exactly, [`wire`] has the SSE, JSON and HTTP/1.1 readers by themselves.
//!
//! # Errors and panics
//!
//! Every call returns [`Error`], which is `Copy`: a stable number and a detail. A call that fails changes nothing, unless its
//! documentation states that the turn failed; [`failure`](Session::failure) then has the provider's own message. The core does
//! not panic on any input, and an image for Cortex-M that makes every call links without a panic symbol. All response bytes are
//! treated as hostile: depth, length and work are bounded, and the limit that was reached is named.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `openai-chat`, `anthropic`, `openai-responses`, `gemini`, `ollama` | one dialect each |
//! | `all-dialects` | all of these; on by default |
//! | `window` | token counts, room by policy, budgets of a turn, repeated calls; on by default |
//! | `local-models` | calls in text or JSON Schema, and calls found in text, see [`ToolMode`]; on by default |
//! | `options` | the options of a request, see [`RequestOptions`]; on by default |
//! | `profiles` | what a server refuses or demands beyond its dialect, see [`Profile`]; on by default |
//! | `attachments` | images, audio, documents and other files in messages, see [`Attachment`]; on by default |
//! | `call-deltas` | the arguments of calls as they arrive, if the configuration asks for them; on by default |
//! | `structured` | answers that are checked and corrected, see [`ResponseSchema`]; on by default |
//! | `schema-patterns` | `pattern` and `patternProperties` of a JSON Schema, see [`tool::schema`]; on by default |
//! | `alloc` | storage that grows, a configuration that owns its strings |
//! | `outline` | decodes streams faster, for a kilobyte of state a session |
//! | `std` | `alloc` and `outline` |
//! | `drive`, `drive-async` | the whole loop over `embedded-io` and `embedded-io-async`, see `drive` |
//! | `derive` | a tool's schema from a struct, see [`tool::typed`] |
//! | `unicode-pages` | a tokenizer for PCs: character classes as pages of 23 KB instead of ranges of 9 KB, and the fast tables of a packed vocabulary |

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "drive")]
pub mod drive;
mod error;
pub mod guide;
mod message;
pub mod prompt;
mod provider;
mod session;
pub mod tokenizer;
pub mod tool;
mod transcript;
#[cfg_attr(
    not(feature = "all-dialects"),
    allow(dead_code, unused_macros, unused_imports, reason = "each dialect uses a part")
)]
pub mod wire;

pub use error::{Error, ErrorKind, ResponseRule};
#[cfg(feature = "attachments")]
pub use message::{Attachment, AttachmentKind, AttachmentSource, media_type_of};
pub use message::{
    CallId, Dialect, Dropped, Event, EventJson, Fed, Part, Role, StopReason, ToolCall, ToolResult,
    ToolSpec, Usage,
};
#[cfg(feature = "profiles")]
pub use provider::{
    AttachmentForm, CacheControl, CallIdForm, InstructionRole, KnownHost, Profile, ProfileField,
    ReasoningForm, SchemaForm, SystemRole,
};
#[cfg(feature = "attachments")]
pub use provider::{AttachmentReader, WantedBytes};
pub use provider::{
    Budget, Config, CountTokens, Counting, FailedTurn, Limits, OutputLimitKey, Prices, Request,
    RequestOption, RequestPlace, RoomPolicy, SessionConfig, ToolMode,
};
#[cfg(feature = "options")]
pub use provider::{
    CacheTtl, ReasoningEffort, RequestOptions, ResponseSchema, SchemaMode, Thousandths, ToolChoice,
};
#[cfg(feature = "alloc")]
pub use provider::{OwnedConfig, OwnedTool};
#[cfg(all(feature = "options", feature = "alloc"))]
pub use provider::{OwnedOptions, OwnedResponseSchema, OwnedToolChoice};
#[cfg(feature = "window")]
pub use session::WindowTokens;
pub use session::{Checkpoint, Failure, Session, Step};
#[cfg(feature = "alloc")]
pub use transcript::Growing;
pub use transcript::{
    Answer, Entries, Entry, EntryPlace, Frame, Journal, JsonLines, JsonLinesReader, LineFault,
    Restored, Storage, Transcript, TranscriptBuilder,
};
