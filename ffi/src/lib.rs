#![no_std]
#![allow(
    non_camel_case_types,
    clippy::enum_variant_names,
    reason = "the names are those of the C header, so that one search finds both"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "one promise covers the pointers of all calls: `boundary` and the top of the header"
)]
//! The C library: the calls of `zerostack-core` over a C ABI.
//!
//! `include/zerostack.h` is made from these files. [`boundary`] follows the pointers
//! of C; each exported function goes through its `Caller`.

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "alloc")]
extern crate alloc;

mod borrowed_config;
mod boundary;
mod caller_memory;
mod handle;
mod memory;
#[cfg(all(feature = "panic-handler", not(feature = "std")))]
mod panic;

#[cfg(test)]
mod tests;
mod versioned;
mod window_count;

// From here on in the order of the header, which cbindgen takes from this list.
mod text;

mod status;

mod options;

mod config;

mod life;

mod look;

mod event;

mod event_json;

mod turn;

mod request;

mod attachment;

mod room;

mod entry;

mod json_lines;

mod decode;

mod prompt;

mod tokenizer;

mod counter;

mod json;

mod http;
