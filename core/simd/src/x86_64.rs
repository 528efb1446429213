//! Sixteen, thirty-two or all sixty-four bytes at once. Every x86-64 has SSE2.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m512i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_loadu_si128, _mm_movemask_epi8,
    _mm_or_si128, _mm_set1_epi8, _mm256_add_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
    _mm512_cmpeq_epi8_mask, _mm512_cmple_epu8_mask, _mm512_loadu_si512, _mm512_movepi8_mask,
    _mm512_set1_epi8, _mm512_sub_epi8,
};

use zerostack_core::tokenizer::{Classes, ClassesOf};

pub(crate) fn classes() -> ClassesOf {
    if has_avx512() {
        by_avx512
    } else if is_x86_feature_detected!("avx2") {
        by_avx2
    } else {
        by_sse2
    }
}

#[cfg(test)]
pub(crate) fn ways() -> Vec<(&'static str, ClassesOf)> {
    let mut ways: Vec<(&'static str, ClassesOf)> = vec![("SSE2", by_sse2)];
    if is_x86_feature_detected!("avx2") {
        ways.push(("AVX2", by_avx2));
    }
    if has_avx512() {
        ways.push(("AVX-512", by_avx512));
    }
    ways
}

fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
}

fn by_sse2(block: &[u8; 64]) -> Classes {
    // SAFETY: every x86-64 has SSE2.
    unsafe { sse2(block) }
}

/// Only handed out where the processor has AVX2.
fn by_avx2(block: &[u8; 64]) -> Classes {
    // SAFETY: the processor has AVX2.
    unsafe { avx2(block) }
}

/// A function that looks at a vector of bytes at a time. The two differ in the width only, and in the
/// names of the instructions: load, spread a byte, compare, add, or, and gather the top bits.
macro_rules! classes_by {
    ($name:ident, $feature:literal, $bytes:literal, $bits:ty,
     $load:ident, $all:ident, $equal:ident, $greater:ident, $add:ident, $or:ident, $gather:ident) => {
        #[target_feature(enable = $feature)]
        fn $name(block: &[u8; 64]) -> Classes {
            let mut classes = Classes::default();
            for part in block.as_chunks::<$bytes>().0.iter().rev() {
                // SAFETY: the load reads the bytes of `part`, and may start anywhere.
                let bytes = unsafe { $load(part.as_ptr().cast()) };
                let all = |byte: u8| $all(byte as i8);
                let is = |byte: u8| $equal(bytes, all(byte));
                // Shifted so that the last of them is the greatest number.
                let between = |first: u8, last: u8| {
                    let shifted = $add(bytes, all(0x7F - last));
                    $greater(shifted, all(0x7F - (last - first) - 1))
                };
                let put = |mask: &mut u64, found| {
                    *mask = mask.unbounded_shl($bytes) | $gather(found) as $bits as u64;
                };
                put(&mut classes.upper, between(b'A', b'Z'));
                put(&mut classes.lower, between(b'a', b'z'));
                put(&mut classes.digit, between(b'0', b'9'));
                put(&mut classes.newline, $or(is(b'\n'), is(b'\r')));
                put(&mut classes.blank, is(b' '));
                put(&mut classes.tab, between(b'\t', 0x0C));
                put(&mut classes.quote, is(b'\''));
                put(&mut classes.slash, is(b'/'));
                put(&mut classes.zero, is(0));
                put(&mut classes.foreign, bytes);
                put(&mut classes.lead, $greater(bytes, all(0xBF)));
            }
            classes.tab &= !classes.newline;
            classes.lead &= classes.foreign;
            classes
        }
    };
}

classes_by!(
    sse2,
    "sse2",
    16,
    u16,
    _mm_loadu_si128,
    _mm_set1_epi8,
    _mm_cmpeq_epi8,
    _mm_cmpgt_epi8,
    _mm_add_epi8,
    _mm_or_si128,
    _mm_movemask_epi8
);
classes_by!(
    avx2,
    "avx2",
    32,
    u32,
    _mm256_loadu_si256,
    _mm256_set1_epi8,
    _mm256_cmpeq_epi8,
    _mm256_cmpgt_epi8,
    _mm256_add_epi8,
    _mm256_or_si256,
    _mm256_movemask_epi8
);

/// Only handed out where the processor has AVX-512 for bytes.
fn by_avx512(block: &[u8; 64]) -> Classes {
    // SAFETY: the processor has AVX-512F and AVX-512BW.
    unsafe { avx512(block) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn avx512(block: &[u8; 64]) -> Classes {
    // SAFETY: the load reads the sixty-four bytes of `block`.
    let bytes: __m512i = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let all = |byte: u8| _mm512_set1_epi8(byte as i8);
    let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, all(byte));
    let between = |first: u8, last: u8| {
        _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, all(first)), all(last - first))
    };
    let newline = is(b'\n') | is(b'\r');
    Classes {
        upper: between(b'A', b'Z'),
        lower: between(b'a', b'z'),
        digit: between(b'0', b'9'),
        newline,
        blank: is(b' '),
        tab: between(b'\t', 0x0C) & !newline,
        quote: is(b'\''),
        slash: is(b'/'),
        zero: is(0),
        foreign: _mm512_movepi8_mask(bytes),
        lead: between(0xC0, 0xFF),
    }
}
