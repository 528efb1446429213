//! Names as numbers: the 32-bit FNV-1a hash.
//!
//! Keys, types, codes and the names of headers are compared by it: a number takes a fraction of
//! the flash of its text. Two names of one in four billion pairs would be taken for one another;
//! an attacker who wants that can as well send the name itself.

/// The hash of nothing.
pub(crate) const START: u32 = 0x811c_9dc5;

/// The hash of what has `hash`, and `byte` after it.
pub(crate) const fn add(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The hash of `name`.
pub(crate) const fn hash(name: &[u8]) -> u32 {
    let (mut hash, mut rest) = (START, name);
    while let [byte, after @ ..] = rest {
        hash = add(hash, *byte);
        rest = after;
    }
    hash
}
