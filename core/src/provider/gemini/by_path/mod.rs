//! Calls, and pieces of calls: `partialArgs` and `willContinue`.
//!
//! Source: the reference of Vertex AI, `FunctionCall` and `PartialArg`; and streams of it:
//!
//! ```json
//! {"functionCall":{"name":"f","willContinue":true},"thoughtSignature":"…"}
//! {"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":"so","willContinue":true}],"willContinue":true}}
//! {"functionCall":{"partialArgs":[{"jsonPath":"$.a[0].b","stringValue":""}],"willContinue":true}}
//! {"functionCall":{"willContinue":true}}
//! {"functionCall":{}}
//! ```
//!
//! The last piece may also be one with a value and without `willContinue`; a call without arguments is
//! only its name.

#[cfg(not(feature = "call-deltas"))]
mod disabled;
#[cfg(feature = "call-deltas")]
mod enabled;
#[cfg(feature = "call-deltas")]
mod write;

#[cfg(not(feature = "call-deltas"))]
pub(super) use disabled::*;
#[cfg(feature = "call-deltas")]
pub(super) use enabled::*;
