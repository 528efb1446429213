//! The fault of a prompt and its place, packed into the detail of an [`Error`].

use crate::error::{Error, ErrorKind};

/// The fault in the front matter of a prompt, and its place.
///
/// The detail of a [`BadPrompt`](ErrorKind::BadPrompt) error is `line << 18 | column << 6 | reason`:
/// 14 bits for the line, 12 for the column, both counted from 1 and saturated if they do not fit,
/// and 6 for the number of the [`Reason`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The line of the file, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
    /// The fault.
    pub reason: Reason,
}

impl Fault {
    /// The fault of `error`, if it is an error of a prompt's text.
    pub fn of(error: Error) -> Option<Self> {
        let packs_place = matches!(error.kind(), ErrorKind::BadPrompt | ErrorKind::UnknownPrompt);
        let detail = error.detail();
        let number = detail & REASON_MASK;
        let reason = Reason::ALL.into_iter().find(|r| *r as u32 == number)?;
        let column = detail.checked_shr(REASON_BITS)? & COLUMN_MASK;
        let line = detail.checked_shr(REASON_BITS.saturating_add(COLUMN_BITS))?;
        packs_place.then_some(Self { line, column, reason })
    }

    /// The fault at byte `at` of `text`.
    pub(super) fn at(text: &str, at: usize, reason: Reason) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count().saturating_add(1);
        let column = before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1);
        let narrow = |n: usize, most: u32| u32::try_from(n).unwrap_or(most).min(most);
        Self { line: narrow(line, LINE_MAX), column: narrow(column, COLUMN_MASK), reason }
    }

    pub(super) fn error(self, kind: ErrorKind) -> Error {
        let place = self.line.wrapping_shl(COLUMN_BITS) | self.column;
        Error::new(kind, place.wrapping_shl(REASON_BITS) | self.reason as u32)
    }
}

/// The faults of a prompt's text.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The front matter has no closing `---`.
    Unclosed = 1,
    /// The front matter is longer than [`MAX_FRONT_MATTER_BYTES`](super::MAX_FRONT_MATTER_BYTES)
    /// or has more than [`MAX_FIELDS`](super::MAX_FIELDS) fields.
    TooLong = 2,
    /// Not a `key: value` line.
    Key = 3,
    /// The field occurs twice.
    Duplicate = 4,
    /// A tab as indentation, or an indented line where none is allowed.
    Indent = 5,
    /// A quote that is not closed.
    Quote = 6,
    /// Text after the closing quote.
    AfterQuote = 7,
    /// An escape that YAML does not have.
    Escape = 8,
    /// A bracket that is not closed.
    Bracket = 9,
    /// An anchor, an alias or a tag: they would be text here but mean something else in YAML.
    Tag = 10,
    /// The field needs one text.
    NotText = 11,
    /// The field needs one string or a list of strings.
    NotList = 12,
    /// The field needs `true` or `false`.
    NotBool = 13,
    /// `output` is not `text`, `patch`, `findings` or `json`.
    Output = 14,
    /// A `schema` without `output: json`.
    Schema = 15,
    /// `includes` names a prompt that is not there.
    Include = 16,
}

impl Reason {
    const ALL: [Self; 16] = [
        Self::Unclosed,
        Self::TooLong,
        Self::Key,
        Self::Duplicate,
        Self::Indent,
        Self::Quote,
        Self::AfterQuote,
        Self::Escape,
        Self::Bracket,
        Self::Tag,
        Self::NotText,
        Self::NotList,
        Self::NotBool,
        Self::Output,
        Self::Schema,
        Self::Include,
    ];

    /// A sentence for people: the fault and what to write.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unclosed => "the front matter is not closed: end it with a line `---`",
            Self::TooLong => "the front matter is too long: at most 64 fields and 64 KiB",
            Self::Key => "not a field: write `name: value`",
            Self::Duplicate => "this field is there twice: keep one",
            Self::Indent => {
                "wrong indentation: fields start at the margin, lines below them with spaces"
            }
            Self::Quote => "this quote is not closed",
            Self::AfterQuote => {
                "text after the closing quote: quote the whole value or nothing of it"
            }
            Self::Escape => "unknown escape: write `\\\\` for a backslash",
            Self::Bracket => "this bracket is not closed: close or quote it",
            Self::Tag => "anchors, aliases and tags are not supported: quote the value",
            Self::NotText => "this field is one text, not a list or a map",
            Self::NotList => "this field is a string or a list of strings",
            Self::NotBool => "this field is `true` or `false`",
            Self::Output => "output is one of text, patch, findings, json",
            Self::Schema => "a schema needs `output: json`",
            Self::Include => "no prompt has this name",
        }
    }
}

/// Something wrong, by its offset in the front matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct FaultAt {
    pub at: usize,
    pub reason: Reason,
}

impl FaultAt {
    pub const fn at(at: usize, reason: Reason) -> Self {
        Self { at, reason }
    }
}

const REASON_BITS: u32 = 6;
const COLUMN_BITS: u32 = 12;
const REASON_MASK: u32 = 0x3f;
const COLUMN_MASK: u32 = 0xfff;
const LINE_MAX: u32 = 0x3fff;
