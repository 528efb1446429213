//! The pieces that one step of an encoder gives, and the forms that they fill.

use super::Piece;
use super::call_ids::{CallIdRule, IdUse};

/// The pieces that one step of an encoder gives. Without `Drop`, so that a request may be
/// left behind when the session goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces<'a> {
    pieces: [Piece<'a>; MAX_PIECES],
    count: u8,
    /// The values for the blanks of a form.
    pub blanks: Blanks<'a>,
}

/// The values for the blanks of a form, see [`Pieces::fill`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Blanks<'a> {
    pub text: &'a str,
    pub name: &'a str,
    /// The id of a call, or empty, and where the call stands.
    pub id: &'a str,
    pub place: u32,
    /// JSON, unless it is malformed.
    pub arguments: &'a str,
    pub is_malformed: bool,
    /// The name is of no tool, and of a form that providers refuse.
    pub is_foreign_name: bool,
    pub id_use: IdUse,
    /// The receiver of the request, see [`IdUse::AsItIs`].
    pub receiver: u8,
    /// The ids that the provider takes.
    pub ids: CallIdRule,
}

impl<'a> Pieces<'a> {
    pub const fn new() -> Self {
        let blanks = Blanks {
            text: "",
            name: "",
            id: "",
            place: 0,
            arguments: "",
            is_malformed: false,
            is_foreign_name: false,
            id_use: IdUse::IfTaken,
            receiver: 0,
            ids: CallIdRule::Any,
        };
        Self { pieces: [Piece::Number(0); MAX_PIECES], count: 0, blanks }
    }

    /// Adds a piece as it is. Called hundreds of times: a piece in registers takes half the code
    /// of one in memory, and inlined, they would take a tenth of the flash.
    #[inline(never)]
    pub fn plain(&mut self, text: &'a str) {
        if !text.is_empty() {
            self.push(Piece::Plain(text));
        }
    }

    #[inline(never)]
    pub fn escaped(&mut self, text: &'a str) {
        self.push(Piece::Escaped(text));
    }

    /// Adds the pieces of a form: text with blanks, each `%` and a letter.
    ///
    /// | blank | replaced by |
    /// |---|---|
    /// | `%t`, `%n` | the text, the name, inside of a string |
    /// | `%c` | the name of a call, in letters that providers take unless there is such a tool |
    /// | `%i` | the id inside of a string, made from the place of the call where it has none that is accepted |
    /// | `%a` | the arguments as an object inside of a string, whatever they are |
    /// | `%o` | the arguments as an object, whatever they are |
    // Each use takes a few bytes of flash; the same by pieces would take dozens.
    #[inline(never)]
    pub fn fill(&mut self, form: &'static str) {
        let mut rest = form;
        while let Some(at) = rest.bytes().position(|byte| byte == b'%') {
            let (before, after) = rest.split_at_checked(at).unwrap_or_default();
            self.plain(before);
            self.blank(after.as_bytes().get(1).copied().unwrap_or_default());
            rest = after.get(2..).unwrap_or_default();
        }
        self.plain(rest);
    }

    fn blank(&mut self, letter: u8) {
        let blanks = &self.blanks;
        let arguments = if blanks.arguments.is_empty() { "{}" } else { blanks.arguments };
        let (is_malformed, place) = (blanks.is_malformed, blanks.place);
        let is_used = match blanks.id_use {
            IdUse::IfTaken => blanks.ids.take(blanks.id),
            IdUse::AsItIs => true,
            IdUse::Never => false,
        };
        let is_made = blanks.id.is_empty() || !is_used;
        let text = match letter {
            b't' => blanks.text,
            b'c' if blanks.is_foreign_name => return self.push(Piece::Name(blanks.name)),
            b'n' | b'c' => blanks.name,
            b'i' => blanks.id,
            b'o' if !is_malformed => return self.plain(arguments),
            _ => arguments,
        };
        match letter {
            b'i' if is_made => self.push(Piece::Id(place)),
            // Only an object is allowed here; the result told the model what was wrong.
            b'o' => {
                self.plain(r#"{"malformed":""#);
                self.escaped(text);
                self.plain(r#""}"#);
            }
            b'a' if is_malformed => {
                self.plain(r#"{\"malformed\":\""#);
                self.push(Piece::EscapedTwice(text));
                self.plain(r#"\"}"#);
            }
            _ => self.escaped(text),
        }
    }

    #[inline(never)]
    fn push(&mut self, piece: Piece<'a>) {
        let place = self.pieces.get_mut(usize::from(self.count));
        debug_assert!(place.is_some(), "MAX_PIECES is too small");
        if let Some(place) = place {
            *place = piece;
            self.count += 1;
        }
    }

    pub fn clear(&mut self) {
        self.count = 0;
    }

    pub fn as_slice(&self) -> &[Piece<'a>] {
        self.pieces.get(..usize::from(self.count)).unwrap_or_default()
    }
}

/// No step of an encoder gives more; the tests of each dialect would show a loss.
const MAX_PIECES: usize = 12;

/// What can be added to [`Pieces`].
pub(crate) trait Add<'a> {
    fn add(self, pieces: &mut Pieces<'a>);
}

impl<'a> Add<'a> for &'a str {
    #[inline(always)]
    fn add(self, pieces: &mut Pieces<'a>) {
        pieces.plain(self);
    }
}

impl<'a> Add<'a> for Piece<'a> {
    #[inline(always)]
    fn add(self, pieces: &mut Pieces<'a>) {
        match self {
            Self::Plain(text) => pieces.plain(text),
            Self::Escaped(text) => pieces.escaped(text),
            Self::Number(_) | Self::Id(_) | Self::Name(_) | Self::EscapedTwice(_) => {
                pieces.push(self)
            }
            #[cfg(feature = "attachments")]
            Self::Base64 { .. } => pieces.push(self),
        }
    }
}

/// Adds pieces in their order; plain text is added as it is.
macro_rules! pieces {
    ($out:ident: $($piece:expr),+ $(,)?) => {
        { $($crate::wire::json_write::pieces::Add::add($piece, $out);)+ }
    };
}
pub(crate) use pieces;
