//! HTTP/1.1 responses in every chunking, hostile ones, and beside `httparse`; heads of requests.

mod check;

use check::{Played, check, play};
use zerostack_core::wire::http1::{
    MAX_CHUNK_LINE_BYTES, MAX_HEAD_BYTES, MAX_INTERIM_HEADS, MAX_TRAILER_BYTES, RequestHead,
    Response,
};
use zerostack_core::{Error, ErrorKind};

const OK: &str = "HTTP/1.1 200 OK\r\n";

fn whole(response: &str) -> Played {
    let mut seeded = vec![7];
    seeded.extend_from_slice(response.as_bytes());
    check(&seeded);
    play(response.as_bytes(), || usize::MAX)
}

fn read(response: &str) -> (u16, String, bool) {
    let played = whole(response);
    assert_eq!(played.outcome, Ok(()), "{response:?}");
    let body = String::from_utf8(played.body).expect("UTF-8");
    (played.head.expect("a head").0, body, played.keeps_open)
}

fn refused(response: &str) -> ErrorKind {
    whole(response).outcome.expect_err(response).kind()
}

#[test]
fn bodies_of_every_framing_are_read_in_every_chunking() {
    let cases = [
        (format!("{OK}Content-Length: 5\r\n\r\nhello"), 200, "hello", true),
        (format!("{OK}content-length:5\r\n\r\nhello and more"), 200, "hello", false),
        (format!("{OK}CONTENT-LENGTH: 0\r\n\r\n"), 200, "", true),
        (format!("{OK}content-length: 2 \t\r\ncontent-length: 2\r\n\r\nhi"), 200, "hi", true),
        (format!("{OK}\r\nto the end"), 200, "to the end", false),
        (format!("{OK}x: y\n\nbare lines"), 200, "bare lines", false),
        ("HTTP/1.0 200\r\ncontent-length: 2\r\n\r\nhi".into(), 200, "hi", false),
        (
            "HTTP/1.0 200 \r\nConnection: x, Keep-Alive\r\ncontent-length: 2\r\n\r\nhi".into(),
            200,
            "hi",
            true,
        ),
        (
            format!(
                "{OK}connection: Close\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi"
            ),
            200,
            "hi",
            false,
        ),
        (format!("{OK}connection: closed\r\ncontent-length: 2\r\n\r\nhi"), 200, "hi", true),
        (format!("{OK}connection: clo se\r\ncontent-length: 2\r\n\r\nhi"), 200, "hi", true),
        ("HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n".into(), 204, "", true),
        ("HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n".into(), 304, "", true),
        (
            format!(
                "{OK}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n00A;a=\"b\"\r\n world\r\n12\r\n0\r\nx: y\r\n\r\n"
            ),
            200,
            "hello world\r\n12",
            true,
        ),
        (format!("{OK}transfer-encoding: ,chunked ,\r\n\r\n0\r\n\r\n"), 200, "", true),
        (
            format!(
                "{OK}transfer-encoding: chunked\r\ncontent-encoding: identity\r\n\r\n2 ;a=b\r\nhi\r\n0 \r\n\r\n"
            ),
            200,
            "hi",
            true,
        ),
        (
            format!(
                "HTTP/1.1 100 Continue\r\nretry-after: 9\r\n\r\nHTTP/1.1 103 Early\r\ncontent-length: 4\r\n\r\n{OK}content-length: 2\r\n\r\nhi"
            ),
            200,
            "hi",
            true,
        ),
        ("HTTP/1.1 529 \r\ncontent-length: 2\r\n\r\n{}".into(), 529, "{}", true),
        (
            format!("{OK}x: caf\u{e9} \tz\r\nx-empty:\r\ncontent-length: 1\r\n\r\n\u{7f}"),
            200,
            "\u{7f}",
            true,
        ),
    ];
    for (response, status, body, open) in &cases {
        // The oracle's one difference: it keeps the length that came with a 204.
        let (found, text, keeps_open) = read(response);
        assert_eq!((found, text.as_str(), keeps_open), (*status, *body, *open), "{response:?}");
        // Any two cuts.
        let bytes = response.as_bytes();
        let expected = play(bytes, || usize::MAX);
        for first in 0..bytes.len() {
            for second in [1, 2, 3, 5, bytes.len()] {
                let mut cuts = [first.max(1), second].into_iter();
                assert_eq!(play(bytes, || cuts.next().unwrap_or(usize::MAX)), expected);
            }
        }
        // Any end is a cut response, except where the end of the connection ends the body.
        let at_end = body.is_empty() || response.ends_with(body) && !response.contains("ength");
        for end in 0..bytes.len() {
            let cut = play(&bytes[..end], || usize::MAX);
            match cut.outcome {
                Ok(()) => assert!(at_end || expected.body.starts_with(&cut.body)),
                Err(error) => {
                    let expected = Error::kind(error);
                    assert_eq!((expected, error.detail()), (ErrorKind::HttpCut, end as u32));
                }
            }
        }
    }
}

#[test]
fn what_two_readers_could_read_differently_is_refused() {
    let chunked = format!("{OK}transfer-encoding: chunked\r\n\r\n");
    let headers = |lines: &str| format!("{OK}{lines}\r\n\r\nhello");
    let cases = [
        headers("content-length: 5\r\ntransfer-encoding: chunked"),
        headers("transfer-encoding: chunked\r\ncontent-length: 5"),
        headers("transfer-encoding: chunked, chunked"),
        headers("transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
        headers("content-length: 5\r\ncontent-length: 6"),
        headers("content-length: 5, 5"),
        headers("content-length: +5"),
        headers("content-length: -5"),
        headers("content-length: 5.0"),
        headers("content-length: 0x5"),
        headers("content-length: 5 5"),
        headers("content-length:"),
        headers("content-length: 18446744073709551616"),
        headers("content-length : 5"),
        headers(" content-length: 5"),
        headers("x: y\r\n folded: z"),
        headers("x\r\n"),
        headers(": x"),
        headers("x: a\rb"),
        headers("x: a\0b"),
        headers("x: a\u{7f}b"),
        headers("caf\u{e9}: x"),
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        "HTTP/2 200 OK\r\n\r\n".into(),
        "HTTP/1.2 200 OK\r\n\r\n".into(),
        "http/1.1 200 OK\r\n\r\n".into(),
        "HTTP/1.1  200 OK\r\n\r\n".into(),
        "HTTP/1.1 20 OK\r\n\r\n".into(),
        "HTTP/1.1 099 OK\r\n\r\n".into(),
        "HTTP/1.1 2000 OK\r\n\r\n".into(),
        "HTTP/1.1 101 Switching\r\n\r\n".into(),
        "\r\nHTTP/1.1 200 OK\r\n\r\n".into(),
        "<html>".into(),
        format!("{chunked}5\nhello\r\n0\r\n\r\n"),
        format!("{chunked}5\r\nhello\n0\r\n\r\n"),
        format!("{chunked}5\r\nhelloo\r\n0\r\n\r\n"),
        format!("{chunked}\r\n"),
        format!("{chunked}0x5\r\nhello\r\n"),
        format!("{chunked}-5\r\nhello\r\n"),
        format!("{chunked} 5\r\nhello\r\n"),
        format!("{chunked}5 5\r\nhello\r\n"),
        format!("{chunked}0\r\n\n"),
        format!("{chunked}0\r\nx: y\n\r\n"),
        format!("{chunked}5;a\nb\r\nhello\r\n"),
        format!("{chunked}10000000000000000\r\n"),
        format!("{chunked}0\r\n folded\r\n\r\n"),
    ];
    for response in &cases {
        assert_eq!(refused(response), ErrorKind::BadHttp, "{response:?}");
    }
    for lines in [
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: chunked gzip",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "content-encoding: gzip",
        "content-encoding: identity, br",
    ] {
        assert_eq!(refused(&headers(lines)), ErrorKind::HttpEncoding, "{lines:?}");
    }
    let error = whole(&headers("x: y\r\nz: \0")).outcome.expect_err("a control");
    assert_eq!(error.detail(), 26);
}

#[test]
fn a_caller_that_looks_at_the_content_encoding_gets_the_head() {
    for (lines, wanted) in [
        ("content-encoding: utf-8", Ok(true)),
        ("content-encoding: identity, br", Ok(true)),
        ("transfer-encoding: gzip", Err(ErrorKind::HttpEncoding)),
    ] {
        let mut response = Response::any_encoding();
        let text = format!("HTTP/1.1 103 Hints\r\n\r\n{OK}{lines}\r\n\r\n");
        let fed = response.feed(text.as_bytes());
        assert_eq!(fed.map(|fed| fed.event.is_some()).map_err(|it| it.kind()), wanted, "{lines}");
    }
}

#[test]
fn the_wait_a_server_asks_for_is_read() {
    let waits = |lines: &str| {
        let response = format!("HTTP/1.1 429 Slow\r\n{lines}\r\ncontent-length: 0\r\n\r\n");
        whole(&response).head.expect("a head").1
    };
    let cases = [
        ("retry-after: 20", Some(20_000)),
        ("Retry-After:0", Some(0)),
        ("retry-after: 1.5", Some(1500)),
        ("retry-after: 1.23456 ", Some(1234)),
        ("retry-after: 2.", Some(2000)),
        ("retry-after-ms: 1234", Some(1234)),
        ("retry-after-ms: 1234.9", Some(1234)),
        ("retry-after-ms: 7\r\nretry-after: 20", Some(7)),
        ("retry-after: 20\r\nretry-after-ms: 7", Some(7)),
        ("retry-after: 20\r\nretry-after-ms: soon", Some(20_000)),
        ("retry-after: 99999999", Some(u32::MAX - 1)),
        ("retry-after: 99999999999999999999999", Some(u32::MAX - 1)),
        ("retry-after: -1", None),
        ("retry-after: Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("retry-after: 1 2", None),
        ("retry-after: .5", None),
        ("retry-after:", None),
        ("retry-afte: 1", None),
        ("retry-after-msx: 1", None),
    ];
    for (lines, expected) in cases {
        assert_eq!(waits(lines), expected, "{lines:?}");
    }
}

#[test]
fn limits_hold_at_their_edge() {
    let too_long = |limit: u16| Err((ErrorKind::HttpTooLong, u32::from(limit)));
    let outcome =
        |response: String| whole(&response).outcome.map_err(|error| (error.kind(), error.detail()));
    let head = |bytes: u16| {
        let rest = usize::from(bytes) - OK.len() - "x: \r\n\r\n".len();
        format!("{OK}x: {}\r\n\r\n", "y".repeat(rest))
    };
    assert_eq!(outcome(head(MAX_HEAD_BYTES)), Ok(()));
    assert_eq!(outcome(head(MAX_HEAD_BYTES - 1)), Ok(()));
    assert_eq!(outcome(head(MAX_HEAD_BYTES + 1)), too_long(MAX_HEAD_BYTES));
    let line = |bytes: u16| {
        let rest = usize::from(bytes) - "1;\r\n".len();
        let line = format!("1;{}\r\n", "e".repeat(rest));
        format!("{OK}transfer-encoding: chunked\r\n\r\n{line}x\r\n{line}x\r\n0\r\n\r\n")
    };
    assert_eq!(outcome(line(MAX_CHUNK_LINE_BYTES)), Ok(()));
    assert_eq!(outcome(line(MAX_CHUNK_LINE_BYTES + 1)), too_long(MAX_CHUNK_LINE_BYTES));
    let trailers = |bytes: u16| {
        let rest = usize::from(bytes) - "x: \r\n\r\n".len();
        format!("{OK}transfer-encoding: chunked\r\n\r\n0\r\nx: {}\r\n\r\n", "y".repeat(rest))
    };
    assert_eq!(outcome(trailers(MAX_TRAILER_BYTES)), Ok(()));
    assert_eq!(outcome(trailers(MAX_TRAILER_BYTES + 1)), too_long(MAX_TRAILER_BYTES));
    let interim = |count: u8| {
        let heads = "HTTP/1.1 100 Continue\r\n\r\n".repeat(usize::from(count));
        format!("{heads}{OK}content-length: 0\r\n\r\n")
    };
    assert_eq!(outcome(interim(MAX_INTERIM_HEADS)), Ok(()));
    assert_eq!(outcome(interim(MAX_INTERIM_HEADS + 1)), too_long(u16::from(MAX_INTERIM_HEADS)));
    let largest = format!("{OK}transfer-encoding: chunked\r\n\r\nffffffff\r\n");
    assert_eq!(outcome(largest.clone()), Err((ErrorKind::HttpCut, largest.len() as u32)));
    let larger = format!("{OK}transfer-encoding: chunked\r\n\r\n100000000\r\n");
    assert_eq!(outcome(larger.clone()), Err((ErrorKind::BadHttp, larger.len() as u32 - 3)));
    let length = |bytes: u64| format!("{OK}content-length: {bytes}\r\n\r\n");
    let whole = length(u64::from(u32::MAX) - 1);
    assert_eq!(outcome(whole.clone()), Err((ErrorKind::HttpCut, whole.len() as u32)));
    let (offset, bad) = (whole.len() as u32 - 3, ErrorKind::BadHttp);
    assert_eq!(outcome(length(u32::MAX.into())), Err((bad, offset)));
    assert_eq!(outcome(length(u64::from(u32::MAX) + 1)), Err((bad, offset)));
}

#[test]
fn state_is_small() {
    let bytes = size_of::<Response>();
    println!("http1::Response: {bytes} bytes");
    assert!(bytes <= 64, "{bytes}");
}

#[test]
fn random_responses_are_read_as_httparse_reads_them() {
    let mut random = Random(0x5eed);
    let (mut accepted, mut refused) = (0, 0);
    for case in 0..20_000_u32 {
        let (mut response, body) = random.response();
        let clean = case % 2 == 0;
        if !clean {
            for _ in 0..=random.below(3) {
                random.mutate(&mut response);
            }
        }
        let mut seeded = vec![case as u8];
        seeded.extend_from_slice(&response);
        check(&seeded);
        let played = play(&response, || usize::MAX);
        match played.outcome {
            Ok(()) => accepted += 1,
            Err(_) => refused += 1,
        }
        if clean {
            let text = String::from_utf8_lossy(&response);
            assert_eq!((played.outcome, &played.body), (Ok(()), &body), "{text}");
        }
    }
    println!("http1: {accepted} responses accepted as httparse does, {refused} refused");
    assert!(accepted > 10_000 && refused > 4_000);
}

#[test]
fn heads_of_requests_are_written_and_read_back() {
    let head = RequestHead {
        method: "POST",
        path: &["/v1", "", "/chat", "?x=%20"],
        host: "[::1]:8080",
        content_length: 120_034,
    };
    let headers = [("content-type", "application/json"), ("x-key", "a b\tc"), ("x-empty", "")];
    let mut out = vec![b'#'; 300];
    let length = head.write(headers.into_iter(), &mut out).expect("written");
    assert_eq!(head.len(headers.into_iter()), Ok(length));
    assert_eq!(
        std::str::from_utf8(&out[..length]),
        Ok(
            "POST /v1/chat?x=%20 HTTP/1.1\r\nhost: [::1]:8080\r\ncontent-type: application/json\r\n\
            x-key: a b\tc\r\nx-empty: \r\ncontent-length: 120034\r\n\r\n"
        )
    );
    let mut parsed = [httparse::EMPTY_HEADER; 8];
    let mut request = httparse::Request::new(&mut parsed);
    assert_eq!(request.parse(&out[..length]), Ok(httparse::Status::Complete(length)));
    assert_eq!((request.method, request.headers.len()), (Some("POST"), 5));

    let mut short = vec![b'#'; length - 1];
    let error = head.write(headers.into_iter(), &mut short).expect_err("too short");
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Full, 1));
    assert!(short.iter().all(|b| *b == b'#'));
    assert_eq!(head.write(headers.into_iter(), &mut vec![0; length]), Ok(length));
    for size in 1..=length + 1 {
        let mut written = Vec::new();
        loop {
            let mut part = vec![b'#'; size];
            match head.write_part(headers.into_iter(), written.len(), &mut part) {
                Ok(0) => break,
                Ok(count) => written.extend_from_slice(&part[..count]),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(written, out[..length], "{size} bytes at a time");
    }
    for (number, text) in [(0, "0"), (9, "9"), (10, "10"), (usize::MAX, "18446744073709551615")] {
        let head = RequestHead { content_length: number, ..head };
        let length = head.write(headers.into_iter(), &mut out).expect("written");
        assert!(out[..length].ends_with(format!("content-length: {text}\r\n\r\n").as_bytes()));
    }
}

#[test]
fn a_head_that_would_be_more_than_one_request_is_not_written() {
    let good = RequestHead { method: "POST", path: &["/"], host: "a", content_length: 0 };
    let heads = [
        (RequestHead { method: "", ..good }, 0),
        (RequestHead { method: "PO ST", ..good }, 0),
        (RequestHead { path: &[], ..good }, 1),
        (RequestHead { path: &["", ""], ..good }, 1),
        (RequestHead { path: &["/a", " HTTP/1.1\r\nx: y"], ..good }, 1),
        (RequestHead { path: &["x"], ..good }, 1),
        (RequestHead { path: &["/a b"], ..good }, 1),
        (RequestHead { path: &["/a\r\nx: y"], ..good }, 1),
        (RequestHead { path: &["/\u{e9}"], ..good }, 1),
        (RequestHead { path: &["/#a"], ..good }, 1),
        (RequestHead { host: "", ..good }, 2),
        (RequestHead { host: "a\r\nb", ..good }, 2),
        (RequestHead { host: "user@a", ..good }, 2),
    ];
    let none = || std::iter::empty::<(&str, &str)>();
    for (head, place) in heads {
        let error = head.write(none(), &mut [0; 99]).expect_err("refused");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadRequest, place), "{head:?}");
    }
    for header in [
        ("", "x"),
        ("a b", "x"),
        ("a:", "x"),
        ("a", "x\r\ny: z"),
        ("a", "x\ny"),
        ("a", "\0"),
        ("Host", "b"),
        ("Content-Length", "1"),
        ("transfer-encoding", "chunked"),
    ] {
        let headers = [("good", "x"), header];
        let error = good.write(headers.into_iter(), &mut [0; 99]).expect_err("refused");
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadRequest, 4), "{header:?}");
    }
}

/// A small generator, so that a failure comes again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A response that must be accepted, and its body.
    fn response(&mut self) -> (Vec<u8>, Vec<u8>) {
        let mut out = String::new();
        for _ in 0..self.below(3) / 2 {
            out.push_str("HTTP/1.1 100 Continue\r\nx: y\r\n\r\n");
        }
        out.push_str(self.one_of(&["HTTP/1.1 200 OK\r\n", "HTTP/1.1 429 \r\n", "HTTP/1.1 500\n"]));
        let others = [
            "date: x\r\n",
            "Retry-After: 3\r\n",
            "x-a:\t b \r\n",
            "connection: close\r\n",
            "etag: \"c\"\n",
        ];
        for _ in 0..self.below(4) {
            out.push_str(self.one_of(&others));
        }
        let body: Vec<u8> = (0..self.below(40))
            .map(|_| self.one_of(&["a", "\n", "0", ";"]).as_bytes()[0])
            .collect();
        let framing = self.below(3);
        match framing {
            0 => out.push_str(&format!("Content-Length: {}\r\n", body.len())),
            1 => out.push_str(
                self.one_of(&["Transfer-Encoding: chunked\r\n", "transfer-encoding:CHUNKED\n"]),
            ),
            _ => {}
        }
        out.push_str(self.one_of(&others));
        out.push_str("\r\n");
        let mut out = out.into_bytes();
        if framing != 1 {
            out.extend_from_slice(&body);
            return (out, body);
        }
        let mut rest = body.as_slice();
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(1 + self.below(rest.len()));
            let extension = self.one_of(&["", ";a=b", " ", ";a=\"b\""]);
            out.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\r\n");
            rest = after;
        }
        out.extend_from_slice(self.one_of(&["0\r\n\r\n", "000\r\nx: y\r\n\r\n"]).as_bytes());
        (out, body)
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let pieces = [
            "\r",
            "\n",
            "\r\n",
            " ",
            ":",
            "0",
            "5",
            "\0",
            ",",
            ";",
            "\t",
            "a",
            "content-length: 3\r\n",
            "transfer-encoding: chunked\r\n",
            "\u{e9}",
            "HTTP/1.1 100\r\n\r\n",
        ];
        match self.below(3) {
            0 => {
                bytes.remove(at);
                if bytes.is_empty() {
                    bytes.push(b'H');
                }
            }
            1 => bytes[at] = self.one_of(&pieces).as_bytes()[0],
            _ => {
                let piece = self.one_of(&pieces);
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
}
