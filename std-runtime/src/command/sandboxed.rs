//! The flags that configure the sandbox and what tools can reach from it.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Arg, ArgAction, ArgMatches};

use super::flag::{self, value, values};
use crate::sandbox::{Access, Mode, Network};

/// `--sandbox` and what it permits.
pub(crate) fn flags() -> Vec<Arg> {
    let modes = Mode::ALL.to_vec();
    let path = |name, help| {
        flag::option(name, "PATH", help).action(ArgAction::Append).value_parser(flag::paths())
    };
    let folder =
        flag::option("also", "DIR", "Another folder of the project, in the view and the patch");
    vec![
        folder.action(ArgAction::Append).value_parser(flag::paths()).long_help(
            "Another folder of the project, beside the folder of the run: it is part of the view, of the \
             patch and of what --write writes, all or none. The paths of the patch are relative to \
             the top of the checkout that the folders share, or else to the folder that contains \
             all of them; stderr names it",
        ),
        flag::choice("sandbox", "HOW", modes, "Whether tools run in a sandbox (on)").long_help(
            "Whether tools run in a sandbox. on: in namespaces, or not at all (the default). \
             landlock: by Landlock and seccomp alone, on a copy of the folder and without any \
             network; weaker, for containers that refuse namespaces. off: with all your rights, on \
             a copy of the folder",
        ),
        path("allow-read", "A file or folder outside that tools may read"),
        path("allow-write", "A file or folder outside that tools may write to").long_help(
            "A file or folder outside that tools may read and write to; what they write there \
             stays and is in no patch",
        ),
        flag::option("env", "NAME", "An environment variable for the tools")
            .action(ArgAction::Append)
            .value_parser(OsStringValueParser::new().try_map(variable)),
        flag::option("net", "WHAT", "The network access of tools: off, on or hosts (off)")
            .value_parser(|text: &str| text.parse::<Network>())
            .long_help(
                "Which hosts tools can reach: none (off, the default), all that you reach (on), or \
                 a list such as crates.io,*.npmjs.org,db.test:5432, through a proxy. Hosts without \
                 a port are reached at 80 and 443; private addresses only where they are named",
            ),
    ]
}

/// The name of an environment variable.
fn variable(name: OsString) -> Result<OsString, &'static str> {
    match name.as_encoded_bytes().contains(&b'=') {
        true => {
            Err("must be the name of a variable without a value; set it before the command, as \
                     in `NAME=VALUE zerostack …`")
        }
        false if name.is_empty() => Err("must be the name of a variable, not empty"),
        false => Ok(name),
    }
}

/// The values of [`flags`].
pub(crate) fn given(matches: &ArgMatches) -> (Mode, Access) {
    let access = Access {
        also: values(matches, "also"),
        read: values(matches, "allow-read"),
        write: values(matches, "allow-write"),
        env: values(matches, "env"),
        network: value(matches, "net"),
        disk_bytes: None,
    };
    (value(matches, "sandbox").unwrap_or_default(), access)
}
