//! The outline of a stream's documents, and reading along it.
//!
//! The documents of a stream differ in a few values, and each is some hundred bytes of the same keys. An
//! [`Outline`] is a document that was read, without these values: a list of steps, each with its bytes, what
//! they mean to the dialect, and where the reader stands after them.
//!
//! ```text
//! {                   begins the document        "usage":{  begins USAGE
//! "id":               a value                    "output":  a value, wanted
//! ,"type":"delta"     the word at TYPE           }          ends USAGE
//! ,"usage":null,"text":   a value, wanted        }          ends the document
//! ```
//!
//! A reader that stands where a step begins and has its bytes before it stands where the step ends
//! after them, whatever the bytes are, for it decides by nothing else. So one comparison replaces the
//! search of keys and the grammar of a step, and the result is the same. Values are read as always. Where
//! a document leaves the outline, the reader goes on as always, and another document is learned when
//! this happens several times in a row.
//!
//! Steps up to the next value that differs are compared together, with the values between them that were
//! the same so far; if the input begins with all these bytes, only the tokens are left to give.
//!
//! The input may end within a step. Then the outline keeps how far it went, and the reader stays where the step
//! began: most pieces of a few bytes are only compared. If the next piece goes on in another way, the
//! reader first takes what it has missed, which the outline has.

#[cfg(all(feature = "outline", target_pointer_width = "64"))]
mod enabled;
#[cfg(all(feature = "outline", target_pointer_width = "64"))]
pub(crate) use enabled::Outline;

#[cfg(not(all(feature = "outline", target_pointer_width = "64")))]
mod disabled;
#[cfg(not(all(feature = "outline", target_pointer_width = "64")))]
pub(crate) use disabled::Outline;
