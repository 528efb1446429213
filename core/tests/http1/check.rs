//! What must hold for any bytes that claim to be an HTTP response. Also the fuzz target.

use zerostack_core::wire::http1::{Response, ResponseEvent};
use zerostack_core::{Error, ErrorKind};

/// Plays the bytes after the first, which is a seed, in three chunkings, and compares the result
/// with another reader.
pub fn check(data: &[u8]) {
    let Some((seed, bytes)) = data.split_first() else { return };
    let whole = play(bytes, || usize::MAX);
    assert_eq!(play(bytes, || 1), whole, "byte by byte");
    let mut state = u32::from(*seed);
    let varied = play(bytes, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as usize % 7 + 1
    });
    assert_eq!(varied, whole, "in pieces");
    if let Played { outcome: Ok(()), head: Some((status, _)), body, .. } = &whole {
        let expected = oracle(bytes);
        assert_eq!(
            expected,
            Some((*status, body.clone())),
            "accepted, but not by the other reader: {:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

/// All that a response gave.
#[derive(PartialEq, Debug)]
pub struct Played {
    pub head: Option<(u16, Option<u32>)>,
    pub body: Vec<u8>,
    /// What `feed`, or at last `end`, said.
    pub outcome: Result<(), Error>,
    pub keeps_open: bool,
}

pub fn play(bytes: &[u8], mut next: impl FnMut() -> usize) -> Played {
    let mut response = Response::new();
    let mut played = Played { head: None, body: Vec::new(), outcome: Ok(()), keeps_open: false };
    let mut left = bytes;
    'all: while !left.is_empty() {
        let (mut chunk, rest) = left.split_at(next().min(left.len()));
        while !chunk.is_empty() {
            let fed = match response.feed(chunk) {
                Ok(fed) => fed,
                Err(error) => {
                    assert_eq!(response.feed(b"x"), Err(error), "stays failed");
                    played.outcome = Err(error);
                    break 'all;
                }
            };
            assert!(fed.used > 0 && fed.used <= chunk.len(), "takes something");
            match fed.event {
                Some(ResponseEvent::Head { status, retry_after_ms }) => {
                    assert_eq!(played.head, None, "one head");
                    played.head = Some((status, retry_after_ms));
                }
                Some(ResponseEvent::Body(body)) => {
                    assert!(!body.is_empty() && played.head.is_some());
                    played.body.extend_from_slice(body);
                }
                None => assert!(fed.used == chunk.len(), "stops only for an event"),
            }
            chunk = &chunk[fed.used..];
        }
        left = rest;
    }
    if played.outcome.is_ok() {
        played.keeps_open = response.keeps_open();
        let was_done = response.is_done();
        played.outcome = response.end();
        assert!(!was_done || played.outcome.is_ok());
        let cut = played.outcome.err().map(Error::kind);
        assert!(matches!(cut, None | Some(ErrorKind::HttpCut)), "{cut:?}");
        assert!(!response.keeps_open());
    }
    played
}

/// Status and body as `httparse` and a plain reading of the framing rules give them.
fn oracle(mut bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 512];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes).ok()? else { return None };
        bytes = bytes.get(length..)?;
        let status = head.code?;
        if (100..200).contains(&status) {
            continue;
        }
        let values = |name: &str| {
            let found = head.headers.iter().filter(|h| h.name.eq_ignore_ascii_case(name));
            let texts = found.filter_map(|h| Some(std::str::from_utf8(h.value).ok()?.trim()));
            texts.map(str::to_ascii_lowercase).collect::<Vec<_>>()
        };
        // Fields of one name are one list.
        let codings = Some(values("transfer-encoding").join(",")).filter(|list| !list.is_empty());
        let body = match (codings, values("content-length").into_iter().next()) {
            _ if matches!(status, 204 | 304) => Vec::new(),
            // An empty list of codings is none.
            (Some(coding), length) if coding.contains("chunked") => {
                assert_eq!(coding.trim_matches([',', ' ', '\t']), "chunked");
                assert_eq!(length, None);
                dechunked(bytes)?
            }
            (_, Some(length)) => bytes.get(..length.parse().ok()?)?.to_vec(),
            (_, None) => bytes.to_vec(),
        };
        return Some((status, body));
    }
}

fn dechunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        // `httparse` counts the zeros in front as digits of a size that is too large.
        while let [b'0', rest @ ..] = bytes
            && rest.first().is_some_and(u8::is_ascii_hexdigit)
        {
            bytes = rest;
        }
        let httparse::Status::Complete((at, size)) = httparse::parse_chunk_size(bytes).ok()? else {
            return None;
        };
        bytes = bytes.get(at..)?;
        if size == 0 {
            let mut trailers = [httparse::EMPTY_HEADER; 512];
            return httparse::parse_headers(bytes, &mut trailers)
                .ok()?
                .is_complete()
                .then_some(body);
        }
        let size = usize::try_from(size).ok()?;
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
