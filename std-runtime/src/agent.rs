//! The agent for Rust programs, from `zerostack-agent`.

pub use zerostack_agent::{
    Agent, AgentBuilder, AgentEvent, Call, Conversation, Drive, File, Files, OwnedSession, ReadAt,
    Recorder, Room, Sources, Tool, ToolArgs, ToolOutput, Toolbox, Turn, in_parallel,
    in_parallel_up_to, make_room, reply, start_session,
};

/// An environment variable of this process.
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}
