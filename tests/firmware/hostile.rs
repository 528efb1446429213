//! A server that sends anything leaves the firmware alive, with the same errors as on a PC.

use std::io::Read as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use embedded_io::{ErrorType, Read, Write};
use zerostack_core::drive::{Connect, Driver, Endpoint, ToolOutput};
use zerostack_core::{Dialect, Limits, Session, SessionConfig, ToolCall};
use zerostack_scripted::{Reply, Script, Scripted};

use crate::board::{AN386, Board, RISCV};
use crate::sizes;

/// What a bad server sends.
fn hostile() -> Vec<Vec<u8>> {
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{ok}transfer-encoding: chunked\r\n\r\n");
    let begun = format!("{ok}\r\ndata: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"");
    let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"more and more \"}}]}\n\n";
    let wires = [
        String::new(),
        "\r\n".repeat(1000),
        format!("{ok}{}", "x-header: y\r\n".repeat(3_000)),
        format!("{ok}x: {}", "y".repeat(40_000)),
        "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000),
        format!("{ok}content-length: 10\r\ncontent-length: 11\r\n\r\nhello hello"),
        format!("{ok}content-length: 99999999999999999999999\r\n\r\n"),
        format!("{ok}content-encoding: gzip\r\n\r\n\u{1f}"),
        format!("{chunked}-1\r\nx\r\n"),
        format!("{chunked}ffffffffffffffffff\r\nx\r\n"),
        format!("{chunked}5\r\nhello world\r\n0\r\n\r\n"),
        format!("{chunked}5;{}\r\nhello\r\n", "x".repeat(1000)),
        format!("{chunked}0\r\n{}", "t: x\r\n".repeat(2_000)),
        format!("{ok}\r\n{{\"choices\":{}", "[".repeat(20_000)),
        format!("{ok}\r\n{}", "{\"a\":".repeat(4_000)),
        format!("{ok}\r\ndata: {}", "[".repeat(20_000)),
        format!("{begun}{}", "long ".repeat(4_000)),
        format!("{begun}{}", "\\u0000".repeat(2_000)),
        format!("{begun}\\ud800\\ud800\"}}}}]}}\n\n"),
        format!("{ok}\r\n{}", text.repeat(300)),
        format!("{ok}\r\n{}", ": still here\n".repeat(2_000)),
        format!("{ok}\r\n{}", "<p>hello</p>\n".repeat(2_000)),
        "HTTP/1.1 500 No\r\n\r\n".to_owned() + &"no ".repeat(8_000),
        "HTTP/1.1 401 No\r\n\r\n{\"error\":{\"message\":\"".to_owned() + &"no ".repeat(8_000),
    ];
    let mut all: Vec<Vec<u8>> = wires.into_iter().map(String::into_bytes).collect();
    let nothing = |count| vec![0; count];
    all.push(nothing(1000));
    all.push([ok.as_bytes(), b"\r\n", &nothing(20_000)].concat());
    all.push([begun.as_bytes(), &nothing(10)].concat());
    all.push([begun.as_bytes(), b"\xff\xfe\xc0\x80\"}}]}\n\n"].concat());
    all.push([begun.as_bytes(), b"\xf0\x9f\"}}]}\n\n"].concat());
    all
}

/// The committed corpora: bodies, and whole responses.
fn corpora() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut all = Vec::new();
    for (folder, is_body) in [("response", true), ("json", true), ("sse", true), ("http1", false)] {
        let entries = std::fs::read_dir(root.join(folder)).expect("the corpus is there");
        let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        // Bodies in lines, which are read where Ollama is compiled in: here, and not in the images.
        files.retain(|file| {
            !file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"l_"))
        });
        for file in files {
            let bytes = std::fs::read(file).expect("a file");
            let head: &[u8] = if is_body { b"HTTP/1.1 200 OK\r\n\r\n" } else { b"" };
            // The first byte selects how the fuzz target cuts the rest.
            all.push([head, bytes.get(1..).unwrap_or_default()].concat());
        }
    }
    assert!(all.len() > 50, "{} files", all.len());
    all
}

fn provider() -> (Scripted, usize) {
    let wires: Vec<Vec<u8>> = hostile().into_iter().chain(corpora()).collect();
    let count = wires.len();
    let replies = wires.into_iter().map(Reply::wire);
    (Scripted::start(replies.fold(Script::new(), Script::reply)).unwrap(), count)
}

fn survive(board: Board) {
    let (server, count) = provider();
    let done = board.run(&board.build("hostile"), server.address());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(server.requests().len(), count + 1, "all of it was played");
    let turns: Vec<&str> =
        done.lines.iter().filter_map(|line| line.strip_prefix("turn ")).collect();
    let (server, _) = provider();
    let here = on_this_machine(server.address());
    let same = |turn: &str| {
        // At which byte a malformed body is noticed depends on the pieces that it comes in.
        let [kind, detail, used] = turn.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{turn}")
        };
        let detail = if kind == "bad_response" { "" } else { detail };
        format!("{kind} {detail} {used}")
    };
    let turns: Vec<String> = turns.into_iter().map(same).collect();
    assert_eq!(turns, here.iter().map(|turn| same(turn)).collect::<Vec<_>>());
    let kinds: std::collections::BTreeSet<_> =
        turns.iter().filter_map(|turn| turn.split(' ').next()).collect();
    println!("{count} answers, {} turns: {kinds:?}", turns.len());
    assert!(kinds.len() >= 8, "{kinds:?}");
    sizes::check(board, "hostile", &done);
}

#[test]
fn cortex_m4() {
    survive(AN386);
}

#[test]
fn riscv32() {
    survive(RISCV);
}

/// The same turns, with the driver and the session of this machine.
fn on_this_machine(server: SocketAddr) -> Vec<String> {
    let limits = Limits { max_attempts: 1, max_response_bytes: 16_384, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "scripted") };
    let mut session = Session::new([0; 4096], config).unwrap();
    let mut driver = Driver {
        endpoint: Endpoint { host: "provider", base_path: "/v1", headers: &[] },
        connect: Tcp { server, open: None },
        delay: |_| (),
        tools: |_: ToolCall<'_>, out: &mut ToolOutput<'_>| out.fail("there are no tools"),
        buffer: &mut [0; 512],
    };
    let mut turns = Vec::new();
    loop {
        session.user("Go on.").unwrap();
        let (name, detail) = match driver.run(&mut session, &mut |_| ()) {
            Ok(_) => ("ok", 0),
            Err(error) => (error.kind().name(), error.detail()),
        };
        turns.push(format!("{name} {detail} {}", session.transcript().used_bytes()));
        if detail == 410 {
            return turns;
        }
    }
}

struct Tcp {
    server: SocketAddr,
    open: Option<TcpStream>,
}

impl ErrorType for Tcp {
    type Error = std::io::Error;
}

impl Connect for Tcp {
    type Connection = Self;

    fn connect(&mut self) -> Option<&mut Self> {
        self.open = Some(TcpStream::connect(self.server).ok()?);
        Some(self)
    }

    fn release(&mut self, _reusable: bool) {
        self.open = None;
    }
}

impl Read for Tcp {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.open.as_mut().expect("it is open").read(out)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::Write::write(self.open.as_mut().expect("it is open"), bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
