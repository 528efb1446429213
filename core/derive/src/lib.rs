#![forbid(unsafe_code)]
//! Derives for the traits of `zerostack_core::tool::typed`: the JSON Schema of a tool's arguments
//! from one struct, at compile time.
//!
//! Values are read by serde, so the type also derives `serde::Deserialize`; the schema follows its
//! `rename`, `rename_all` and `default`, and any other attribute is a compile error.

mod attributes;
mod case;
mod docs;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// The arguments of a tool: a struct with named fields, each with a doc comment for the model.
///
/// The tool's name is given by `#[tool(name = "...")]`, its description by the doc comment of the
/// struct. Fields are numbers, `bool`, `&str`, strings and vectors (`heapless`, and of `alloc`),
/// `Option` of these, and types that derive [`macro@ArgType`] or this. A field is required unless it
/// is an `Option` or has `#[serde(default)]`.
///
/// ```
/// use zerostack_core::tool::typed::{ToolArgs, parse};
///
/// /// Reads a file, or a part of it.
/// #[derive(ToolArgs, serde::Deserialize)]
/// #[tool(name = "read")]
/// struct Read<'a> {
///     /// Path of the file.
///     path: &'a str,
///     /// First line, from 1.
///     offset: Option<u32>,
/// }
///
/// assert_eq!(Read::DESCRIPTION, "Reads a file, or a part of it.");
/// assert!(Read::PARAMETERS.contains(r#""required":["path"]"#));
/// let mut scratch = [0; 8];
/// let read: Read<'_> = parse(r#"{"path": "a\\b"}"#, &mut scratch)?;
/// assert_eq!((read.path, read.offset), ("a\\b", None));
/// # Ok::<(), zerostack_core::Error>(())
/// ```
///
/// A type that has no schema is a compile error:
///
/// ```compile_fail,E0277
/// # use zerostack_core::tool::typed::ToolArgs;
/// /// Waits.
/// #[derive(ToolArgs)]
/// #[tool(name = "wait")]
/// struct Wait {
///     /// How long.
///     time: core::time::Duration,
/// }
/// ```
#[proc_macro_derive(ToolArgs, attributes(tool, serde))]
pub fn derive_tool_args(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = expand::tool_args(&input);
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A part of a tool's arguments: a struct with named fields, each with a doc comment, or an enum of
/// names.
///
/// ```
/// use zerostack_core::tool::typed::ArgType;
///
/// #[derive(ArgType, serde::Deserialize)]
/// #[serde(rename_all = "lowercase")]
/// enum Mode {
///     Fast,
///     Careful,
/// }
/// ```
#[proc_macro_derive(ArgType, attributes(tool, serde))]
pub fn derive_arg_type(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = expand::arg_type(&input);
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
