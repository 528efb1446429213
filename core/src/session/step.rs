//! What the caller must do next.

use crate::{Error, ErrorKind};

/// What to do now. `Copy`, and asking is free.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// Nothing is open: add a message with [`crate::Session::user`], or stop.
    Idle,
    /// Send [`crate::Session::request`], then call [`crate::Session::begin_response`].
    Send,
    /// Give the body to [`crate::Session::feed`], then call [`crate::Session::end_response`].
    Receive,
    /// Answer each [`crate::Session::pending_call`] by [`crate::Session::tool_result`].
    RunTools,
    /// Wait, then call [`crate::Session::retry`].
    Wait {
        /// How long, in milliseconds.
        millis: u32,
    },
    /// Call [`crate::Session::make_room`], which follows the configuration; if that is
    /// nothing, [`crate::Session::compact`] or [`crate::Session::drop_oldest`].
    MakeRoom {
        /// Bytes of the storage that are missing; 0 where it is the window that is too long.
        bytes: u32,
    },
}

impl Step {
    /// A stable number for the kind of step, for borders without enums.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Idle => 0,
            Self::Send => 1,
            Self::Receive => 2,
            Self::RunTools => 3,
            Self::Wait { .. } => 4,
            Self::MakeRoom { .. } => 5,
        }
    }

    /// The name in JSON output: lower case, words joined by `_`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::RunTools => "run_tools",
            Self::Wait { .. } => "wait",
            Self::MakeRoom { .. } => "make_room",
        }
    }
}

pub(crate) const fn wrong_step(step: Step) -> Error {
    Error::new(ErrorKind::WrongStep, step.number())
}
