//! The HTTP client of the async agent against servers that do as they like.

#[path = "../certified/mod.rs"]
mod certified;
mod server;
#[cfg(target_os = "linux")]
#[path = "../silent/mod.rs"]
mod silent;
mod tls;

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use server::{
    EVENTS, accept, answering, chunked, counted, failure, head, options, request, response, serve,
    whole,
};
use zerostack_agent::provider::{Endpoint, Extra, Secret};
use zerostack_agent::transport::HttpOptions;
use zerostack_agent::{AgentEvent, AsyncAgent, AsyncHttp, ErrorKind, File};

#[tokio::test]
async fn the_head_of_a_request_has_what_it_needs_and_nothing_else() {
    let (told, tells) = std::sync::mpsc::channel();
    let server = serve(move |listener| {
        let mut stream = accept(&listener);
        for _ in 0..2 {
            told.send(request(&mut stream).unwrap()).unwrap();
            stream.write_all(whole().as_bytes()).unwrap();
        }
    });
    let http = AsyncHttp::new(options()).unwrap();
    let mut endpoint = Endpoint::local(server.url.clone(), "m");
    endpoint.key = Some(Secret::new("sk-hunter2"));
    let host = server.url.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap();
    let wanted = |agent: &str, request: &str| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines: Vec<&str> = head.lines().collect();
        lines[1..].sort_unstable();
        let length = format!("content-length: {}", body.len());
        let own = [
            "accept-encoding: identity",
            "accept: text/event-stream",
            "authorization: Bearer sk-hunter2",
            &length,
            "content-type: application/json",
            &format!("host: {host}"),
            &format!("user-agent: {agent}"),
        ];
        assert_eq!(lines[0], "POST /v1/chat/completions HTTP/1.1");
        assert_eq!(lines[1..], own);
    };
    let mut agent = AsyncAgent::builder(endpoint.clone()).http(http.clone()).build().unwrap();
    assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    wanted(concat!("zerostack/", env!("CARGO_PKG_VERSION")), &tells.recv().unwrap());
    for (name, value) in [("User-Agent", "mine"), ("accept-encoding", "gzip")] {
        let value = Secret::new(value);
        endpoint.headers.push(Extra { name: name.to_owned(), value, is_key: false });
    }
    let mut agent = AsyncAgent::builder(endpoint.clone()).http(http.clone()).build().unwrap();
    assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    wanted("mine", &tells.recv().unwrap().replace("User-Agent", "user-agent"));
    server.end();
    for (name, value) in [("x-key", "hunter2\r\nx: y"), ("content-length", "7"), ("x y", "z")] {
        let value = Secret::new(value);
        endpoint.headers = vec![Extra { name: name.to_owned(), value, is_key: true }];
        let mut agent = AsyncAgent::builder(endpoint.clone()).http(http.clone()).build().unwrap();
        let error = agent.ask("Hello").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let text = error.to_string();
        assert!(text.contains(name) && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn chunks_are_read_wherever_they_are_cut_and_trailers_are_ignored() {
    let answers = [chunked(1), chunked(7), chunked(1000), {
        let whole = chunked(20);
        whole.replace("0\r\n\r\n", "0;last\r\nx-trailer: data: [DONE]\r\n\r\n")
    }];
    let server = serve(move |listener| {
        // One connection for all: each is read to its end.
        let mut stream = accept(&listener);
        for (answer, size) in
            answers.iter().flat_map(|answer| [1, 2, 5, 64].map(|size| (answer, size)))
        {
            request(&mut stream).unwrap();
            for piece in answer.as_bytes().chunks(size) {
                stream.write_all(piece).unwrap();
            }
        }
    });
    let mut agent = server.agent().build().unwrap();
    for _ in 0..16 {
        assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    }
    drop(agent);
    server.end();
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_body_alone() {
    let length = format!("content-length: {}\r\n", EVENTS.len());
    for (answer, connections) in [
        (whole(), [0, 0]),
        (chunked(30), [0, 0]),
        (response("", EVENTS), [0, 1]),
        (response(&format!("connection: close\r\n{length}"), EVENTS), [0, 1]),
        (whole().replace("HTTP/1.1", "HTTP/1.0"), [0, 1]),
        // Bytes after the end: the next response would not be its own.
        (format!("{}HTTP/1.1 200 OK\r\n", whole()), [0, 1]),
    ] {
        let (server, told) = counted(move |_| Some(answer.clone()));
        // Another conversation of the same client uses it too.
        let agent = server.agent().build().unwrap();
        for connection in connections {
            let mut agent = agent.another().unwrap();
            assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
            assert_eq!(told.recv().unwrap(), connection);
        }
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = serve(move |listener| {
        for _ in 0..2 {
            let mut stream = accept(&listener);
            request(&mut stream).unwrap();
            stream.write_all(whole().as_bytes()).unwrap();
            drop(stream);
            closed.send(()).unwrap();
        }
    });
    let mut agent = server.agent().build().unwrap();
    for _ in 0..2 {
        assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
        is_closed.recv().unwrap();
        tokio::task::yield_now().await;
    }
    server.end();
}

#[test]
fn a_connection_of_another_runtime_is_not_used() {
    let server = serve(move |listener| {
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut stream = accept(&listener);
            request(&mut stream).unwrap();
            stream.write_all(whole().as_bytes()).unwrap();
            open.push(stream);
        }
    });
    let mut agent = server.agent().build().unwrap();
    let runtimes = [(); 2]
        .map(|()| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    // The first is still there, and runs no more.
    for runtime in &runtimes {
        assert_eq!(runtime.block_on(agent.ask("Hello")).unwrap(), "Hi");
    }
    server.end();
}

#[tokio::test]
async fn a_connection_that_nobody_takes_is_closed() {
    let server = serve(move |listener| {
        let mut stream = accept(&listener);
        request(&mut stream).unwrap();
        stream.write_all(whole().as_bytes()).unwrap();
        // Until the client has left.
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    });
    let mut agent = server.agent().build().unwrap();
    assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(400)).await;
    server.end();
    drop(agent);
}

#[tokio::test]
async fn a_request_whose_idle_connection_ends_unanswered_is_sent_again_once() {
    // The second request is read on the first connection, and not answered there.
    let (server, told) = counted(|count| (count != 2).then(whole));
    let mut agent = server.agent().build().unwrap();
    let picture = File::bytes([b"\x89PNG\r\n\x1a\n".to_vec(), vec![7; 100_000]].concat()).unwrap();
    for _ in 0..2 {
        assert_eq!(agent.ask_with("Hello", [picture.clone()]).await.unwrap(), "Hi");
    }
    assert_eq!([told.recv().unwrap(), told.recv().unwrap(), told.recv().unwrap()], [0, 0, 1]);
    // On a new connection it is an error, and so it is after the first byte of a response.
    for answer in [None, Some("HTTP/1.1 200".to_owned())] {
        let (server, told) = counted(move |_| answer.clone());
        let mut agent = server.agent().build().unwrap();
        let reason = failure(agent.run("Hello")).await;
        assert!(reason.contains("closed the connection before it answered"), "{reason}");
        drop(agent);
        assert_eq!(told.recv().unwrap(), 0);
        assert!(told.try_recv().is_err());
    }
}

/// A picture of this many bytes, and how many of them were read.
fn picture(bytes: u32) -> (File, Arc<AtomicU32>) {
    let most = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&most);
    let read = move |offset: u32, out: &mut [u8]| {
        let count = out.len().min(bytes.saturating_sub(offset) as usize);
        out[..count].fill(7);
        if offset == 0 && count >= 8 {
            out[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
        }
        // Its end is looked at before it is sent.
        if count > 1 {
            seen.fetch_max(offset + count as u32, Ordering::Relaxed);
        }
        Ok(count)
    };
    (File::reader(read, bytes).unwrap(), most)
}

const BYTES: u32 = 64 << 20;

#[tokio::test]
async fn a_refusal_before_the_request_is_sent_ends_the_sending() {
    let server = serve(|listener| {
        let mut stream = accept(&listener);
        head(&mut stream).unwrap();
        let body = r#"{"error":{"message":"too much"}}"#;
        let length = body.len();
        let head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Content Too Large\r\n";
        write!(stream, "{head}content-length: {length}\r\n\r\n{body}").unwrap();
        // Nothing more is read. The next request needs another connection.
        let mut other = accept(&listener);
        request(&mut other).unwrap();
        other.write_all(whole().as_bytes()).unwrap();
        drop(stream);
    });
    let agent = server.agent().build().unwrap();
    let (file, read) = picture(BYTES);
    let error = agent.another().unwrap().ask_with("Hello", [file]).await.unwrap_err();
    assert!(error.to_string().contains("too much"), "{error}");
    assert!(read.load(Ordering::Relaxed) < BYTES / 2, "{read:?}");
    assert_eq!(agent.another().unwrap().ask("Hello").await.unwrap(), "Hi");
    server.end();
}

#[tokio::test]
async fn an_answer_before_the_request_is_sent_does_not_end_the_sending() {
    let server = serve(|listener| {
        let mut stream = accept(&listener);
        for _ in 0..2 {
            let head = head(&mut stream).unwrap();
            let (_, length) = head.split_once("content-length: ").unwrap();
            let length = length.lines().next().unwrap().parse().unwrap();
            let answer = chunked(1000);
            let (head, body) = answer.split_at(answer.find("\r\n\r\n").unwrap() + 10);
            stream.write_all(head.as_bytes()).unwrap();
            std::io::copy(&mut (&stream).take(length), &mut std::io::sink()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
    });
    let agent = server.agent().build().unwrap();
    for _ in 0..2 {
        let (file, read) = picture(BYTES / 8);
        assert_eq!(agent.another().unwrap().ask_with("Hello", [file]).await.unwrap(), "Hi");
        assert_eq!(read.load(Ordering::Relaxed), BYTES / 8);
    }
    drop(agent);
    server.end();
}

#[tokio::test]
async fn a_server_that_takes_or_sends_nothing_is_given_up() {
    let short = HttpOptions { idle_timeout: Duration::from_millis(50), ..options() };
    let server = serve(|listener| {
        let mut streams = [accept(&listener), accept(&listener)];
        let last = &mut streams[1];
        request(last).unwrap();
        last.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\ndata").unwrap();
        let _ = last.read(&mut [0]);
        // Nothing of it is read.
        let mut stream = accept(&listener);
        let _ = streams[0].read_to_end(&mut Vec::new());
        head(&mut stream).unwrap();
        let _ = listener.accept();
    });
    let agent = server.agent_with(short).build().unwrap();
    for _ in 0..2 {
        let reason = failure(agent.another().unwrap().run("Hello")).await;
        assert!(reason.contains("sent nothing for 50 ms"), "{reason}");
    }
    let (file, _) = picture(BYTES);
    let reason = failure(agent.another().unwrap().run_with("Hello", [file])).await;
    assert!(reason.contains("accepted no part of the request for 50 ms"), "{reason}");
    std::net::TcpStream::connect(server.url[7..].trim_end_matches("/v1")).unwrap();
    server.end();
}

#[tokio::test]
async fn a_body_that_ends_early_is_an_error() {
    let (length, chunks) = (whole(), chunked(30));
    for answer in [&length[..length.len() - 20], &chunks[..chunks.len() - 40]] {
        let server = answering(answer);
        let reason = failure(server.agent().build().unwrap().run("Hello")).await;
        assert!(reason.contains("before it was complete"), "{reason}");
        server.end();
    }
}

#[tokio::test]
async fn what_is_no_response_of_an_api_is_named() {
    let long = format!("HTTP/1.1 200 OK\r\n{}", "x: yyyyyyyyyyyyyyyy\r\n".repeat(3000));
    let no_chunk = response("transfer-encoding: chunked\r\n", "nonsense\r\n");
    let compressed = response("content-encoding: gzip\r\n", "");
    for (answer, parts) in [
        (long.as_str(), &["more than 32768 bytes of headers", "base URL"][..]),
        ("", &["closed the connection before it answered"]),
        ("HTTP/1.1 200 O", &["closed the connection before it answered"]),
        ("SSH-2.0-OpenSSH_9.2\r\n", &["did not answer in HTTP", "https://"]),
        (&no_chunk, &["broke the rules of HTTP"]),
        (&compressed, &["content encoding gzip"]),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", &["unsupported encoding"]),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://e.test/x?key=hunter2\r\n\r\n",
            &["https://e.test;"],
        ),
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", &["web page", "/v1/chat"]),
    ] {
        let server = answering(answer);
        let reason = failure(server.agent().build().unwrap().run("Hello")).await;
        for part in parts {
            assert!(reason.contains(part), "{reason:?} does not have {part:?}");
        }
        assert!(reason.contains("127.0.0.1:") && !reason.contains("hunter2"), "{reason}");
        server.end();
    }
}

#[tokio::test]
async fn interim_responses_and_words_that_change_no_body_are_passed_over() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n\
                   HTTP/1.1 103 Early Hints\r\ncontent-type: text/html\r\nlink: </x>\r\n\r\n";
    let length = format!("content-encoding: utf-8\r\ncontent-length: {}\r\n", EVENTS.len());
    let server = answering(format!("{interim}{}", response(&length, EVENTS)));
    assert_eq!(server.agent().build().unwrap().ask("Hello").await.unwrap(), "Hi");
    server.end();
}

#[tokio::test]
async fn a_date_to_wait_for_is_understood() {
    let server = answering(
        "HTTP/1.1 429 Slow\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\n\
         Retry-After: Sat, 21 Nov 2026 10:00:33 GMT\r\ncontent-length: 0\r\n\r\n",
    );
    let mut agent = server.agent().build().unwrap();
    let mut turn = agent.run("Hello");
    let waited = loop {
        if let AgentEvent::Retry { wait_ms, .. } = turn.next().await.unwrap().unwrap() {
            break wait_ms;
        }
    };
    assert!((33_000..60_000).contains(&waited), "{waited}");
    drop(turn);
    drop(agent);
    server.end();
}

#[tokio::test]
async fn a_turn_that_is_dropped_closes_its_connection() {
    let (begun, mut is_begun) = tokio::sync::mpsc::channel(1);
    let server = serve(move |listener| {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"] {
            let mut stream = accept(&listener);
            request(&mut stream).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            begun.blocking_send(()).unwrap();
            // Until the client has left.
            assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
        }
    });
    let mut agent = server.agent().build().unwrap();
    for _ in 0..2 {
        tokio::select! {
            answer = agent.ask("Hello") => panic!("{answer:?}"),
            _ = is_begun.recv() => {}
        }
    }
    server.end();
}

#[tokio::test]
async fn each_address_of_a_name_is_tried() {
    // The first address of this name, 127.0.0.1, refuses.
    let Ok(listener) = std::net::TcpListener::bind("[::1]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut stream = accept(&listener);
        let request = request(&mut stream).unwrap();
        stream.write_all(whole().as_bytes()).unwrap();
        request
    });
    let endpoint = Endpoint::local(format!("http://llm.localhost:{port}/v1"), "m");
    let mut agent = AsyncAgent::builder(endpoint).build().unwrap();
    assert_eq!(agent.ask("Hello").await.unwrap(), "Hi");
    assert!(server.join().unwrap().contains(&format!("\r\nhost: llm.localhost:{port}\r\n")));
}

#[tokio::test]
async fn a_name_without_an_address_is_named() {
    let endpoint = Endpoint::local("http://no-such-host.invalid/v1", "m");
    let mut agent = AsyncAgent::builder(endpoint).build().unwrap();
    let reason = failure(agent.run("Hello")).await;
    assert!(reason.contains("cannot find the address of no-such-host.invalid"), "{reason}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connect_that_waits_is_given_up() {
    let (address, _open) = silent::silent_address();
    let short = HttpOptions { connect_timeout: Duration::from_millis(100), ..options() };
    let http = AsyncHttp::new(short).unwrap();
    let endpoint = Endpoint::local(format!("http://{address}/v1"), "m");
    let mut agent = AsyncAgent::builder(endpoint).http(http).build().unwrap();
    let reason = failure(agent.run("Hello")).await;
    assert!(reason.contains("did not accept the connection within 100 ms"), "{reason}");
}
