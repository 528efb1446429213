//! Nothing can be regained by running a program: no new privileges, and no capability beyond those that
//! root's builds need in the view.

use rustix::io::Errno;
use rustix::thread::CapabilitySet;

use super::Layer;

/// What root keeps inside: power over files, which the mounts confine, and over its own processes.
/// Mounting, devices, tracing and the network are not in it.
const KEPT: CapabilitySet = CapabilitySet::CHOWN
    .union(CapabilitySet::DAC_OVERRIDE)
    .union(CapabilitySet::FOWNER)
    .union(CapabilitySet::FSETID)
    .union(CapabilitySet::KILL)
    .union(CapabilitySet::SETGID)
    .union(CapabilitySet::SETUID);

/// No way to privileges.
#[derive(Debug)]
pub(in crate::sandbox::walls) struct Privileges {
    /// Whether there may be capabilities to lose.
    pub(in crate::sandbox::walls) drops_capabilities: bool,
}

impl Layer for Privileges {
    fn name(&self) -> &'static str {
        "no-new-privileges"
    }

    fn protects(&self) -> &'static str {
        "what set-user-id programs and capabilities reach"
    }

    fn apply(&self) -> Result<(), Errno> {
        for bit in 0..u64::BITS {
            let capability = CapabilitySet::from_bits_retain(1 << bit);
            if !self.drops_capabilities || KEPT.contains(capability) {
                continue;
            }
            match rustix::thread::remove_capability_from_bounding_set(capability) {
                Ok(()) => {}
                // Above the last one that this kernel knows.
                Err(Errno::INVAL) => break,
                Err(errno) => return Err(errno),
            }
        }
        rustix::thread::set_no_new_privs(true)
    }
}
