//! What a response must be.

/// The rule that a response broke, see [`Error::broken_rule`](crate::Error::broken_rule). The
/// numbers are stable.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ResponseRule {
    /// The body, or the data of an event, is JSON.
    Json = 1,
    /// Each text in it is UTF-8.
    Utf8 = 2,
    /// The end marker of a stream is whole.
    EndMarker = 3,
    /// The JSON is that of the dialect.
    Dialect = 4,
    /// The body is not a web page.
    NoPage = 5,
    /// A body that is complete holds an answer.
    Answer = 6,
    /// The reply has one choice: the parts of another are not mixed with it.
    OneChoice = 7,
    /// A summary is a whole text, not one that was cut off, refused, or goes on with the work.
    WholeSummary = 8,
    /// Arguments that come by path come in the order of one document, one string at a time.
    ArgumentPath = 9,
}

impl ResponseRule {
    /// The rule of this number; `None` for 0 and for an unknown number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Json,
            2 => Self::Utf8,
            3 => Self::EndMarker,
            4 => Self::Dialect,
            5 => Self::NoPage,
            6 => Self::Answer,
            7 => Self::OneChoice,
            8 => Self::WholeSummary,
            9 => Self::ArgumentPath,
            _ => return None,
        })
    }

    /// How the response breaks it, for a person: a clause without a full stop.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Json => "the text is not JSON",
            Self::Utf8 => "a text is not UTF-8",
            Self::EndMarker => "the end marker is broken",
            Self::Dialect => "the JSON is not that of the dialect",
            Self::NoPage => "it is a web page",
            Self::Answer => "it holds no answer",
            Self::OneChoice => "a second choice is mixed with the first one",
            Self::WholeSummary => "it is no whole summary",
            Self::ArgumentPath => {
                "the pieces of the arguments of a call are not in the order of one document"
            }
        }
    }
}
