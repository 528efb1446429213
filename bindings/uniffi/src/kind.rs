//! The enums without payloads, mirrored so that they can cross the border.

/// Declares an enum that mirrors one of the core's, name by name.
///
/// The core's enums may grow; a name that is not known here yet becomes the last one.
macro_rules! mirror {
    (
        $(#[$outer:meta])*
        $name:ident of $core:path, else $other:ident: $other_doc:literal {
            $($(#[$inner:meta])* $variant:ident,)*
        }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
        pub enum $name {
            $($(#[$inner])* $variant,)*
            #[doc = $other_doc]
            $other,
        }

        impl From<$core> for $name {
            fn from(core: $core) -> Self {
                use $core as Core;
                match core {
                    $(Core::$variant => Self::$variant,)*
                    _ => Self::$other,
                }
            }
        }
    };
}

/// The classes of errors, from the core's table.
macro_rules! mirror_errors {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal, $summary:literal, $place:literal, $advice:literal;)*) => {
        mirror! {
            /// The class of an error.
            ErrorKind of zerostack_core::ErrorKind, else Unknown: "A class that this version does not name." {
                $($(#[$doc])* $kind,)*
            }
        }
    };
}

zerostack_core::error_table!(mirror_errors);

mirror! {
    /// Why the model stopped.
    StopReason of zerostack_core::StopReason, else Other: "Another word; `raw_stop_reason` has it." {
        /// It finished its answer.
        EndTurn,
        /// It waits for the results of its calls.
        ToolUse,
        /// The token limit of the reply was reached.
        MaxTokens,
        /// It wrote one of the stop sequences.
        StopSequence,
        /// It refused.
        Refusal,
        /// The provider's filter stopped it.
        ContentFilter,
        /// A long turn was paused; sending the conversation again continues it.
        Pause,
    }
}

mirror! {
    /// What was dropped.
    Dropped of zerostack_core::Dropped, else Other: "Something that this version does not name." {
        /// Parts of a reply: text or reasoning that did not fit the storage; images, sound and other
        /// media, which are never kept.
        Reply,
        /// A tool result above `max_result_bytes`.
        ToolResult,
        /// Old tool results, each replaced by a line that describes it.
        OldResults,
        /// The oldest exchanges, without a replacement.
        OldExchanges,
        /// The oldest exchanges, replaced by a summary.
        Summarised,
    }
}

/// A wire format that providers speak.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum Dialect {
    /// OpenAI chat completions, and the many servers compatible with it.
    OpenAiChat,
    /// Anthropic messages.
    Anthropic,
    /// OpenAI responses, and the servers compatible with it.
    OpenAiResponses,
    /// Google Gemini, `streamGenerateContent`.
    Gemini,
    /// Ollama's own chat.
    Ollama,
}

impl Dialect {
    /// The dialect of the core; `None` for one that this version does not name.
    pub(crate) fn from_core(core: zerostack_core::Dialect) -> Option<Self> {
        use zerostack_core::Dialect as Core;
        Some(match core {
            Core::OpenAiChat => Self::OpenAiChat,
            Core::Anthropic => Self::Anthropic,
            Core::OpenAiResponses => Self::OpenAiResponses,
            Core::Gemini => Self::Gemini,
            Core::Ollama => Self::Ollama,
            _ => return None,
        })
    }
}

impl From<Dialect> for zerostack_core::Dialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::OpenAiChat => Self::OpenAiChat,
            Dialect::Anthropic => Self::Anthropic,
            Dialect::OpenAiResponses => Self::OpenAiResponses,
            Dialect::Gemini => Self::Gemini,
            Dialect::Ollama => Self::Ollama,
        }
    }
}

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum Role {
    /// The person, or the program that stands for one.
    User,
    /// The model.
    Assistant,
    /// A tool that answers a call.
    Tool,
}

impl From<zerostack_core::Role> for Role {
    fn from(core: zerostack_core::Role) -> Self {
        use zerostack_core::Role as Core;
        match core {
            Core::User => Self::User,
            Core::Assistant => Self::Assistant,
            Core::Tool => Self::Tool,
        }
    }
}

/// What happens to a turn that fails.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum FailedTurn {
    /// All of it is removed, including the user's text, as if it had never begun.
    TakeOut,
    /// The rounds that were complete stay.
    Keep,
}

impl From<FailedTurn> for zerostack_core::FailedTurn {
    fn from(failed_turn: FailedTurn) -> Self {
        match failed_turn {
            FailedTurn::TakeOut => Self::TakeOut,
            FailedTurn::Keep => Self::Keep,
        }
    }
}

impl From<zerostack_core::FailedTurn> for FailedTurn {
    fn from(core: zerostack_core::FailedTurn) -> Self {
        use zerostack_core::FailedTurn as Core;
        match core {
            Core::TakeOut => Self::TakeOut,
            Core::Keep => Self::Keep,
        }
    }
}

/// Declares an enum whose values go into the core, name by name.
macro_rules! given {
    (
        $(#[$outer:meta])*
        $name:ident of $core:path { $($(#[$inner:meta])* $variant:ident,)* }
    ) => {
        $(#[$outer])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
        pub enum $name {
            $($(#[$inner])* $variant,)*
        }

        impl From<$name> for $core {
            fn from(ours: $name) -> Self {
                match ours {
                    $($name::$variant => Self::$variant,)*
                }
            }
        }
    };
}

given! {
    /// How room is made when the window passes its high mark, or the storage lacks room.
    RoomPolicy of zerostack_core::RoomPolicy {
        /// The caller makes it, by `compact` or `drop_oldest`.
        Ask,
        /// Old tool results are replaced by a line; when that is not enough, as `DropOldest`.
        ElideResults,
        /// The oldest exchanges go.
        DropOldest,
        /// The model is asked for a summary; when none comes, as `DropOldest`.
        Summarise,
    }
}

impl From<zerostack_core::RoomPolicy> for RoomPolicy {
    fn from(core: zerostack_core::RoomPolicy) -> Self {
        use zerostack_core::RoomPolicy as Core;
        match core {
            Core::ElideResults => Self::ElideResults,
            Core::DropOldest => Self::DropOldest,
            Core::Summarise => Self::Summarise,
            _ => Self::Ask,
        }
    }
}

given! {
    /// How the tools are described to the model, and how it calls them.
    ToolMode of zerostack_core::ToolMode {
        /// By the fields that the dialect has for it.
        Native,
        /// The same; where the model writes its calls into the text, they are found there.
        Lenient,
        /// In text, for servers that know no tools.
        Text,
        /// The same, and the server holds the model to a JSON Schema of its reply.
        Schema,
    }
}

given! {
    /// The key under which OpenAI chat receives `max_output_tokens`.
    OutputLimitKey of zerostack_core::OutputLimitKey {
        /// `max_tokens`, which compatible servers know.
        MaxTokens,
        /// `max_completion_tokens`, which OpenAI's own reasoning models want.
        MaxCompletionTokens,
    }
}

given! {
    /// How long the model reasons before it answers.
    ReasoningEffort of zerostack_core::ReasoningEffort {
        /// Not at all.
        None,
        /// As little as it can.
        Minimal,
        /// A little.
        Low,
        /// As much as most tasks need.
        Medium,
        /// Much.
        High,
        /// More than that.
        XHigh,
        /// As much as it can.
        Max,
    }
}

given! {
    /// How long the provider keeps the conversation in its cache.
    CacheTtl of zerostack_core::CacheTtl {
        /// Five minutes: Anthropic.
        FiveMinutes,
        /// An hour: Anthropic.
        Hour,
        /// A day: OpenAI.
        Day,
    }
}

given! {
    /// How a response schema reaches the model.
    SchemaMode of zerostack_core::SchemaMode {
        /// In the request's field for it if the dialect and the model accept it together with the
        /// tools of the session; else as text.
        Auto,
        /// By the request's field.
        Native,
        /// As text, after each text of the user.
        Words,
    }
}

/// What to do now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, uniffi::Enum)]
pub enum Step {
    /// Nothing is open: call `user`, or stop.
    Idle,
    /// Send `request`, then call `begin_response`.
    Send,
    /// Give the body to `feed`, then call `end_response`.
    Receive,
    /// Answer each pending call by `tool_result`.
    RunTools,
    /// Wait, then call `retry`.
    Wait {
        /// How long, in milliseconds.
        millis: u32,
    },
    /// Call `make_room`, which follows the policy of the configuration; if it has none, `compact`
    /// or `drop_oldest`.
    MakeRoom {
        /// Bytes of the storage that are missing; 0 where it is the window that is too long.
        bytes: u32,
    },
    /// A step that this version does not name: `abort`.
    Unknown,
}

impl From<zerostack_core::Step> for Step {
    fn from(core: zerostack_core::Step) -> Self {
        use zerostack_core::Step as Core;
        match core {
            Core::Idle => Self::Idle,
            Core::Send => Self::Send,
            Core::Receive => Self::Receive,
            Core::RunTools => Self::RunTools,
            Core::Wait { millis } => Self::Wait { millis },
            Core::MakeRoom { bytes, .. } => Self::MakeRoom { bytes },
            _ => Self::Unknown,
        }
    }
}
