//! The byte classes of `zerostack-core`'s tokenizer by the vector instructions of this processor.
//!
//! The core has no unsafe code, and safe Rust cannot gather a bit of each byte of a vector. This crate
//! has only one function, with the same result as
//! [`Classes::of`](zerostack_core::tokenizer::Classes::of).
//!
//! ```
//! use zerostack_core::tokenizer::{Bpe, Tokenizer, Vocabulary};
//!
//! let bpe = Bpe::new(Vocabulary::open_embedded(zerostack_vocab_o200k::PACKED)?);
//! let bpe = bpe.with_classes(zerostack_simd::classes());
//! assert_eq!(bpe.count("hello world"), 2);
//! # Ok::<(), zerostack_core::Error>(())
//! ```

#[cfg(target_arch = "x86_64")]
mod x86_64;

use zerostack_core::tokenizer::ClassesOf;

/// The fastest way that this processor has. Asks it each time: a few nanoseconds.
pub fn classes() -> ClassesOf {
    #[cfg(target_arch = "x86_64")]
    return x86_64::classes();
    #[cfg(not(target_arch = "x86_64"))]
    zerostack_core::tokenizer::Classes::of
}

#[cfg(test)]
mod tests {
    use zerostack_core::tokenizer::Classes;

    use super::*;

    #[test]
    fn the_same_as_the_portable_way() {
        let mut random = 1u64;
        for round in 0..100_000 {
            let mut block = [0; 64];
            for byte in &mut block {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = (random >> 33) as u8 & if round % 2 == 0 { 0x7F } else { 0xFF };
            }
            for (name, classes_of) in ways() {
                assert_eq!(classes_of(&block), Classes::of(&block), "{name} {block:?}");
            }
        }
    }

    fn ways() -> Vec<(&'static str, ClassesOf)> {
        let mut ways = vec![("chosen", classes())];
        #[cfg(target_arch = "x86_64")]
        ways.extend(x86_64::ways());
        ways
    }
}
