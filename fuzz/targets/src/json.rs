use zerostack_core::wire::json_fields::{FieldEvent, FieldReader};
use zerostack_core::wire::json_read::{JsonReader, Node, ROOT, Token};

static NODES: &[Node] = &Node::table([
    Node::new(ROOT, "a"),
    Node::new(1, "a"),
    Node::new(1, "ab"),
    Node::raw(ROOT, "raw"),
]);
const RAW: u8 = 4;

/// A document, the first byte being the length of the chunks: every chunking gives the same result,
/// and what an independent reader takes is taken.
pub fn json(input: &[u8]) {
    let (chunk, text) = crate::split_first(input);
    let whole = tokens(text, text.len());
    assert_eq!(tokens(text, chunk.into()), whole, "the chunking counts");
    if let Ok(text) = std::str::from_utf8(text) {
        check_fields(text, chunk.into());
    }
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    if theirs.is_ok() {
        assert!(whole.is_some(), "a valid document is refused");
    }
    // What is given out raw can be read alone.
    for raw in whole.iter().flatten().filter_map(|token| token.strip_prefix("raw ")) {
        let is_string = theirs.as_ref().is_ok_and(|value| has_string(&value["raw"], raw));
        if theirs.is_ok() && !is_string {
            serde_json::from_str::<serde_json::Value>(raw).expect("a raw value is JSON");
        }
    }
}

/// The same of the reader that gives each value with its path; what it gives of a document is what an
/// independent reader finds there.
fn check_fields(text: &str, chunk: usize) {
    let whole = fields([text]);
    let mut starts: Vec<usize> = (0..text.len()).step_by(chunk.max(1)).collect();
    starts.retain(|at| text.is_char_boundary(*at));
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let pieces = starts.iter().zip(ends).map(|(start, end)| &text[*start..end]);
    assert_eq!(fields(pieces), whole, "the chunking counts");
    let (Some(fields), Ok(value)) = (whole, serde_json::from_str::<serde_json::Value>(text)) else {
        return;
    };
    let mut seen = std::collections::BTreeSet::new();
    // Of a name that an object has twice the last counts.
    for (path, read) in fields.iter().rev().filter(|(path, _)| seen.insert(path.clone())) {
        if let Some(serde_json::Value::String(theirs)) = value.pointer(path) {
            assert_eq!(theirs, read, "{path}");
        }
    }
}

/// The path and the text of each value, in the order in which they end. `None`: not JSON, or beyond
/// the limits of the reader.
fn fields<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Option<Vec<(String, String)>> {
    let mut reader = FieldReader::new();
    let (mut open, mut done) = (Vec::new(), Vec::new());
    for mut piece in pieces {
        loop {
            match reader.next(&mut piece).ok()? {
                None => break,
                Some(FieldEvent::Begin(_)) => open.push(String::new()),
                Some(FieldEvent::Piece(more)) => open.last_mut()?.push_str(more),
                Some(FieldEvent::End(_)) => {
                    let text = open.pop()?;
                    done.push((reader.path().to_owned(), text));
                }
            }
        }
    }
    reader.finish().ok()?;
    Some(done)
}

/// The tokens as text; pieces that follow each other are one. `None`: not JSON.
fn tokens(text: &[u8], chunk: usize) -> Option<Vec<String>> {
    let mut reader = JsonReader::new(NODES);
    let (mut tokens, mut piece): (Vec<String>, Vec<u8>) = (Vec::new(), Vec::new());
    for chunk in text.chunks(chunk.max(1)) {
        let mut rest = chunk;
        while let Some(token) = reader.next(&mut rest).ok()? {
            match token {
                Token::Piece(_, bytes) => piece.extend_from_slice(bytes),
                Token::PieceEnd(place) => {
                    let piece = String::from_utf8_lossy(&std::mem::take(&mut piece)).into_owned();
                    // A string is given out unescaped, all else as it was written.
                    let is_raw = place == RAW && piece.starts_with(['{', '[']);
                    tokens.push(format!("{} {piece}", if is_raw { "raw" } else { "text" }));
                }
                token => tokens.push(format!("{token:?}")),
            }
        }
        assert!(rest.is_empty(), "input was left");
    }
    reader.finish().ok()?;
    Some(tokens)
}

/// Whether `text` is one of the strings in `value`.
fn has_string(value: &serde_json::Value, text: &str) -> bool {
    match value {
        serde_json::Value::String(string) => string == text,
        serde_json::Value::Array(list) => list.iter().any(|value| has_string(value, text)),
        _ => false,
    }
}
