//! The values of the fields of a profile, and their names in files.

/// An enum of a profile: its values with their names in files.
macro_rules! named {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$of_one:meta])* $one:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$about])*
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$of_one])* $one),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$one),+];
            /// Their names, in the same order.
            pub(super) const NAMES: &[&str] = &[$($text),+];

            /// The name that commands and files use.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$one => $text),+
                }
            }

            /// The one with this [`name`](Self::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// The places of Anthropic's cache marks.
    CacheControl {
        /// After the system prompt or the tools, and at the top of the request, which Anthropic
        /// calls automatic caching.
        Automatic = "automatic",
        /// After the system prompt or the tools alone.
        Blocks = "blocks",
        /// Nowhere.
        None = "none",
    }
}

named! {
    /// The role of the system prompt in OpenAI chat.
    SystemRole {
        /// `system`, which every server knows.
        System = "system",
        /// `developer`, as OpenAI calls it since its reasoning models.
        Developer = "developer",
    }
}

named! {
    /// The role of an instruction in mid-conversation, see [`crate::Session::instruct`].
    InstructionRole {
        /// The user's, in tags that mark it.
        User = "user",
        /// `system`, where templates take it at any place.
        System = "system",
        /// `developer`, as OpenAI calls it.
        Developer = "developer",
    }
}

named! {
    /// Which reasoning goes back to the server, and in which field.
    ReasoningForm {
        /// None at all.
        None = "none",
        /// `reasoning_content` of OpenAI chat. A message of calls always has it, empty if the
        /// model did not reason.
        ReasoningContent = "reasoning_content",
        /// `reasoning` of OpenAI chat.
        Reasoning = "reasoning",
        /// `reasoning_details` of OpenAI chat, as OpenRouter and MiniMax have it.
        ReasoningDetails = "reasoning_details",
        /// The blocks or the field `thinking` of Anthropic and Ollama.
        Thinking = "thinking",
    }
}

named! {
    /// The call ids that the server accepts. Others are replaced by ids made from the position of the call.
    CallIdForm {
        /// Of any form and length.
        Any = "any",
        /// To 40 bytes.
        FortyBytes = "forty-bytes",
        /// Letters, digits, `_` and `-`, to 64.
        Words = "words",
        /// Nine letters and digits, which every server takes.
        NineLetters = "nine-letters",
    }
}

named! {
    /// Which attachments the server takes. A line of text describes the others.
    AttachmentForm {
        /// All that the dialect has a place for.
        All = "all",
        /// Images alone.
        Images = "images",
        /// None at all.
        None = "none",
    }
}

named! {
    /// Which schemas of tools the server takes.
    SchemaForm {
        /// Unchanged JSON Schema.
        AsTheyAre = "as-they-are",
        /// Tools whose schema fits OpenAI's strict form are sent as strict: each object has
        /// `additionalProperties` false and requires all of its properties. Others are sent unchanged.
        Strict = "strict",
    }
}
