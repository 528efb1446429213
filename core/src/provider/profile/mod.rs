//! Profiles: what a server refuses or demands beyond its dialect.
//!
//! The encoders ask [`InForce`] wherever servers of one dialect differ. It is made once for a
//! request: the configuration's [`Profile`], without the fields that the server has refused.

#[cfg(feature = "profiles")]
mod enabled;
#[cfg(feature = "profiles")]
mod field;
#[cfg(feature = "profiles")]
mod forms;
#[cfg(feature = "profiles")]
mod given;
#[cfg(feature = "profiles")]
mod hosts;
#[cfg(feature = "profiles")]
mod refused;
#[cfg(feature = "profiles")]
pub use {
    field::ProfileField,
    forms::{
        AttachmentForm, CacheControl, CallIdForm, InstructionRole, ReasoningForm, SchemaForm,
        SystemRole,
    },
    given::Profile,
    hosts::KnownHost,
};

#[cfg(feature = "profiles")]
pub(crate) use {
    enabled::{InForce, Switched, check},
    refused::{named_field, refused_field},
};

#[cfg(all(feature = "profiles", feature = "options"))]
pub(crate) use enabled::streams_arguments;

#[cfg(not(feature = "profiles"))]
mod disabled;
#[cfg(not(feature = "profiles"))]
pub(crate) use disabled::*;

#[cfg(all(test, feature = "profiles", feature = "all-dialects"))]
mod tests;
