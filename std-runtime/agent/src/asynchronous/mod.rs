//! The async agent: the same turns on tokio and rustls.

mod agent;
mod body;
mod connect;
mod exchange;
mod head;
mod http;
mod pool;
mod request;
mod stream;
mod tls;
mod tool;
mod turn;

pub use agent::{AsyncAgent, AsyncAgentBuilder};
pub use http::AsyncHttp;
pub use tool::AsyncTool;
pub use turn::AsyncTurn;
