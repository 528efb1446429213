//! Whatever is wrong on the way to the model, or in its answer: one clear line, the
//! exit code, bounded memory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use zerostack_scripted::{Reply, Script, Scripted};
use zerostack_tests::command::{Done, Place};

use super::place;

/// One attempt on the server at `base_url`.
fn ask(place: &Place, base_url: &str) -> Done {
    let run = place.zerostack(&["explain", "it", "--max-attempts", "1"]);
    run.env("ZEROSTACK_BASE_URL", base_url).env("ZEROSTACK_MODEL", "scripted").run()
}

/// A server that answers one request with `head` and then `piece` until `bytes` were sent or the
/// client has gone.
fn pour(head: &str, piece: &str, bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (head, piece) = (head.to_owned(), piece.to_owned());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while request.read_line(&mut line).unwrap() > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        request.read_exact(&mut vec![0; length]).unwrap();
        let mut sent = stream.write_all(head.as_bytes());
        let piece = piece.repeat(64 * 1024 / piece.len() + 1);
        let mut left = bytes;
        while sent.is_ok() && left > 0 {
            sent = stream.write_all(piece.as_bytes());
            left = left.saturating_sub(piece.len());
        }
    });
    address
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// A run in which the command and each of its tools may use so much memory only.
fn frugal(place: &Place, address: SocketAddr, memory: usize) -> Done {
    let run = place.zerostack(&["explain", "it", "--max-attempts", "1"]);
    run.env("ZEROSTACK_BASE_URL", &format!("http://{address}/v1"))
        .env("ZEROSTACK_MODEL", "scripted")
        .through(&["prlimit", &format!("--data={memory}")])
        .run()
}

#[test]
fn a_provider_that_is_not_known_or_not_configured() {
    let place = place();
    let none = || place.zerostack(&["do it"]).without("ZEROSTACK_API_KEY");
    let unknown = none().env("ZEROSTACK_PROVIDER", "nobody").run();
    let said = unknown.failure(52);
    assert!(said.contains("no provider is called \"nobody\"; known are openai,"), "{said}");
    for (provider, variable) in [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")] {
        let done =
            place.zerostack(&["do it", "--provider", provider]).without("ZEROSTACK_API_KEY").run();
        let said = done.failure(41);
        assert!(said.contains(&format!("no key for {provider}: set {variable}")), "{said}");
    }
    let bad = none().env("OPENAI_API_KEY", "with a\nline break").run();
    assert!(bad.failure(41).contains("OPENAI_API_KEY has a space, a line break"));
    assert!(!bad.stderr.contains("with a"));
}

#[test]
fn a_base_url_that_leads_nowhere() {
    let place = place();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (format!("http://{free}/v1"), 60, "refuses the connection; start the server"),
        ("localhost:1234/v1/?q".to_owned(), 52, "ZEROSTACK_BASE_URL"),
        ("ftp://127.0.0.1/v1".to_owned(), 52, "ZEROSTACK_BASE_URL"),
        ("http://".to_owned(), 52, "ZEROSTACK_BASE_URL"),
        ("https://no-such-host.invalid/v1".to_owned(), 60, "no-such-host.invalid"),
        ("http://example.com/v1".to_owned(), 52, "the key would travel unencrypted"),
    ];
    for (base_url, code, part) in cases {
        let done = ask(&place, &base_url);
        let said = done.failure(code);
        assert!(said.contains(part), "{base_url}: {said}");
    }
}

#[test]
fn a_server_that_is_no_provider() {
    let wire = |text: &str| Reply::wire(text);
    let cases = [
        (Reply::raw("text/html", "<html><h1>Welcome</h1>"), "a web page"),
        (Reply::raw("text/event-stream", "<html><title>Sign in</title>"), "a web page: Sign in"),
        (Reply::status(404), "404"),
        (Reply::status(405), "405"),
        (Reply::raw("application/json", "{\"hello\": \"world\"}"), "check the base URL and --api"),
        (Reply::raw("application/json", "[1, 2]"), "openai-chat format"),
        (Reply::raw("text/plain", "hello\n"), "openai-chat format"),
        (Reply::raw("text/event-stream", "data: {]\n\n"), "openai-chat format"),
        (
            wire("HTTP/1.1 301 M\r\nlocation: https://evil.example/\r\n\r\n"),
            "points to https://evil.example",
        ),
        (wire("SSH-2.0-OpenSSH_9.2\r\n"), "did not answer in HTTP"),
        (wire("\x16\x03\x01\x00\x05hello"), "did not answer in HTTP"),
        (wire(""), "closed the connection before it answered"),
        (wire(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000))), "header"),
        (wire("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "rules of HTTP"),
    ];
    for (reply, part) in cases {
        let place = place();
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        let done = ask(&place, &provider.base_url());
        let said = done.failure(60);
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_page_of_a_gateway_is_reported_and_tried_again() {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>";
    let place = place();
    let bad = || Reply::raw("text/html", page).with_status(502);
    let provider = Scripted::start(Script::new().reply(bad()).text("fine")).unwrap();
    let again = place.zerostack(&["explain", "it"]).env("ZEROSTACK_BASE_URL", &provider.base_url());
    assert_eq!(again.env("ZEROSTACK_MODEL", "scripted").run().success(), "fine\n");
    provider.assert_requests(2);

    let script =
        (0..10).fold(Script::new(), |script, _| script.reply(bad().header("retry-after", "0")));
    let provider = Scripted::start(script).unwrap();
    let done = ask(&place, &provider.base_url());
    let said = done.failure(60);
    assert!(said.contains("answered 502: a web page: 502 Bad Gateway"), "{said}");
}

#[test]
fn tls_to_a_plain_server_and_plain_http_to_a_tls_server() {
    let place = place();
    let provider = Scripted::start(Script::new().text("no")).unwrap();
    let done = ask(&place, &provider.base_url().replace("http:", "https:"));
    let said = done.failure(60);
    assert!(said.contains("does not speak TLS on this port"), "{said}");
    assert!(provider.requests().is_empty());
    // What a TLS server says to plain HTTP: an alert.
    let alert = Reply::wire("\x15\x03\x01\x00\x02\x02\x28");
    let provider = Scripted::start(Script::new().reply(alert)).unwrap();
    let done = ask(&place, &provider.base_url());
    let said = done.failure(60);
    assert!(said.contains("use https:// if this is a TLS port"), "{said}");
}

#[test]
fn bodies_without_an_end_take_bounded_memory() {
    const LITTLE: usize = 12_000_000;
    // A conversation may grow until its own limit.
    const CONVERSATION: usize = 72_000_000;
    // (what, head, piece, memory, the exit code)
    let text = r#"data: {"choices":[{"index":0,"delta":{"content":"CONTENT"}}]}"#;
    let text = text.replace("CONTENT", &"x".repeat(8000)) + "\n\n";
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let begun = format!("{STREAM}data: ");
    let in_string = format!("{STREAM}data: {{\"unknown\":\"");
    let cases = [
        ("a head without an end", "HTTP/1.1 200 OK\r\nx: ", "y", LITTLE, 60),
        ("a line without an end", begun.as_str(), "x", LITTLE, 60),
        ("comments", STREAM, ": still there\n", LITTLE, 60),
        ("an unknown field", in_string.as_str(), "xyz ", LITTLE, 60),
        ("blanks", json, "    ", LITTLE, 60),
        ("a text longer than the conversation", STREAM, text.as_str(), CONVERSATION, 53),
        ("no body of a stream", STREAM, "<p>hello</p>\n", LITTLE, 60),
    ];
    for (what, head, piece, memory, code) in cases {
        let place = place();
        // More than fits.
        let done = frugal(&place, pour(head, piece, memory + memory / 10), memory);
        assert_eq!(done.code, code, "{what}: {}", done.stderr);
        println!("{what}: {}", done.failure(code));
    }
}

#[test]
fn an_image_in_a_reply_is_reported_and_alone_is_no_result() {
    let image = r#""images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]"#;
    let stream = |delta: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":\"stop\"}}]}}\n\n"
        )
    };
    let run = |delta: &str| {
        let place = place();
        let reply = Reply::raw("text/event-stream", stream(delta).as_bytes());
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        ask(&place, &provider.base_url())
    };
    let done = run(&format!(r#""content":"Here it is.",{image}"#));
    assert_eq!(done.success(), "Here it is.\n");
    assert!(done.stderr.contains("bytes of the reply were not kept"), "{done:?}");
    let done = run(image);
    assert!(done.failure(61).contains("holds only images, sound or other media"), "{done:?}");
}

#[test]
fn bytes_that_are_no_utf_8_in_a_stream() {
    let body = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"whole\"}}]}\n\n\
                 data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\xff\xfeb\"},\
                 \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    for body in [&body[..], b"data: \xff\xfe{}\n\n"] {
        for pieces in [1, 1000] {
            let place = place();
            let reply = Reply::raw("text/event-stream", body).pieces(pieces);
            let provider = Scripted::start(Script::new().reply(reply)).unwrap();
            let done = ask(&place, &provider.base_url());
            assert!(done.failure(60).contains("malformed at byte"));
        }
    }
}
