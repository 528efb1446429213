//! Structured answers: the JSON in a model's text, held to a JSON Schema.

use super::json_text::Json;
use super::schema::{MAX_CHECK_DEPTH, Schema, Verdict};
use crate::error::{Error, ErrorKind};

/// Whether an answer fits its schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "an answer fits or does not")]
pub enum AnswerCheck<'t, 'b> {
    /// It fits; this is its JSON.
    Fits(&'t str),
    /// It does not fit.
    Misfit {
        /// Where in the JSON, in bytes.
        at: u32,
        /// The fault, as a sentence for the model.
        why: &'b str,
    },
}

/// The JSON in `text`: without white space around it, and without a Markdown fence if nothing is
/// outside it. Models write fences even if the prompt forbids them.
///
/// ```
/// assert_eq!(zerostack_core::tool::answer::json_in("```json\n{\"a\":1}\n```\n"), "{\"a\":1}");
/// ```
#[must_use]
pub fn json_in(text: &str) -> &str {
    let text = text.trim_ascii();
    let inside = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    // The rest of the first line names the language.
    let inside = inside.and_then(|inside| {
        let line = inside.bytes().position(|byte| byte == b'\n')?;
        inside.get(line..)
    });
    inside.unwrap_or(text).trim_ascii()
}

/// Checks the JSON in a model's `text` against `schema`. The sentence about a misfit is written to
/// `room`; [`SENTENCE_BYTES`] are enough for most, and what is longer becomes a shorter one.
///
/// What the schema says beyond the keywords that are checked is not judged, see
/// [`Verdict::Unsupported`].
///
/// ```
/// use zerostack_core::tool::answer::{AnswerCheck, SENTENCE_BYTES, check};
///
/// let schema = r#"{"type":"object","properties":{"line":{"type":"integer"}},"required":["line"]}"#;
/// let mut room = [0; SENTENCE_BYTES];
/// assert_eq!(check(schema, "{\"line\":7}\n", &mut room)?, AnswerCheck::Fits("{\"line\":7}"));
/// let AnswerCheck::Misfit { why, .. } = check(schema, "{\"line\":\"7\"}", &mut room)? else { panic!() };
/// assert_eq!(why, "/line: type \"integer\", found \"7\"");
/// # Ok::<(), zerostack_core::Error>(())
/// ```
///
/// # Errors
/// `BadSchema`, `TooDeep` and `TooMuchWork`, as [`Schema::check`]: nothing is known about the answer.
pub fn check<'t, 'b>(
    schema: &str,
    text: &'t str,
    room: &'b mut [u8],
) -> Result<AnswerCheck<'t, 'b>, Error> {
    let json = json_in(text);
    let misfit = |at, why| Ok(AnswerCheck::Misfit { at, why });
    if json.is_empty() {
        return misfit(0, "there is no JSON");
    }
    match Json::parse(json) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::TooDeep => {
            return misfit(0, "the JSON is nested too deep");
        }
        Err(error) => return misfit(error.detail(), "the text is not one JSON value"),
    }
    match Schema::new(schema)?.check(json)? {
        Verdict::Valid | Verdict::Unsupported(_) => Ok(AnswerCheck::Fits(json)),
        Verdict::Invalid(found) => {
            let at = u32::try_from(found.offset()).unwrap_or(u32::MAX);
            misfit(at, found.message(room).unwrap_or("a value deep inside does not fit the schema"))
        }
    }
}

/// Refuses, before it is sent, a schema against which no answer could be checked.
///
/// # Errors
/// `BadSchema` for an invalid schema, as far as checking a `null` shows; `TooDeep` for one of more
/// than [`MAX_CHECK_DEPTH`] objects and arrays inside one another.
pub fn check_schema(schema: &str) -> Result<(), Error> {
    Schema::new(schema)?.check("null")?;
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_u32, 0, false, false);
    for byte in schema.bytes() {
        if in_string {
            (in_string, is_escaped) = (byte != b'"' || is_escaped, byte == b'\\' && !is_escaped);
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let too_deep = Error::new(ErrorKind::TooDeep, MAX_CHECK_DEPTH);
    if deepest > MAX_CHECK_DEPTH { Err(too_deep) } else { Ok(()) }
}

/// Bytes of the sentence about a misfit: path, keyword, and twice 60 characters.
pub const SENTENCE_BYTES: usize = 384;

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str =
        r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;

    #[test]
    fn json_is_found_in_a_fence_and_nowhere_else() {
        for (text, json) in [
            ("", ""),
            (" \n{} \n", "{}"),
            ("```json\n{}\n```", "{}"),
            ("\n```\n[1]\n```\n", "[1]"),
            ("```{}```", "```{}```"),
            ("```", "```"),
            ("``````", "``````"),
            ("see ```json\n{}\n```", "see ```json\n{}\n```"),
            ("```json\n{}\n``` done", "```json\n{}\n``` done"),
        ] {
            assert_eq!(json_in(text), json, "{text:?}");
        }
    }

    #[test]
    fn a_misfit_is_described_in_a_sentence() {
        for (text, at, why) in [
            ("", 0, "there is no JSON"),
            ("  ", 0, "there is no JSON"),
            ("seven", 0, "the text is not one JSON value"),
            ("{\"n\":1} {}", 8, "the text is not one JSON value"),
            ("{\"n\":", 5, "the text is not one JSON value"),
            ("{}", 0, "(root): required \"n\", found {}"),
            ("```json\n{\"n\":\"1\"}\n```", 5, "/n: type \"integer\", found \"1\""),
        ] {
            let mut room = [0; SENTENCE_BYTES];
            let found = check(SCHEMA, text, &mut room);
            assert_eq!(found, Ok(AnswerCheck::Misfit { at, why }), "{text:?}");
        }
        let mut room = [0; SENTENCE_BYTES];
        assert_eq!(check(SCHEMA, "{\"n\":1}", &mut room), Ok(AnswerCheck::Fits("{\"n\":1}")));
    }

    #[test]
    fn short_room_gives_a_shorter_sentence() {
        let why = "a value deep inside does not fit the schema";
        assert_eq!(check(SCHEMA, "{}", &mut [0; 8]), Ok(AnswerCheck::Misfit { at: 0, why }));
    }

    #[test]
    fn unsupported_keywords_are_not_checked() {
        let schema = r#"{"type":"object","unevaluatedProperties":false}"#;
        assert_eq!(check(schema, "{\"a\":1}", &mut []), Ok(AnswerCheck::Fits("{\"a\":1}")));
    }

    #[test]
    fn a_schema_is_refused_where_no_answer_could_be_checked() {
        extern crate std;
        let nested = |depth: usize| {
            std::format!("{}{{}}{}", r#"{"items":"#.repeat(depth), "}".repeat(depth))
        };
        assert_eq!(check_schema(SCHEMA), Ok(()));
        assert_eq!(check_schema(r#"{"title":"\"[[[["}"#), Ok(()));
        assert_eq!(check_schema(&nested(47)), Ok(()));
        assert_eq!(check_schema(&nested(48)), Err(Error::new(ErrorKind::TooDeep, 48)));
        assert_eq!(check_schema("[").unwrap_err().kind(), ErrorKind::BadSchema);
    }

    #[test]
    fn an_invalid_schema_is_an_error() {
        let kind = |schema| check(schema, "{}", &mut []).unwrap_err().kind();
        assert_eq!(kind("{"), ErrorKind::BadSchema);
        assert_eq!(kind(r#"{"type":1}"#), ErrorKind::BadSchema);
    }
}
