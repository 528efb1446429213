//! The network access of tools.

mod proxy;
mod request;
mod rule;

pub use proxy::Connection;
pub(crate) use proxy::Proxy;
pub use rule::{Host, Network};
