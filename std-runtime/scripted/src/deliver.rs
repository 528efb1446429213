//! Writing an answer to the wire, whole or with the fault that the script asks for.

use std::io::{self, Write};
use std::net::TcpStream;

use super::dialect::Answer;
use super::request::KeepAlive;
use super::script::{Framing, Reply};

/// Bytes to send, and how.
pub(super) struct Delivery<'a> {
    reply: &'a Reply,
    head: String,
    body: Vec<u8>,
    /// Lengths of the writes; the rest is one more write.
    writes: Vec<usize>,
}

impl<'a> Delivery<'a> {
    /// The answer to send for `reply`.
    pub fn new(reply: &'a Reply, answer: Answer, keep_alive: KeepAlive) -> Self {
        let (mut body, mut writes) = (Vec::new(), Vec::new());
        for piece in &answer.pieces {
            body.extend_from_slice(piece.as_bytes());
            writes.push(piece.len());
        }
        if let Some(bytes) = &reply.body {
            body = bytes.clone();
            writes.clear();
        }
        let content_type = reply.content_type.as_deref().unwrap_or(answer.content_type);
        let status = reply.status;
        let mut head =
            format!("HTTP/1.1 {status} {}\r\ncontent-type: {content_type}\r\n", reason(status));
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match reply.framing {
            Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
            Framing::Length => head.push_str(&format!("content-length: {}\r\n", body.len())),
            Framing::Close => {}
        }
        if keep_alive == KeepAlive::No || reply.framing == Framing::Close {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        if let Some(bytes) = &reply.wire {
            (head, body) = (String::new(), bytes.clone());
            writes.clear();
        }
        Self { reply, head, body, writes }
    }

    /// Sends it. `stalled` waits in the middle and returns whether to continue. Returns whether the
    /// connection can serve another request.
    pub fn send(mut self, stream: &TcpStream, stalled: impl Fn() -> bool) -> io::Result<KeepAlive> {
        let reply = self.reply;
        if let Some(size) = reply.pieces {
            self.writes = vec![size; self.body.len() / size];
        } else if let Some(seed) = reply.random_pieces {
            self.writes = random_sizes(seed, self.body.len());
        }
        let chunked = reply.framing == Framing::Chunked && reply.wire.is_none();
        let fault = reply.cut.or(reply.reset);
        let end = fault.unwrap_or(usize::MAX).min(self.body.len());
        let mut stall = reply.stall.filter(|stall| *stall <= end);
        let mut to = stream;
        to.write_all(self.head.as_bytes())?;
        let mut sent = 0;
        let mut boundary = 0;
        let mut writes = self.writes.iter();
        loop {
            if stall == Some(sent) {
                stall = None;
                if !stalled() {
                    return Ok(KeepAlive::No);
                }
            }
            if sent >= end {
                break;
            }
            while boundary <= sent {
                boundary += writes.next().copied().unwrap_or(self.body.len());
            }
            let next = boundary.min(end).min(stall.unwrap_or(usize::MAX));
            let piece = self.body.get(sent..next).unwrap_or_default();
            if chunked {
                // One write, so that a chunk arrives whole with its frame.
                let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
                chunk.extend_from_slice(piece);
                chunk.extend_from_slice(b"\r\n");
                to.write_all(&chunk)?;
            } else {
                to.write_all(piece)?;
            }
            sent = next;
        }
        if reply.reset.is_some() {
            reset_on_close(stream)?;
        }
        if fault.is_some() || reply.wire.is_some() || reply.framing == Framing::Close {
            return Ok(KeepAlive::No);
        }
        if chunked {
            to.write_all(b"0\r\n\r\n")?;
        }
        Ok(KeepAlive::Yes)
    }
}

/// Turns the following close into a reset: unread bytes are lost, too.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    rustix::net::sockopt::set_socket_linger(stream, Some(std::time::Duration::ZERO))?;
    Ok(())
}

/// Elsewhere the connection just ends.
#[cfg(not(unix))]
fn reset_on_close(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// Sizes from 1 to 31 that cover `total` bytes, by xorshift from `seed`.
fn random_sizes(seed: u64, total: usize) -> Vec<usize> {
    // Spread, so that neighbouring seeds differ; xorshift must not start at 0.
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut sizes = Vec::new();
    let mut covered = 0;
    while covered < total {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let size = 1 + (state >> 33) as usize % 31;
        sizes.push(size);
        covered += size;
    }
    sizes
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Scripted",
    }
}
