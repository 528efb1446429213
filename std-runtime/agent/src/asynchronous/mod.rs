//! The async agent: the same turns on tokio, hyper and rustls.

mod agent;
mod body;
mod http;
mod tool;
mod turn;

pub use agent::{AsyncAgent, AsyncAgentBuilder};
pub use http::AsyncHttp;
pub use tool::AsyncTool;
pub use turn::AsyncTurn;
