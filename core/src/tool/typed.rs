//! Arguments of a tool as a Rust type: its JSON Schema as a constant, its values from a call.
//!
//! The derives of `zerostack-derive` (feature `derive`) implement the traits here. A schema is put
//! together at compile time from the schemas of the fields' types, so it costs only its text.
//!
//! On a microcontroller, a field of floating point brings `core`'s reader of decimals with it: about
//! 14 KB, and the only code of a typed tool with bounds checks in it.

mod deserialize;

use core::fmt;

use crate::message::ToolSpec;

pub use deserialize::parse;
#[cfg(feature = "derive")]
pub use zerostack_derive::{ArgType, ToolArgs};

/// A type that can be a part of a tool's arguments.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a tool",
    note = "numbers, `bool`, `&str`, `String`, `Vec`, `Option` of these, and types that derive `ArgType` can"
)]
pub trait ArgType {
    /// Its schema, without the outer braces.
    const SCHEMA: &'static SchemaPiece;
}

/// The arguments of a tool, with its description for the model.
pub trait ToolArgs: ArgType {
    /// The name of the tool.
    const NAME: &'static str;
    /// Its description.
    const DESCRIPTION: &'static str;
    /// The JSON Schema of the arguments, an object.
    const PARAMETERS: &'static str;
    /// All three, as a session takes them.
    const SPEC: ToolSpec<'static> =
        ToolSpec { name: Self::NAME, description: Self::DESCRIPTION, parameters: Self::PARAMETERS };
}

/// A piece of a schema's text. Schemas of generic types are joined from such pieces where their
/// length is known.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a piece is one or the other")]
pub enum SchemaPiece {
    /// Text that is already JSON.
    Text(&'static str),
    /// A number in decimal digits.
    Number(usize),
    /// One after the other.
    All(&'static [&'static SchemaPiece]),
}

impl SchemaPiece {
    /// The length of the text in bytes.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Number(number) => {
                let (mut digits, mut rest) = (1_usize, *number / 10);
                while rest > 0 {
                    digits = digits.saturating_add(1);
                    rest /= 10;
                }
                digits
            }
            Self::All(nodes) => {
                let (mut length, mut rest) = (0_usize, *nodes);
                while let [node, tail @ ..] = rest {
                    length = length.saturating_add(node.len());
                    rest = tail;
                }
                length
            }
        }
    }

    /// Whether there is no text.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, in an array of its length.
    pub const fn bytes<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut out = [b' '; LENGTH];
        self.write(&mut out);
        out
    }

    /// Writes the text to the front of `out` and returns the rest of it.
    const fn write<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8] {
        let mut left = out;
        match self {
            Self::Text(text) => {
                let mut bytes = text.as_bytes();
                while let [byte, tail @ ..] = bytes {
                    left = push(left, *byte);
                    bytes = tail;
                }
            }
            Self::Number(number) => {
                let mut unit = 1_usize;
                while *number / unit >= 10 {
                    unit = unit.saturating_mul(10);
                }
                while unit > 0 {
                    let digit = (*number / unit % 10) as u8;
                    left = push(left, b'0'.saturating_add(digit));
                    unit /= 10;
                }
            }
            Self::All(nodes) => {
                let mut rest = *nodes;
                while let [node, tail @ ..] = rest {
                    left = node.write(left);
                    rest = tail;
                }
            }
        }
        left
    }
}

/// The text.
impl fmt::Display for SchemaPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::All(nodes) => nodes.iter().try_for_each(|node| node.fmt(f)),
        }
    }
}

/// Text that was made by [`SchemaPiece::bytes`].
pub const fn text(bytes: &'static [u8]) -> &'static str {
    match core::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => "",
    }
}

const fn push(out: &mut [u8], byte: u8) -> &mut [u8] {
    match out {
        [slot, tail @ ..] => {
            *slot = byte;
            tail
        }
        [] => &mut [],
    }
}

macro_rules! plain {
    ($schema:literal: $($type:ty)*) => {
        $(impl ArgType for $type {
            const SCHEMA: &'static SchemaPiece = &SchemaPiece::Text($schema);
        })*
    };
}

plain!(r#""type":"boolean""#: bool);
plain!(r#""type":"integer""#: i8 i16 i32 i64 isize);
plain!(r#""type":"integer","minimum":0"#: u8 u16 u32 u64 usize);
plain!(r#""type":"number""#: f32 f64);
plain!(r#""type":"string""#: &str);

/// Left out or given; `null` also means left out, but is not in the schema.
impl<T: ArgType> ArgType for Option<T> {
    const SCHEMA: &'static SchemaPiece = T::SCHEMA;
}

/// `N` counts bytes, the schema's limit counts characters: it is an upper bound.
impl<const N: usize> ArgType for heapless::String<N> {
    const SCHEMA: &'static SchemaPiece = &SchemaPiece::All(&[
        &SchemaPiece::Text(r#""type":"string","maxLength":"#),
        &SchemaPiece::Number(N),
    ]);
}

impl<T: ArgType, const N: usize> ArgType for heapless::Vec<T, N> {
    const SCHEMA: &'static SchemaPiece = &SchemaPiece::All(&[
        &SchemaPiece::Text(r#""type":"array","maxItems":"#),
        &SchemaPiece::Number(N),
        &SchemaPiece::Text(r#","items":{"#),
        T::SCHEMA,
        &SchemaPiece::Text("}"),
    ]);
}

#[cfg(feature = "alloc")]
plain!(r#""type":"string""#: alloc::string::String);

#[cfg(feature = "alloc")]
impl<T: ArgType> ArgType for alloc::vec::Vec<T> {
    const SCHEMA: &'static SchemaPiece = &SchemaPiece::All(&[
        &SchemaPiece::Text(r#""type":"array","items":{"#),
        T::SCHEMA,
        &SchemaPiece::Text("}"),
    ]);
}
