use zerostack_core::wire::sse::{Field, SseReader, SseToken};

/// A stream, the first byte being the length of the chunks: every chunking gives the events
/// that a reader by lines finds.
pub fn sse(input: &[u8]) {
    let (chunk, stream) = crate::split_first(input);
    assert_eq!(events(stream, chunk.into()), by_lines(stream));
    assert_eq!(events(stream, stream.len()), by_lines(stream));
}

/// The data of each event, its lines joined by line feeds.
fn events(stream: &[u8], chunk: usize) -> Vec<Vec<u8>> {
    let mut reader = SseReader::new();
    let (mut events, mut data): (Vec<Vec<u8>>, Option<Vec<u8>>) = (Vec::new(), None);
    for chunk in stream.chunks(chunk.max(1)) {
        let mut rest = chunk;
        while let Some(token) = reader.next(&mut rest) {
            match token {
                SseToken::Line(Field::Data) => match &mut data {
                    Some(data) => data.push(b'\n'),
                    None => data = Some(Vec::new()),
                },
                SseToken::Piece(Field::Data, piece) => {
                    data.as_mut().expect("a line began").extend_from_slice(piece);
                }
                SseToken::Dispatch => events.extend(data.take()),
                SseToken::Line(_) | SseToken::Piece(..) | SseToken::LineEnd(_) => {}
            }
        }
        assert!(rest.is_empty(), "input was left");
    }
    events
}

/// The same by the words of the standard: all lines first, then their fields.
fn by_lines(stream: &[u8]) -> Vec<Vec<u8>> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut rest = stream;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        lines.push(&rest[..end]);
        let after = end + if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[after..];
    }
    let (mut events, mut data): (Vec<Vec<u8>>, Option<Vec<u8>>) = (Vec::new(), None);
    for line in lines {
        if line.is_empty() {
            events.extend(data.take());
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name == b"data" {
            match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            }
        }
    }
    events
}
