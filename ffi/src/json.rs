//! JSON in one piece: the arguments of a call, read and checked.

use zerostack_core::tool::json_text::{Json, JsonKind};
use zerostack_core::tool::schema::{Schema, Verdict};

use crate::boundary::{fill, fill_by, promised};
use crate::status::{
    Fault,
    zs_status::{self, *},
};
use crate::text::zs_str;

/// The kind of a JSON value.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum zs_json_kind {
    /// `null`
    ZS_JSON_NULL = 0,
    /// `false`
    ZS_JSON_FALSE = 1,
    /// `true`
    ZS_JSON_TRUE = 2,
    /// A number: zs_json_integer, or strtod on `text`.
    ZS_JSON_NUMBER = 3,
    /// A string: zs_json_string.
    ZS_JSON_STRING = 4,
    /// An array: zs_json_element.
    ZS_JSON_ARRAY = 5,
    /// An object: zs_json_member.
    ZS_JSON_OBJECT = 6,
}

/// A JSON value: a part of the text that it was found in.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct zs_json {
    /// What it is.
    pub kind: zs_json_kind,
    /// The value as written.
    pub text: zs_str,
}

impl From<Json<'_>> for zs_json {
    fn from(json: Json<'_>) -> Self {
        let kind = match json.kind() {
            JsonKind::Null => zs_json_kind::ZS_JSON_NULL,
            JsonKind::Bool(false) => zs_json_kind::ZS_JSON_FALSE,
            JsonKind::Bool(true) => zs_json_kind::ZS_JSON_TRUE,
            JsonKind::Number => zs_json_kind::ZS_JSON_NUMBER,
            JsonKind::String => zs_json_kind::ZS_JSON_STRING,
            JsonKind::Array => zs_json_kind::ZS_JSON_ARRAY,
            JsonKind::Object => zs_json_kind::ZS_JSON_OBJECT,
        };
        Self { kind, text: json.raw().into() }
    }
}

/// Checks a JSON text, strictly, and returns its kind.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_JSON with the offset of the first wrong byte, ZS_TOO_DEEP, ZS_NOT_UTF8, ZS_NULL.
/// Lifetime: the value is a part of the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_json_parse(
    json: zs_str,
    value: *mut zs_json,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let value = caller.out(value)?;
        value.put(Json::parse(caller.text(json)?)?.into());
        Ok(())
    })
}

/// The member of that name of an object; the last one if it occurs twice.
///
/// Any step; no session is needed.
/// Errors: ZS_NOT_FOUND, ZS_OTHER_KIND for a value that is not an object, and those of
/// zs_json_parse.
/// Lifetime: the value is a part of the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_json_member(
    object: zs_str,
    name: zs_str,
    value: *mut zs_json,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (value, name) = (caller.out(value)?, caller.text(name)?);
        let object = of_kind(Json::parse(caller.text(object)?)?, JsonKind::Object)?;
        value.put(object.member(name).ok_or(Fault::new(ZS_NOT_FOUND))?.into());
        Ok(())
    })
}

/// The element of an array that has this index, counted from 0.
///
/// Any step; no session is needed.
/// Errors: ZS_NOT_FOUND after the last, ZS_OTHER_KIND for a value that is not an array, and those
/// of zs_json_parse.
/// Lifetime: the value is a part of the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_json_element(
    array: zs_str,
    index: usize,
    value: *mut zs_json,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let value = caller.out(value)?;
        let array = of_kind(Json::parse(caller.text(array)?)?, JsonKind::Array)?;
        value.put(array.elements().nth(index).ok_or(Fault::new(ZS_NOT_FOUND))?.into());
        Ok(())
    })
}

/// Decodes a string into `len` bytes at `bytes`; `*written` is its length, without a NUL.
///
/// Any step; no session is needed.
/// Errors: ZS_FULL: `*written` is the length that is enough; ZS_OTHER_KIND for a value that is not
/// a string, and those of zs_json_parse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_json_string(
    string: zs_str,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let (written, bytes) = (caller.out(written)?, caller.buffer(bytes, len)?);
        let string = of_kind(Json::parse(caller.text(string)?)?, JsonKind::String)?;
        fill_by(bytes, string.chars(), written)
    })
}

/// Reads a number that is an integer.
///
/// Any step; no session is needed.
/// Errors: ZS_OTHER_KIND for a value that is not a number, ZS_OUT_OF_RANGE for one with a fraction
/// or an exponent, or beyond 64 bits, and those of zs_json_parse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_json_integer(number: zs_str, value: *mut i64) -> zs_status {
    promised!(caller);
    caller.answer(core::ptr::null_mut(), || {
        let value = caller.out(value)?;
        let number = of_kind(Json::parse(caller.text(number)?)?, JsonKind::Number)?;
        value.put(number.raw().parse().map_err(|_| Fault::new(ZS_OUT_OF_RANGE))?);
        Ok(())
    })
}

/// Checks the arguments of a call against the JSON Schema of its tool. The fault is written to
/// `len` bytes at `bytes` as a sentence for the model; `*written` is its
/// length.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_BAD_ARGUMENTS with the offset of the value, when the arguments do not fit;
/// ZS_UNSUPPORTED if the verdict depends on a keyword that is not checked, which is written;
/// ZS_BAD_JSON for the arguments, ZS_BAD_SCHEMA for the schema, ZS_TOO_DEEP, ZS_TOO_MUCH_WORK,
/// ZS_FULL for the sentence, ZS_NOT_UTF8, ZS_NULL. `*written` is 0 if there is no sentence.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_schema_check(
    schema: zs_str,
    arguments: zs_str,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (none, written, bytes) =
            (caller.out(written)?, caller.out(written)?, caller.buffer(bytes, len)?);
        none.put(0);
        let (schema, arguments) = (caller.text(schema)?, caller.text(arguments)?);
        match Schema::new(schema)?.check(arguments)? {
            Verdict::Valid => Ok(()),
            Verdict::Invalid(violation) => {
                let message = violation.message(bytes).map_err(|full| {
                    Fault::with(ZS_FULL, len.saturating_add(full.detail() as usize))
                })?;
                written.put(message.len());
                Err(Fault::with(ZS_BAD_ARGUMENTS, violation.offset()))
            }
            Verdict::Unsupported(keyword) => {
                fill(bytes, keyword, written)?;
                Err(Fault::new(ZS_UNSUPPORTED))
            }
        }
    })
}

/// Repairs one obvious mistake in the arguments of a call: a string whose text is exactly one JSON
/// value of the type that the schema asks for becomes that value, and any other value becomes an
/// array of that one if the schema asks for an array and nothing else. The
/// arguments with it are written to `len` bytes at `bytes`, two more than the arguments are enough;
/// `*written` is their length. They may have other faults: check them again.
///
/// Any step; no session is needed. `detail` may be NULL.
/// Errors: ZS_NOT_FOUND when nothing is wrong, or there is no repair, or `len` is short; ZS_BAD_JSON
/// for the arguments, ZS_BAD_SCHEMA for the schema, ZS_TOO_DEEP, ZS_TOO_MUCH_WORK, ZS_NOT_UTF8, ZS_NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zs_schema_repair(
    schema: zs_str,
    arguments: zs_str,
    bytes: *mut u8,
    len: usize,
    written: *mut usize,
    detail: *mut u32,
) -> zs_status {
    promised!(caller);
    caller.answer(detail, || {
        let (none, written, bytes) =
            (caller.out(written)?, caller.out(written)?, caller.buffer(bytes, len)?);
        none.put(0);
        let (schema, arguments) = (caller.text(schema)?, caller.text(arguments)?);
        let Verdict::Invalid(violation) = Schema::new(schema)?.check(arguments)? else {
            return Err(Fault::new(ZS_NOT_FOUND));
        };
        let repaired = violation.repaired(bytes).ok_or(Fault::new(ZS_NOT_FOUND))?;
        written.put(repaired.len());
        Ok(())
    })
}

fn of_kind(json: Json<'_>, kind: JsonKind) -> Result<Json<'_>, Fault> {
    if json.kind() == kind { Ok(json) } else { Err(Fault::new(ZS_OTHER_KIND)) }
}
