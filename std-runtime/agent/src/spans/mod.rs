//! Spans of turns, requests and calls for the crate `tracing`, by OpenTelemetry's conventions for
//! generative AI, version 1.37.0; with the feature `tracing` alone.

#[cfg(not(feature = "tracing"))]
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::Spans;
#[cfg(feature = "tracing")]
pub(crate) use enabled::Spans;
