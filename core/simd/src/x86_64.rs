//! Sixteen, thirty-two or all sixty-four bytes at once. Every x86-64 has SSE2.

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_loadu_si128,
    _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm256_add_epi8, _mm256_cmpeq_epi8,
    _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
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
    let put = |mask: &mut u64, found: __m128i| {
        // SAFETY: every x86-64 has SSE2.
        *mask = *mask << 16 | unsafe { _mm_movemask_epi8(found) } as u16 as u64;
    };
    let mut classes = Classes::default();
    for part in block.as_chunks::<16>().0.iter().rev() {
        // SAFETY: every x86-64 has SSE2, and the load reads the sixteen bytes of `part`.
        unsafe {
            let bytes = _mm_loadu_si128(part.as_ptr().cast());
            let all = |byte: u8| _mm_set1_epi8(byte as i8);
            let is = |byte: u8| _mm_cmpeq_epi8(bytes, all(byte));
            // Shifted so that the last of them is the greatest number.
            let between = |first: u8, last: u8| {
                let shifted = _mm_add_epi8(bytes, all(0x7F - last));
                _mm_cmpgt_epi8(shifted, all(0x7F - (last - first) - 1))
            };
            put(&mut classes.upper, between(b'A', b'Z'));
            put(&mut classes.lower, between(b'a', b'z'));
            put(&mut classes.digit, between(b'0', b'9'));
            put(&mut classes.newline, _mm_or_si128(is(b'\n'), is(b'\r')));
            put(&mut classes.blank, is(b' '));
            put(&mut classes.tab, between(b'\t', 0x0C));
            put(&mut classes.quote, is(b'\''));
            put(&mut classes.slash, is(b'/'));
            put(&mut classes.zero, is(0));
            put(&mut classes.foreign, bytes);
            put(&mut classes.lead, _mm_cmpgt_epi8(bytes, all(0xBF)));
        }
    }
    classes.tab &= !classes.newline;
    classes.lead &= classes.foreign;
    classes
}

/// Only handed out where the processor has AVX2.
fn by_avx2(block: &[u8; 64]) -> Classes {
    // SAFETY: the processor has AVX2.
    unsafe { avx2(block) }
}

#[target_feature(enable = "avx2")]
fn avx2(block: &[u8; 64]) -> Classes {
    let put = |mask: &mut u64, found: __m256i| {
        *mask = *mask << 32 | _mm256_movemask_epi8(found) as u32 as u64;
    };
    let mut classes = Classes::default();
    for part in block.as_chunks::<32>().0.iter().rev() {
        // SAFETY: the processor has AVX2, and the load reads the thirty-two bytes of `part`.
        unsafe {
            let bytes = _mm256_loadu_si256(part.as_ptr().cast());
            let all = |byte: u8| _mm256_set1_epi8(byte as i8);
            let is = |byte: u8| _mm256_cmpeq_epi8(bytes, all(byte));
            let between = |first: u8, last: u8| {
                let shifted = _mm256_add_epi8(bytes, all(0x7F - last));
                _mm256_cmpgt_epi8(shifted, all(0x7F - (last - first) - 1))
            };
            put(&mut classes.upper, between(b'A', b'Z'));
            put(&mut classes.lower, between(b'a', b'z'));
            put(&mut classes.digit, between(b'0', b'9'));
            put(&mut classes.newline, _mm256_or_si256(is(b'\n'), is(b'\r')));
            put(&mut classes.blank, is(b' '));
            put(&mut classes.tab, between(b'\t', 0x0C));
            put(&mut classes.quote, is(b'\''));
            put(&mut classes.slash, is(b'/'));
            put(&mut classes.zero, is(0));
            put(&mut classes.foreign, bytes);
            put(&mut classes.lead, _mm256_cmpgt_epi8(bytes, all(0xBF)));
        }
    }
    classes.tab &= !classes.newline;
    classes.lead &= classes.foreign;
    classes
}

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
