//! The one error of this crate: small, `Copy`, the same in every feature set.

mod decimal;
mod rule;
mod table;

use core::fmt;

pub(crate) use decimal::Decimal;
pub use rule::ResponseRule;

/// Why a call was refused or a reply could not be used.
///
/// Numbers, no text: a microcontroller can log them, C can pass them on. `Display` is for people:
/// what is wrong, where, and what to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error {
    kind: ErrorKind,
    /// For `BadResponse` the rule is above the bits of the offset: a field of its own would be
    /// written at each place that returns an error, which is a kilobyte of flash.
    detail: u32,
}

/// The bits of the offset of a `BadResponse`.
const OFFSET_BITS: u32 = 28;
const OFFSET_MAX: u32 = (1 << OFFSET_BITS) - 1;

/// Defines the enum, its list and its texts from the rows of [`error_table`](crate::error_table).
macro_rules! define {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal, $summary:literal, $place:literal, $advice:literal;)*) => {
        /// The class of an [`Error`]. The numbers are stable: they are the status codes of the C ABI.
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum ErrorKind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl ErrorKind {
            /// Every kind, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// The name in JSON output: lower case, words joined by `_`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The error without the detail, for a person.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self {
                    $(Self::$kind => $summary,)*
                }
            }

            /// Where it is wrong, with `{n}` for the detail; and what to do.
            const fn place_and_advice(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$kind => ($place, $advice),)*
                }
            }
        }
    };
}

crate::error_table!(define);

impl Error {
    pub(crate) const fn new(kind: ErrorKind, detail: u32) -> Self {
        Self { kind, detail }
    }

    pub(crate) fn full(missing: usize) -> Self {
        Self::new(ErrorKind::Full, u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// The response breaks `rule`; its reader adds the place with [`at`](Self::at).
    pub(crate) const fn broken(rule: ResponseRule) -> Self {
        Self::new(ErrorKind::BadResponse, (rule as u32) << OFFSET_BITS)
    }

    /// The same `BadResponse`, at this byte.
    pub(crate) const fn at(self, offset: u32) -> Self {
        let offset = if offset < OFFSET_MAX { offset } else { OFFSET_MAX };
        Self { detail: self.detail & !OFFSET_MAX | offset, ..self }
    }

    /// The error of these parts, for a caller that keeps them as numbers: its [`kind`](Self::kind),
    /// [`detail`](Self::detail) and [`broken_rule`](Self::broken_rule).
    #[must_use]
    pub const fn from_parts(kind: ErrorKind, detail: u32, rule: Option<ResponseRule>) -> Self {
        match (kind, rule) {
            (ErrorKind::BadResponse, Some(rule)) => Self::broken(rule).at(detail),
            (ErrorKind::BadResponse, None) => Self::new(kind, 0).at(detail),
            _ => Self::new(kind, detail),
        }
    }

    /// The class of the error.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        self.kind
    }

    /// A number whose meaning depends on the kind; the methods below name the most common ones.
    #[must_use]
    pub const fn detail(self) -> u32 {
        match self.kind {
            ErrorKind::BadResponse => self.detail & OFFSET_MAX,
            _ => self.detail,
        }
    }

    /// The rule that a response broke, for [`ErrorKind::BadResponse`].
    #[must_use]
    pub const fn broken_rule(self) -> Option<ResponseRule> {
        match self.kind {
            ErrorKind::BadResponse => ResponseRule::from_number(self.detail >> OFFSET_BITS),
            _ => None,
        }
    }

    /// Where it is wrong, in bytes from the start of the input; `None` for a kind without a place.
    #[must_use]
    pub const fn offset(self) -> Option<u32> {
        use ErrorKind as E;
        match self.kind {
            E::BadResponse | E::BadTranscript | E::BadJson | E::BadHttp | E::HttpEncoding => {
                Some(self.detail())
            }
            E::BadArguments | E::BadSchema | E::MissingPlaceholder | E::BadAnswer => {
                Some(self.detail)
            }
            _ => None,
        }
    }

    /// How many bytes there were before the response ended too early.
    #[must_use]
    pub const fn received_bytes(self) -> Option<u32> {
        match self.kind {
            ErrorKind::Cut | ErrorKind::HttpCut => Some(self.detail),
            _ => None,
        }
    }

    /// How many bytes are missing in the storage, or, for a slice that was lent to be filled, how
    /// long it must be.
    #[must_use]
    pub const fn missing_bytes(self) -> Option<u32> {
        match self.kind {
            ErrorKind::Full => Some(self.detail),
            _ => None,
        }
    }

    /// The HTTP status of a provider's refusal; 200 for an error inside a stream.
    #[must_use]
    pub const fn http_status(self) -> Option<u32> {
        match self.kind {
            ErrorKind::Status => Some(self.detail),
            _ => None,
        }
    }

    /// The index of the tool that the configuration cannot have.
    #[must_use]
    pub const fn tool_index(self) -> Option<u32> {
        match self.kind {
            ErrorKind::BadConfig if self.detail != u32::MAX => Some(self.detail),
            _ => None,
        }
    }

    /// The index or number of the attachment.
    #[must_use]
    pub const fn attachment(self) -> Option<u32> {
        use ErrorKind as E;
        match self.kind {
            E::BadAttachment
            | E::UnsupportedAttachment
            | E::MissingAttachment
            | E::AttachmentLength => Some(self.detail),
            _ => None,
        }
    }
}

impl Error {
    /// Gives the sentence for a person to `out`, in pieces and without `core::fmt`.
    pub fn pieces(self, out: &mut dyn FnMut(&str)) {
        let n = self.detail();
        let digits = Decimal::new(n);
        match self.kind {
            ErrorKind::Limit => match n {
                1 => return out("the turn used all of its requests"),
                2 => return out("the turn used all of its tokens"),
                3 => return out("the turn used all of its money"),
                4 => return out("the turn used all of its time"),
                5 => return out("the model makes the same call again and again"),
                6 => return out("the model made too many calls in one reply"),
                _ => {}
            },
            ErrorKind::IncludeDepth if n == INCLUDES_MAX => {
                out("a prompt includes more than ");
                out(digits.as_str());
                return out(" prompts, including nested ones");
            }
            _ => {}
        }
        let (place, advice) = self.kind.place_and_advice();
        out(self.kind.summary());
        match self.kind {
            ErrorKind::BadConfig if n == u32::MAX => {}
            ErrorKind::BadOption | ErrorKind::UnsupportedOption => {
                out(": ");
                out(option_name(n));
                if self.kind == ErrorKind::BadOption {
                    let index = (n as usize).wrapping_sub(1);
                    out(OPTION_ADVICE.get(index).copied().unwrap_or_default());
                }
            }
            _ => {
                let at = place.bytes().position(|byte| byte == b'{').unwrap_or(place.len());
                out(place.get(..at).unwrap_or_default());
                if let Some(after) = place.get(at..).and_then(|rest| rest.strip_prefix("{n}")) {
                    out(digits.as_str());
                    out(after);
                }
            }
        }
        if let Some(rule) = self.broken_rule() {
            out(": ");
            out(rule.message());
        }
        out(advice);
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = Ok(());
        self.pieces(&mut |piece| {
            if written.is_ok() {
                written = f.write_str(piece);
            }
        });
        written
    }
}

impl core::error::Error for Error {}

/// Prompts that one prompt includes; here, so that the error differs from that of the depth.
pub(crate) const INCLUDES_MAX: u32 = 256;

/// The names of the request options, from number 1 on; here, so that the error can name them.
pub(crate) const OPTION_NAMES: [&str; 15] = [
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "reasoning_effort",
    "tool_choice",
    "parallel_tool_calls",
    "service_tier",
    "user",
    "cache_ttl",
    "response_schema",
    "extra",
];

/// What each of them takes, as the end of an error's sentence.
const OPTION_ADVICE: [&str; 15] = [
    "; give 0 to 2, for anthropic 0 to 1",
    "; give 0 to 1",
    "; give 1 or more",
    "; give -2 to 2",
    "; give -2 to 2",
    "; give 0 to 2147483647",
    "; give texts that are not empty, for openai-chat at most 4, for gemini 5",
    "",
    "; give the tools of the session, and the name of one of them",
    "",
    "; give a word, or leave it out",
    "; give a name, or leave it out",
    "",
    "; give a JSON object that is neither too deep nor longer than 64 KiB, and a name of at most 64 letters, digits, _ and -",
    "; give one JSON object without members that the session or an option writes",
];

/// The number of a whole profile in errors about options; those of its fields follow.
pub(crate) const PROFILE_NUMBER: u32 = 63;

/// The names of the fields of a profile.
pub(crate) const PROFILE_FIELD_NAMES: [&str; 12] = [
    "stream",
    "stream_options",
    "cache_control",
    "include",
    "system_role",
    "instruction_role",
    "output_limit_key",
    "reasoning",
    "call_ids",
    "schemas",
    "stream_arguments",
    "attachments",
];

fn option_name(number: u32) -> &'static str {
    let number = number as usize;
    let option = number.checked_sub(1).and_then(|index| OPTION_NAMES.get(index));
    let field = match number.checked_sub(PROFILE_NUMBER as usize) {
        Some(0) => Some(&"profile"),
        Some(index) => PROFILE_FIELD_NAMES.get(index - 1),
        None => None,
    };
    option.or(field).copied().unwrap_or("unknown")
}
