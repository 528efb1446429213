//! A body of 100 MB passes through in bounded memory. A program of its own, because it looks at
//! the peak memory of the process.
#![cfg(target_os = "linux")]

use std::io::{self, Cursor, Read, Write};
use std::net::TcpListener;
use std::thread;

use zerostack_agent::transport::{Cancel, Http, HttpOptions, Post, Transport};

#[test]
fn a_body_of_100_mb_passes_in_bounded_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = [0; 4096];
        while !seen.starts_with(b"POST") {
            let _ = stream.read(&mut seen).unwrap();
        }
        write!(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        let piece = [b'x'; PIECE_BYTES];
        for _ in 0..BODY_BYTES / PIECE_BYTES {
            write!(stream, "{PIECE_BYTES:x}\r\n").unwrap();
            stream.write_all(&piece).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        io::copy(&mut stream, &mut io::sink()).unwrap();
    });
    let mut http = Http::new(HttpOptions::default(), Cancel::new());
    // The pages of the program itself count too, as they are first used.
    let before = peak_kib();
    let post = Post { url: &url, headers: &[], body_len: 0 };
    let mut response = http.post(&post, &mut Cursor::new("")).unwrap();
    let mut buffer = [0; 8192];
    let mut total = 0;
    loop {
        match response.body.receive(&mut buffer).unwrap() {
            0 => break,
            read => total += read,
        }
    }
    assert_eq!(total, BODY_BYTES);
    let grown = peak_kib() - before;
    assert!(grown < 8192, "100 MB of body took {grown} KiB of memory");
    drop((response, http));
    server.join().unwrap();
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

const PIECE_BYTES: usize = 1 << 16;
const BODY_BYTES: usize = 100 << 20;
