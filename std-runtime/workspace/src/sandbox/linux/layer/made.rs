//! What the first process of a view makes for all others: namespaces and mounts. Without one of these
//! there is no sandbox.

use crate::sandbox::{Layer, State};

/// Their names, and what each protects.
pub(in crate::sandbox::walls) const NAMESPACES_AND_MOUNTS: [(&str, &str); 10] = [
    ("user-namespace", "the rights of the user outside"),
    ("mount-namespace", "the mounts of the system"),
    ("pid-namespace", "processes outside; none inside outlives the run"),
    ("ipc-namespace", "shared memory, semaphores and queues"),
    ("uts-namespace", "the name of the machine"),
    ("cgroup-namespace", "the control groups of the system"),
    ("read-only-system", "all files but the view, the private home and the temporary folders"),
    ("hidden-home", "the home folders, but for toolchains and caches"),
    ("masked-credentials", "places of keys and tokens"),
    ("masked-sockets", "sockets of the file system on which others listen"),
];

/// Where there are none of these.
pub(in crate::sandbox::walls) const LACKS_NAMESPACES: (&str, &str) =
    ("namespaces", "processes, sockets and mounts outside");

/// The network namespace, if there is one.
pub(in crate::sandbox::walls) fn network(is_own: bool) -> Layer {
    let state = match is_own {
        true => State::InForce,
        false => State::Missing("--net on".to_owned()),
    };
    Layer { name: "network-namespace", protects: "the network, loopback too", state }
}
