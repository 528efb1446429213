//! Names as numbers: the 32-bit FNV-1a hash.
//!
//! Keys, types, codes and the names of headers are compared by it: a number takes a fraction of
//! the flash of its text. One pair of names in four billion would be confused;
//! an attacker who wants that can as well send the name itself.

/// The hash of the empty text.
pub(crate) const START: u32 = 0x811c_9dc5;

/// The hash of bytes with this hash followed by `byte`.
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
