//! Tokens: counted, made and read with a vocabulary that is lent.

use zerostack_core::ErrorKind;
use zerostack_core::tokenizer::{Bpe, Estimator, Specials, Vocabulary};

use crate::boundary::{Caller, promised};
use crate::status::{Fault, zs_status};
use crate::text::zs_str;

/// Checks every byte of a packed vocabulary (cl100k_base.zsv, o200k_base.zsv). Do it once for a
/// file from outside; the other calls check only its head, and at worst return wrong counts.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_VOCABULARY with the reason: 1 cut, 2 another kind of file, 3 another version,
/// 4 byte order, 5 damaged head, 6 bytes after its end, 7 layout, 8 unknown pattern, 9 damaged
/// body. ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_vocabulary_check(vocabulary: zs_str, detail: *mut u32) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        Vocabulary::open(caller.values(vocabulary.ptr, vocabulary.len)?)?;
        Ok(())
    })
}

/// Counts the tokens of a text. Bytes that are not UTF-8 count as U+FFFD.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_VOCABULARY, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_tokens_count(
    vocabulary: zs_str,
    content: zs_str,
    count: *mut u64,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let count = caller.out(count)?;
        count.put(bpe(caller, vocabulary)?.count_bytes(caller.values(content.ptr, content.len)?));
        Ok(())
    })
}

/// The longest prefix of a text that has at most `limit` tokens, cut at a character: its bytes and
/// its tokens.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_VOCABULARY, ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_tokens_fit(
    vocabulary: zs_str,
    content: zs_str,
    limit: u64,
    bytes: *mut usize,
    tokens: *mut u64,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (bytes, tokens) = (caller.out(bytes)?, caller.out(tokens)?);
        let fit = bpe(caller, vocabulary)?.count_until(caller.text(content)?, limit);
        bytes.put(fit.bytes);
        tokens.put(fit.tokens);
        Ok(())
    })
}

/// Writes the ids of a text to `len` places at `ids`; `*written` is how many. With `with_specials`
/// the special tokens of the vocabulary are encoded as themselves; without, text that looks like
/// one is ordinary text, as it must be for untrusted text.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_FULL: `*written` is the number that is enough; ZS_BAD_VOCABULARY, ZS_NOT_UTF8,
/// ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_tokens_encode(
    vocabulary: zs_str,
    content: zs_str,
    with_specials: bool,
    ids: *mut u32,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    let specials = if with_specials { Specials::All } else { Specials::AsText };
    caller.answer(detail, || {
        let (written, ids) = (caller.out(written)?, caller.buffer(ids, len)?);
        let made = bpe(caller, vocabulary)?.encode_with(caller.text(content)?, specials, ids);
        written.put(length(&made));
        Ok(made.map(drop)?)
    })
}

/// Writes the bytes of `count` ids to `len` bytes at `bytes`; `*written` is how many. They need
/// not be UTF-8: a token may be part of a character.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_FULL: `*written` is the length that is enough; ZS_UNKNOWN_TOKEN with its index,
/// ZS_BAD_VOCABULARY, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_tokens_decode(
    vocabulary: zs_str,
    ids: *const u32,
    count: usize,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let made = bpe(caller, vocabulary)?.decode(caller.values(ids, count)?, bytes);
        written.put(length(&made));
        Ok(made.map(drop)?)
    })
}

/// Estimates the tokens of a text without a vocabulary: a good guess, and a number that is hardly
/// ever passed.
///
/// Any step; no session is needed.
/// Errors: ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_tokens_estimate(
    content: zs_str,
    tokens: *mut u64,
    at_most: *mut u64,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (tokens, at_most) = (caller.out(tokens)?, caller.out(at_most)?);
        let estimate = Estimator::of(caller.values(content.ptr, content.len)?);
        tokens.put(estimate.tokens);
        at_most.put(estimate.at_most);
        Ok(())
    })
}

/// A tokenizer on a lent vocabulary.
pub(crate) fn bpe(caller: Caller<'_>, vocabulary: zs_str) -> Result<Bpe<'_>, Fault> {
    let bytes = caller.values(vocabulary.ptr, vocabulary.len)?;
    Ok(Bpe::new(Vocabulary::open_embedded(bytes)?))
}

/// How much was written, or would have been.
fn length(made: &Result<usize, zerostack_core::Error>) -> usize {
    match made {
        Ok(count) => *count,
        Err(error) if error.kind() == ErrorKind::Full => error.detail() as usize,
        Err(_) => 0,
    }
}
