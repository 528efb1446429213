//! A provider that plays a script: a small HTTP server on a real loopback socket.
//!
//! Tests use it end to end, and `zerostack try` runs on it without key and network.
//! It answers each `POST` with the next [`Reply`] of its [`Script`], in the dialect of the path
//! (`…/chat/completions`, `…/responses`, `…/messages`, `…:generateContent`, `…/api/chat`), streamed if
//! the request asks for it in the form of that dialect, and keeps every [`Request`] for assertions.
//! `GET …/models` and `…/api/tags` list the models of the script; any other path is answered 404.
//! If no reply is left, or no reply fits the request, it answers 410, which clients do not retry,
//! with an error body that names the fault.
//!
//! ```
//! use serde_json::json;
//! use zerostack_scripted::{Reply, Script, Scripted};
//!
//! let script = Script::new()
//!     .call("read", json!({"path": "src/lib.rs"}))
//!     .text("It is empty.")
//!     .reply(Reply::status(429).header("retry-after", "2"))
//!     .reply(Reply::new().text("Cut here").cut(40));
//! let provider = Scripted::start(script)?;
//! assert!(provider.base_url().starts_with("http://127.0.0.1:"));
//! assert!(provider.requests().is_empty());
//! # Ok::<(), zerostack_scripted::Error>(())
//! ```
//!
//! # Assertions
//! ```
//! use zerostack_scripted::{Script, Scripted};
//!
//! let provider = Scripted::start(Script::new())?;
//! // Run the agent here; then:
//! provider.assert_played(); // every reply of the script
//! provider.assert_requests(0); // and no more requests
//! provider.assert_grows(); // each begins with the previous one, so the prompt cache serves it
//! # Ok::<(), zerostack_scripted::Error>(())
//! ```
//! `Request::assert_contains`, `messages`, `tools` and `model` inspect one of them, in every dialect.
//!
//! # Scripts as files
//! TOML, or JSON of the same shape when the file's name ends in `.json`:
//!
//! ```toml
//! models = ["scripted"]                # what GET …/models lists; this is the default
//!
//! [[replies]]                          # played in order, each once
//! when = { contains = ["FAILED"], lacks = ["fixed"] }   # strings in the request; else skipped
//! repeat = false                       # true: again and again, as long as it fits
//! status = 200
//! headers = { retry-after = "2" }
//! parts = [                            # the model's reply, or one of error, body, wire below
//!   { reasoning = "Let me see." },
//!   { text = "I run the tests." },     # one delta each
//!   { call = { name = "bash", arguments = { command = "make test" } } },
//!   { error = { code = "overloaded_error", message = "in the middle" } },   # ends the stream
//! ]                                    # a string as arguments is sent unchanged
//! stop = "tool-calls"                  # end, tool-calls, length, refusal, none; else the fitting one
//! usage = { input = 10, output = 5, cached = 0 }        # else counted, 4 bytes a token
//! delay_ms = 0                         # before the head
//! pieces = 7                           # bytes of one write; else one event
//! random_pieces = 1                    # a seed: writes of 1 to 31 bytes
//! cut = 100                            # close the connection after this many bytes of the body
//! reset = 100                          # the same with a TCP reset
//! stall = 100                          # stop there until the client is gone
//! framing = "chunked"                  # length, close
//!
//! [[replies]]
//! status = 429                         # from 400 on an error body is the default
//! error = { code = "insufficient_quota", message = "no money" }
//!
//! [[replies]]
//! body = "<html></html>"               # these bytes
//! content_type = "text/html"           # else the type that fits the request
//!
//! [[replies]]
//! wire = "HTTP/1.1 200 OK\r\n"         # these bytes in place of head and body, then the end
//! ```

mod assertion;
mod connections;
mod deliver;
mod dialect;
mod error;
mod request;
mod script;
mod server;

pub use error::{Error, ErrorKind, Result};
pub use request::Request;
pub use script::{Framing, Reply, Script, Stop};
pub use server::{Scripted, ScriptedOptions};
