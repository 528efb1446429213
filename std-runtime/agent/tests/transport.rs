//! The HTTP client against the scripted provider and against sockets that misbehave.

#[cfg(target_os = "linux")]
mod silent;

use std::ffi::OsString;
use std::io::{Cursor, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zerostack_agent::transport::{
    Cancel, Http, HttpOptions, Post, Response, RootCertificates, Transport,
};
use zerostack_agent::{Error, ErrorKind, Result};
use zerostack_scripted::{Framing, Reply, Script, Scripted};

const KEY: &str = "sk-hunter2";

fn http(cancel: &Cancel) -> Http {
    let options = HttpOptions {
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
        ..HttpOptions::default()
    };
    Http::new(options, cancel.clone())
}

fn post(http: &mut Http, url: &str) -> Result<Response> {
    let body = r#"{"model":"m","stream":true}"#;
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    // The scripted provider answers nothing else; what is no base URL stays as it is.
    let whole = format!("{url}/chat/completions");
    let url = if url.ends_with("/v1") { whole.as_str() } else { url };
    let post = Post { url, headers: &headers, body_len: body.len() as u64 };
    let shown = format!("{post:?}");
    assert!(!shown.contains("hunter2") && shown.contains("authorization"), "{shown}");
    http.post(&post, &mut Cursor::new(body))
}

/// A client that would wait for an hour, so that only the cancel can end it.
fn patient(cancel: &Cancel) -> Http {
    let hour = Duration::from_secs(3600);
    let options =
        HttpOptions { connect_timeout: hour, idle_timeout: hour, ..HttpOptions::default() };
    Http::new(options, cancel.clone())
}

/// Runs `test`, and fails where it would hang.
fn must_end(test: impl FnOnce() + Send + 'static) {
    let running = thread::spawn(test);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(running.join()));
    let ended = receiver.recv_timeout(Duration::from_secs(60)).expect("it hangs");
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

/// The whole body, or the bytes up to the error.
fn read_all(response: &mut Response) -> (Vec<u8>, Result<()>) {
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match response.body.receive(&mut piece) {
            Ok(0) => return (all, Ok(())),
            Ok(read) => all.extend_from_slice(&piece[..read]),
            Err(error) => return (all, Err(error)),
        }
    }
}

#[track_caller]
fn assert_error(error: &Error, kind: ErrorKind, parts: &[&str]) {
    let message = error.to_string();
    assert_eq!(error.kind(), kind, "{message}");
    for shown in [&message, &format!("{error:?}")] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(!message.contains('\n'), "{message}");
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

/// Answers one connection with `answer`, after the request was read.
fn answering(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        answer(&mut stream);
        // Waits for the client, so that no unread byte turns the close into a reset.
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    format!("http://{address}/v1/chat/completions?key=hunter2")
}

fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"true}") {
        let mut piece = [0; 512];
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "the client has left this connection");
        seen.extend_from_slice(&piece[..read]);
    }
}

#[test]
fn a_request_arrives_whole_and_its_answer_comes_back() {
    let provider = Scripted::start(Script::new().text("hi").text("again")).unwrap();
    let mut http = http(&Cancel::new());
    let url = format!("{}/chat/completions", provider.base_url());
    for text in ["hi", "again"] {
        let mut response = post(&mut http, &url).unwrap();
        assert_eq!((response.status, response.retry_after_ms), (200, None));
        let (body, end) = read_all(&mut response);
        end.unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&format!(r#""content":"{text}""#)), "{body}");
        assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    }
    let requests = provider.requests();
    assert_eq!(requests.len(), 2);
    let request = &requests[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(request.body, br#"{"model":"m","stream":true}"#);
    assert!(request.has_key());
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-length"), Some("27"));
    assert_eq!(request.header("transfer-encoding"), None);
    assert!(request.header("user-agent").unwrap().starts_with("zerostack/"));
    assert!(!format!("{requests:?} {http:?} {provider:?}").contains("hunter2"));
}

#[test]
fn one_connection_serves_all_rounds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        for _ in 0..3 {
            read_request(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        }
    });
    let mut http = http(&Cancel::new());
    for _ in 0..3 {
        let mut response = post(&mut http, &format!("http://{address}/")).unwrap();
        assert_eq!(read_all(&mut response).0, b"ok");
    }
    server.join().unwrap();
}

#[test]
fn a_connection_that_the_server_closed_meanwhile_is_replaced() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut http = http(&Cancel::new());
    for _ in 0..2 {
        let listener = listener.try_clone().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        });
        let mut response = post(&mut http, &url).unwrap();
        let (body, end) = read_all(&mut response);
        end.unwrap();
        assert_eq!(body, b"ok");
        server.join().unwrap();
    }
}

#[test]
fn a_long_request_that_comes_in_drops_arrives_whole() {
    /// Gives at most seven bytes a read.
    struct Drops<'a>(&'a [u8]);
    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let most = buffer.len().min(7);
            self.0.read(&mut buffer[..most])
        }
    }

    let body: Vec<u8> = (0..300_000_u32).map(|index| (index % 251) as u8).collect();
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    let url = provider.base_url();
    let post = Post { url: &url, headers: &[], body_len: body.len() as u64 };
    let mut response = http(&Cancel::new()).post(&post, &mut Drops(&body)).unwrap();
    read_all(&mut response).1.unwrap();
    assert!(provider.requests()[0].body == body);
}

#[test]
fn bytes_come_as_soon_as_they_are_there() {
    // The second half is only sent when the first has been read: a client that waits for more,
    // or for the end, would wait forever.
    let reply = Reply::raw("text/event-stream", "first second").stall(6);
    let provider = Scripted::start(Script::new().reply(reply)).unwrap();
    let mut response = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap();
    let mut piece = [0; 64];
    let read = response.body.receive(&mut piece).unwrap();
    assert_eq!(&piece[..read], b"first ");
    provider.release();
    let (rest, end) = read_all(&mut response);
    end.unwrap();
    assert_eq!(rest, b"second");
}

#[test]
fn the_status_and_the_wish_to_wait_come_back() {
    let script = Script::new()
        .reply(Reply::status(429).header("retry-after", "2"))
        .reply(Reply::status(529).header("retry-after-ms", "250"))
        .reply(Reply::status(401))
        .reply(Reply::status(500));
    let provider = Scripted::start(script).unwrap();
    let mut http = http(&Cancel::new());
    for (status, retry_after_ms) in [(429, Some(2_000)), (529, Some(250)), (401, None), (500, None)]
    {
        let mut response = post(&mut http, &provider.base_url()).unwrap();
        assert_eq!((response.status, response.retry_after_ms), (status, retry_after_ms));
        let body: serde_json::Value = serde_json::from_slice(&read_all(&mut response).0).unwrap();
        assert!(body["error"]["message"].is_string(), "{body}");
    }
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    for framing in [Framing::Chunked, Framing::Length] {
        for cut in [0, 1, 40, 41] {
            let whole = "x".repeat(42);
            let reply = Reply::raw("text/plain", whole.clone()).framing(framing).cut(cut);
            let provider = Scripted::start(Script::new().reply(reply)).unwrap();
            let mut response = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap();
            let (body, end) = read_all(&mut response);
            assert_eq!(body, &whole.as_bytes()[..cut], "{framing:?} {cut}");
            assert_error(&end.unwrap_err(), ErrorKind::Provider, &["127.0.0.1:", "complete"]);
            // Asked again, it does not pretend that the body was complete.
            assert!(response.body.receive(&mut [0; 8]).is_err());
        }
    }
}

#[test]
fn a_reset_is_an_error_in_every_framing() {
    for framing in [Framing::Chunked, Framing::Length, Framing::Close] {
        let reply = Reply::raw("text/plain", "x".repeat(42)).framing(framing).reset(20);
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        let failed = match post(&mut http(&Cancel::new()), &provider.base_url()) {
            Ok(mut response) => read_all(&mut response).1.unwrap_err(),
            Err(error) => error,
        };
        assert_error(&failed, ErrorKind::Provider, &["127.0.0.1:"]);
    }
}

#[test]
fn a_server_that_says_nothing_more_is_given_up() {
    let provider = Scripted::start(Script::new().reply(Reply::new().text("hi").stall(9))).unwrap();
    let options = HttpOptions { idle_timeout: Duration::from_millis(50), ..HttpOptions::default() };
    let mut http = Http::new(options, Cancel::new());
    let mut response = post(&mut http, &provider.base_url()).unwrap();
    let (body, end) = read_all(&mut response);
    assert_eq!(body.len(), 9);
    assert_error(&end.unwrap_err(), ErrorKind::Provider, &["127.0.0.1:", "nothing for 50 ms"]);
}

#[test]
fn a_refusal_that_does_not_end_is_not_waited_for() {
    must_end(|| {
        // The rest never comes, or comes a byte at a time.
        for drips in [false, true] {
            let url = answering(move |stream| {
                let head = "HTTP/1.1 404 Not Found\r\ncontent-length: 99999\r\n\r\nno such model";
                stream.write_all(head.as_bytes()).unwrap();
                while drips && stream.write_all(b".").is_ok() {
                    thread::sleep(Duration::from_millis(20));
                }
                // Until the client has had enough.
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let mut response = post(&mut patient(&Cancel::new()), &url).unwrap();
            let (body, end) = read_all(&mut response);
            assert!(body.starts_with(b"no such model") && body.len() < 99_999);
            assert!(end.is_ok(), "{end:?}");
        }
    });
}

#[test]
fn cancel_ends_a_read_that_waits() {
    must_end(|| {
        let reply = Reply::new().text("hi").stall(9);
        let provider = Scripted::start(Script::new().reply(reply)).unwrap();
        let cancel = Cancel::new();
        let mut http = patient(&cancel);
        let mut response = post(&mut http, &provider.base_url()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                provider.wait_until_stalled();
                cancel.clone().cancel();
            });
            let (_, end) = read_all(&mut response);
            assert_error(&end.unwrap_err(), ErrorKind::Interrupted, &["cancelled"]);
        });
        let error = response.body.receive(&mut [0; 8]).unwrap_err();
        assert_error(&error, ErrorKind::Interrupted, &[]);
        let error = post(&mut http, &provider.base_url()).unwrap_err();
        assert_error(&error, ErrorKind::Interrupted, &[]);
        assert_eq!(provider.requests().len(), 1);
    });
}

#[test]
fn cancel_ends_a_wait_for_the_head() {
    must_end(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let cancel = Cancel::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                read_request(&mut stream);
                cancel.cancel();
                // Ends only when the client has hung up.
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let error = post(&mut patient(&cancel), &url).unwrap_err();
            assert_error(&error, ErrorKind::Interrupted, &["cancelled"]);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn cancel_ends_a_connect_that_waits() {
    must_end(|| {
        let (address, _open) = silent::silent_address();
        let cancel = Cancel::new();
        thread::scope(|scope| {
            let url = format!("http://{address}/");
            let connecting = scope.spawn(|| post(&mut patient(&cancel), &{ url }));
            // SYN_SENT to this port: it waits.
            let waits = format!(":{:04X} 02 ", address.port());
            while !std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&waits) {
                thread::yield_now();
            }
            cancel.cancel();
            let error = connecting.join().unwrap().unwrap_err();
            assert_error(&error, ErrorKind::Interrupted, &["cancelled"]);
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_waits_is_given_up() {
    let (address, _open) = silent::silent_address();
    let connect_timeout = Duration::from_millis(100);
    let options = HttpOptions { connect_timeout, ..HttpOptions::default() };
    let mut http = Http::new(options, Cancel::new());
    let error = post(&mut http, &format!("http://{address}/")).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["127.0.0.1:", "within 100 ms"]);
}

#[test]
fn a_redirect_is_not_followed_and_says_where_it_points() {
    for (location, part) in [
        ("https://elsewhere.example/v1?key=hunter2", "https://elsewhere.example"),
        ("https://user:hunter2@elsewhere.example/", "https://elsewhere.example"),
        ("/other", "another path"),
        ("", "another path"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let reply = Reply::status(status).header("location", location);
            let provider = Scripted::start(Script::new().reply(reply).text("no")).unwrap();
            let error = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap_err();
            let status = status.to_string();
            assert_error(&error, ErrorKind::Provider, &[&status, part, "base URL", "127.0.0.1"]);
            assert_eq!(provider.requests().len(), 1);
        }
    }
}

#[test]
fn a_web_page_is_no_answer_unless_the_server_is_busy() {
    let page = Reply::raw("Text/HTML; charset=utf-8", "<html></html>");
    let provider = Scripted::start(Script::new().reply(page)).unwrap();
    let url = format!("{}/chat/completions?key=hunter2", provider.base_url());
    let error = post(&mut http(&Cancel::new()), &url).unwrap_err();
    let parts = ["/v1/chat/completions", "web page", "status 200", "base URL"];
    assert_error(&error, ErrorKind::Provider, &parts);
    // A gateway's page about a failure is the failure: the status decides what to do.
    let busy = Reply::wire("HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\n\r\n<html>");
    let provider = Scripted::start(Script::new().reply(busy)).unwrap();
    let mut response = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap();
    assert_eq!(response.status, 502);
    assert_eq!(read_all(&mut response).0, b"<html>");
}

#[test]
fn what_cannot_be_reached_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = post(&mut http(&Cancel::new()), &format!("http://{free}/v1")).unwrap_err();
    let host = free.to_string();
    assert_error(&error, ErrorKind::Provider, &[&host, "refuses the connection", "start"]);
    let url = "http://no-such-host.invalid/v1?key=hunter2";
    let error = post(&mut http(&Cancel::new()), url).unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["no-such-host.invalid", "base URL", "network"]);
    for url in ["", "/v1", "ftp://h/v1", "http:///v1", "http://user:hunter2@/", "http://h:p"] {
        let error = post(&mut http(&Cancel::new()), url).unwrap_err();
        assert_error(&error, ErrorKind::Configuration, &["https://host/v1"]);
    }
}

#[test]
fn a_server_that_hangs_up_or_speaks_something_else_is_named() {
    for (wire, part) in [
        (&b""[..], "before it answered"),
        (b"HTTP/1.1 200", "before it answered"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "use https://"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "did not answer in HTTP"),
    ] {
        let provider = Scripted::start(Script::new().reply(Reply::wire(wire))).unwrap();
        let error = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["127.0.0.1:", part]);
    }
}

#[test]
fn floods_of_headers_are_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1_000));
    let large = format!("x: {}\r\n", "y".repeat(4_000)).repeat(30);
    let large = format!("HTTP/1.1 200 OK\r\n{large}\r\n");
    for (wire, part) in [(many, "too many headers"), (large, "16383 bytes of headers")] {
        let provider = Scripted::start(Script::new().reply(Reply::wire(wire))).unwrap();
        let error = post(&mut http(&Cancel::new()), &provider.base_url()).unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["127.0.0.1:", part]);
    }
}

#[test]
fn an_endless_line_ends() {
    for start in ["HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 200 ", "HTTP/1.1"] {
        let url = answering(move |stream| {
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(&[b'y'; 1024]).is_ok() {}
        });
        let error = post(&mut http(&Cancel::new()), &url).unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["127.0.0.1:"]);
    }
}

#[test]
fn broken_chunks_are_an_error() {
    for body in ["nonsense\r\n", "-1\r\n", "2\r\nabc\r\n", "FFFFFFFFFFFFFFFFFF\r\na", "5\r\nab"] {
        let url = answering(move |stream| {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        });
        let mut response = post(&mut http(&Cancel::new()), &url).unwrap();
        let error = read_all(&mut response).1.unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["127.0.0.1:"]);
    }
    // A size line without an end.
    let url = answering(move |stream| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;";
        stream.write_all(head.as_bytes()).unwrap();
        while stream.write_all(&[b'y'; 1024]).is_ok() {}
    });
    let mut response = post(&mut http(&Cancel::new()), &url).unwrap();
    let error = read_all(&mut response).1.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["127.0.0.1:"]);
}

#[test]
fn a_body_of_the_wrong_length_is_never_sent_as_if_it_were_right() {
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    let url = provider.base_url();
    let mut http = http(&Cancel::new());
    let short = Post { url: &url, headers: &[], body_len: 10 };
    let error = http.post(&short, &mut Cursor::new("123")).unwrap_err();
    assert_error(&error, ErrorKind::Internal, &["shorter than promised"]);
    let long = Post { url: &url, headers: &[], body_len: 2 };
    http.post(&long, &mut Cursor::new("123")).unwrap();
    assert_eq!(provider.requests().len(), 1);
    assert_eq!(provider.requests()[0].body, b"12");
}

#[test]
fn a_header_that_http_does_not_allow_is_named_without_its_value() {
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    let url = provider.base_url();
    for value in ["Bearer sk-hunter2\n", "sk-hunter2\r\nx: y", "sk-hunter2\0"] {
        let headers = [("authorization", value)];
        let post = Post { url: &url, headers: &headers, body_len: 0 };
        let error = http(&Cancel::new()).post(&post, &mut Cursor::new("")).unwrap_err();
        assert_error(&error, ErrorKind::Configuration, &["authorization"]);
    }
    assert!(provider.requests().is_empty());
}

#[test]
fn the_variables_of_the_surroundings_are_read() {
    let env = |name: &str| match name {
        "HTTPS_PROXY" => Some(" ".into()),
        "https_proxy" => Some(OsString::from("http://user:hunter2@proxy:3128")),
        "no_proxy" => Some("a,b".into()),
        "SSL_CERT_FILE" => Some("/roots.pem".into()),
        _ => None,
    };
    let options = HttpOptions::from_env(&env).unwrap();
    let proxy = options.proxy.as_ref().map(|proxy| proxy.expose());
    assert_eq!(proxy, Some("http://user:hunter2@proxy:3128"));
    assert_eq!(options.no_proxy.as_deref(), Some("a,b"));
    let named = RootCertificates { path: "/roots.pem".into(), named_by: "SSL_CERT_FILE" };
    assert_eq!(options.root_certificates, [named]);
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[test]
fn a_body_that_was_understood_gives_its_connection_back() {
    // The end of the last chunk comes late: the client has what it needs and goes on.
    for framing in [Framing::Chunked, Framing::Length] {
        let reply = || Reply::raw("text/plain", "x".repeat(4000)).framing(framing);
        let provider = Scripted::start(Script::new().reply(reply()).reply(reply())).unwrap();
        let mut http = http(&Cancel::new());
        for _ in 0..2 {
            let mut response = post(&mut http, &provider.base_url()).unwrap();
            let _ = response.body.receive(&mut [0; 8]).unwrap();
            response.body.finish();
        }
        assert_eq!(provider.connections(), 1, "{framing:?}");
    }
}

#[test]
fn a_body_without_an_end_costs_a_connection_and_no_wait() {
    must_end(|| {
        let reply = || Reply::raw("text/plain", "x".repeat(40)).stall(20);
        let provider = Scripted::start(Script::new().reply(reply()).reply(reply())).unwrap();
        let mut http = patient(&Cancel::new());
        for _ in 0..2 {
            let mut response = post(&mut http, &provider.base_url()).unwrap();
            let _ = response.body.receive(&mut [0; 20]).unwrap();
            response.body.finish();
        }
        assert_eq!(provider.connections(), 2);
    });
}

#[test]
fn names_below_localhost_are_this_machine() {
    let provider = Scripted::start(Script::new().text("hi")).unwrap();
    let url = format!("http://llm.localhost:{}/v1", provider.address().port());
    assert_eq!(post(&mut http(&Cancel::new()), &url).unwrap().status, 200);
}

#[test]
fn a_proxy_that_is_down_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = zerostack_agent::provider::Secret::new(format!("http://user:hunter2@{free}"));
    let mut http =
        Http::new(HttpOptions { proxy: Some(proxy), ..HttpOptions::default() }, Cancel::new());
    let error = post(&mut http, "https://llm.invalid/v1").unwrap_err();
    let place = format!("the proxy {free} refuses");
    assert_error(&error, ErrorKind::Provider, &[&place, "HTTPS_PROXY"]);
}
