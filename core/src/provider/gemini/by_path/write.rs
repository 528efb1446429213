//! Writes pieces as the text of one JSON object.
//!
//! A model writes its arguments from the beginning to the end, so their pieces are in the order of the
//! text, and each is added at its end:
//!
//! ```text
//! $.a[0].b  "so     {"a":[{"b":"so
//! $.a[0].b  ""      {"a":[{"b":"so"
//! $.a[1].b  1       {"a":[{"b":"so"},{"b":1
//! the end           {"a":[{"b":"so"},{"b":1}]}
//! ```
//!
//! Pieces in any other order are refused: an element that was left out, a second value of a member, a
//! string inside of another. The values are copied as they are: they are JSON already.

use crate::provider::options::{ArrayElements, ObjectMembers};
use crate::provider::reply::{BROKEN, Out, Written};
use crate::wire::json_path::{JsonPath, Segment};
use crate::wire::steps;
use crate::{Error, ErrorKind};

/// Adds the pieces of `array`, a JSON array or nothing.
pub(super) fn add<'a>(
    before: Written<'a>,
    array: &'a str,
    goes_on: bool,
    out: &mut Out<'_>,
) -> Result<Written<'a>, Error> {
    if !array.is_empty() && !array.starts_with('[') {
        return Err(BROKEN);
    }
    let mut now = before;
    for piece in ArrayElements::of(array) {
        add_piece(&mut now, piece, out)?;
    }
    if goes_on {
        return Ok(now);
    }
    if now.in_string {
        return Err(BROKEN);
    }
    match JsonPath::of(now.path) {
        Some(path) => close(path, out)?,
        None => out.put(b"{}")?,
    }
    Ok(now)
}

/// A value, or a piece of a string.
fn add_piece<'a>(now: &mut Written<'a>, piece: &'a str, out: &mut Out<'_>) -> Result<(), Error> {
    let (mut path, mut value, mut is_null, mut goes_on) = ("", None, false, false);
    for (name, member) in ObjectMembers::of(piece) {
        let first = member.bytes().next().unwrap_or_default();
        let is_good = match name {
            "jsonPath" | "json_path" => {
                path = inside(member).ok_or(BROKEN)?;
                continue;
            }
            "willContinue" | "will_continue" => {
                goes_on = member == "true";
                continue;
            }
            "nullValue" | "null_value" => {
                is_null = true;
                continue;
            }
            "stringValue" | "string_value" => first == b'"',
            "numberValue" | "number_value" => first.is_ascii_digit() || first == b'-',
            "boolValue" | "bool_value" => matches!(first, b't' | b'f'),
            _ => continue,
        };
        // Some writers name all members of an object.
        if member != "null" {
            if !is_good || value.is_some() {
                return Err(BROKEN);
            }
            value = Some(member);
        }
    }
    let segments = JsonPath::of(path).filter(|path| path.clone().next().is_some()).ok_or(BROKEN)?;
    let is_same = path == now.path;
    let Some(value) = value.or(is_null.then_some("null")) else {
        // It ends a string, or announces a value.
        if now.in_string && !is_same {
            return Err(BROKEN);
        }
        if now.in_string && !goes_on {
            out.put(b"\"")?;
            now.in_string = false;
        }
        return Ok(());
    };
    if now.in_string != is_same {
        return Err(BROKEN);
    }
    if !is_same {
        go_to(now, segments, out)?;
        now.path = path;
    }
    match inside(value) {
        Some(text) => {
            out.put(if is_same { b"" } else { b"\"" })?;
            out.put(text.as_bytes())?;
            out.put(if goes_on { b"" } else { b"\"" })?;
            now.in_string = goes_on;
        }
        None if is_same => return Err(BROKEN),
        None => out.put(value.as_bytes())?,
    }
    Ok(())
}

/// The inside of a JSON string.
fn inside(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

/// Closes and opens objects and arrays, from the last value to the one at `path`.
fn go_to(now: &Written<'_>, path: JsonPath<'_>, out: &mut Out<'_>) -> Result<(), Error> {
    let mut new = path;
    let Some(mut old) = JsonPath::of(now.path) else {
        // The first: arguments are an object.
        return match new.clone().next() {
            Some(Segment::Key(_)) => open(new, out),
            _ => Err(BROKEN),
        };
    };
    let (last, next) = loop {
        let pair = (old.next(), new.next());
        if pair.0.is_none() || pair.0 != pair.1 {
            break pair;
        }
    };
    match (last, next) {
        (Some(Segment::Key(_)), Some(Segment::Key(key))) => {
            close(old, out)?;
            if has_key(now.arguments, out.written(), key)? {
                return Err(BROKEN);
            }
            out.put(b",")?;
            put_key(key, out)?;
        }
        (Some(Segment::Index(last)), Some(Segment::Index(next))) if next == last + 1 => {
            close(old, out)?;
            out.put(b",")?;
        }
        _ => return Err(BROKEN),
    }
    open(new, out)
}

/// Opens the objects and arrays that `path` goes through.
fn open(path: JsonPath<'_>, out: &mut Out<'_>) -> Result<(), Error> {
    for segment in path {
        match segment {
            Segment::Key(key) => {
                out.put(b"{")?;
                put_key(key, out)?;
            }
            Segment::Index(0) => out.put(b"[")?,
            Segment::Index(_) => return Err(BROKEN),
        }
    }
    Ok(())
}

/// Closes those, the innermost first.
fn close(path: JsonPath<'_>, out: &mut Out<'_>) -> Result<(), Error> {
    let start = out.written().len();
    for segment in path {
        out.put(match segment {
            Segment::Key(_) => b"}",
            Segment::Index(_) => b"]",
        })?;
    }
    out.reverse_from(start);
    Ok(())
}

fn put_key(key: &str, out: &mut Out<'_>) -> Result<(), Error> {
    out.put(b"\"")?;
    out.put(key.as_bytes())?;
    out.put(b"\":")
}

/// Whether the innermost open object of a text in two parts has this member: read from its end, so that
/// only this object is read.
///
/// # Errors
/// `Limit` with [`MAX_MEMBERS`]: comparing each with all before it would take too long.
fn has_key(front: &[u8], back: &[u8], key: &str) -> Result<bool, Error> {
    let byte = |at: usize| {
        let following = || back.get(at.checked_sub(front.len())?);
        front.get(at).or_else(following).copied().unwrap_or_default()
    };
    let is_escaped = |quote: usize| {
        let slashes = (0..quote).rev().take_while(|at| byte(*at) == b'\\');
        slashes.count() % 2 == 1
    };
    let all = front.len() + back.len();
    let (mut at, mut depth, mut members, mut after) = (all, 0_u32, 0, 0);
    while let Some(before) = at.checked_sub(1) {
        at = before;
        let first = byte(at);
        match first {
            b'"' => {
                let end = at;
                at = (0..end).rev().find(|at| byte(*at) == b'"' && !is_escaped(*at)).unwrap_or(0);
                if depth == 0 && after == b':' {
                    members += 1;
                    if (at + 1..end).map(byte).eq(key.bytes()) {
                        return Ok(true);
                    }
                }
            }
            b'}' | b']' => depth += 1,
            b'{' | b'[' if depth == 0 => break,
            b'{' | b'[' => depth -= 1,
            _ => {}
        }
        after = first;
    }
    steps::count(all - at);
    if members >= MAX_MEMBERS {
        return Err(Error::new(ErrorKind::Limit, MAX_MEMBERS));
    }
    Ok(false)
}

/// Members of one object that may arrive by path.
const MAX_MEMBERS: u32 = 256;
