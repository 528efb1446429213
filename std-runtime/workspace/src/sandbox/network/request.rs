//! A client's request to the proxy: SOCKS5, or HTTP with CONNECT or a full URL.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::rule::Target;

/// The requested target.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) protocol: Protocol,
    /// The first bytes for the target.
    pub(super) first: Vec<u8>,
}

/// How the client is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Socks,
    Connect,
    /// A request with a whole URL, which is passed on.
    Plain,
}

/// The outcome of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Connected,
    Denied,
    Failed,
}

/// Reads a request.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(client: &mut (impl Read + Write)) -> io::Result<Request> {
    let mut first = [0];
    client.read_exact(&mut first)?;
    match first {
        [5] => socks(client),
        [first] => http(client, first),
    }
}

/// Answers it; for one that is passed on, the target does.
pub(super) fn answer(
    client: &mut impl Write,
    protocol: Protocol,
    answer: Answer,
) -> io::Result<()> {
    let text: &[u8] = match (protocol, answer) {
        (Protocol::Socks, Answer::Connected) => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        (Protocol::Socks, Answer::Denied) => &[5, 2, 0, 1, 0, 0, 0, 0, 0, 0],
        (Protocol::Socks, Answer::Failed) => &[5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
        (Protocol::Connect, Answer::Connected) => b"HTTP/1.1 200 Connected\r\n\r\n",
        (Protocol::Plain, Answer::Connected) => b"",
        (_, Answer::Denied) => {
            b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n\
              This host is not among those that --net allows.\n"
        }
        (_, Answer::Failed) => b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n",
    };
    client.write_all(text)
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn socks(client: &mut (impl Read + Write)) -> io::Result<Request> {
    let mut byte = || -> io::Result<u8> {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        Ok(byte[0])
    };
    let mut methods = vec![0; usize::from(byte()?)];
    client.read_exact(&mut methods)?;
    if !methods.contains(&0) {
        client.write_all(&[5, 0xff])?;
        return Err(wrong("no method without a password"));
    }
    client.write_all(&[5, 0])?;
    let mut head = [0; 4];
    client.read_exact(&mut head)?;
    let [5, 1, _, kind] = head else {
        client.write_all(&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0])?;
        return Err(wrong("a command other than CONNECT"));
    };
    let host = match kind {
        1 => {
            let mut address = [0; 4];
            client.read_exact(&mut address)?;
            Ipv4Addr::from(address).to_string()
        }
        4 => {
            let mut address = [0; 16];
            client.read_exact(&mut address)?;
            Ipv6Addr::from(address).to_string()
        }
        3 => {
            let mut length = [0];
            client.read_exact(&mut length)?;
            let mut name = vec![0; usize::from(length[0])];
            client.read_exact(&mut name)?;
            String::from_utf8(name).map_err(|_| wrong("a name that is not text"))?
        }
        _ => return Err(wrong("an unknown kind of address")),
    };
    let mut port = [0; 2];
    client.read_exact(&mut port)?;
    let target = Target { host, port: u16::from_be_bytes(port) };
    Ok(Request { target, protocol: Protocol::Socks, first: Vec::new() })
}

fn http(client: &mut impl Read, first: u8) -> io::Result<Request> {
    let mut head = vec![first];
    // Byte by byte: the bytes after the head are not for the proxy.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.extend(byte);
        if head.len() > HEAD_BYTES {
            return Err(wrong("a head that is too long"));
        }
    }
    let head = String::from_utf8(head).map_err(|_| wrong("a head that is not text"))?;
    let (line, fields) = head.split_once("\r\n").unwrap_or((&head, ""));
    let mut words = line.split(' ');
    let (Some(method), Some(url), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(wrong("no request line"));
    };
    if method == "CONNECT" {
        let target = target(url, None).ok_or_else(|| wrong("no HOST:PORT to connect to"))?;
        return Ok(Request { target, protocol: Protocol::Connect, first: Vec::new() });
    }
    let rest = url.strip_prefix("http://").ok_or_else(|| wrong("no whole URL"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let target = target(authority, Some(80)).ok_or_else(|| wrong("no host in the URL"))?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut first = format!("{method} {path} {version}\r\n");
    let mut has_host = false;
    for field in fields.split("\r\n").filter(|field| !field.is_empty()) {
        let name = field.split(':').next().unwrap_or_default().to_ascii_lowercase();
        match name.as_str() {
            // One connection for one request, for the next may be for another host.
            "connection" | "proxy-connection" | "proxy-authorization" | "keep-alive" => {}
            // The URL decides.
            "host" => has_host = true,
            _ => first.push_str(&format!("{field}\r\n")),
        }
    }
    let _ = has_host;
    first.push_str(&format!("Host: {authority}\r\nConnection: close\r\n\r\n"));
    Ok(Request { target, protocol: Protocol::Plain, first: first.into_bytes() })
}

fn target(authority: &str, default: Option<u16>) -> Option<Target> {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':')?)),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => default?,
    };
    (!host.is_empty()).then(|| Target { host: host.to_owned(), port })
}

const HEAD_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides of a connection in memory.
    struct Client<'a>(&'a [u8], Vec<u8>);

    impl Read for Client<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Client<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asked(bytes: &[u8]) -> Option<(String, u16, Protocol)> {
        let request = read(&mut Client(bytes, Vec::new())).ok()?;
        Some((request.target.host, request.target.port, request.protocol))
    }

    #[test]
    fn both_protocols_are_read() {
        let name = b"\x05\x01\x00\x05\x01\x00\x03\x06a.test\x01\xbb";
        assert_eq!(asked(name), Some(("a.test".into(), 443, Protocol::Socks)));
        let address = b"\x05\x02\x02\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50";
        assert_eq!(asked(address), Some(("127.0.0.1".into(), 80, Protocol::Socks)));
        let connect = b"CONNECT a.test:443 HTTP/1.1\r\nHost: b.test\r\n\r\n";
        assert_eq!(asked(connect), Some(("a.test".into(), 443, Protocol::Connect)));
        let connect = b"CONNECT [::1]:8443 HTTP/1.1\r\n\r\n";
        assert_eq!(asked(connect), Some(("::1".into(), 8443, Protocol::Connect)));
        let get = b"GET http://u:p@a.test/x?y HTTP/1.1\r\nHost: evil.test\r\nProxy-Connection: keep-alive\r\n\
                    X: y\r\n\r\n";
        let request = read(&mut Client(get, Vec::new())).unwrap();
        assert_eq!(request.target, Target { host: "a.test".into(), port: 80 });
        let first = String::from_utf8(request.first).unwrap();
        assert_eq!(first, "GET /x?y HTTP/1.1\r\nX: y\r\nHost: a.test\r\nConnection: close\r\n\r\n");
    }

    #[test]
    fn what_is_neither_is_refused() {
        for wrong in [
            &b""[..],
            b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00",
            b"\x05\x01\x02",
            b"\x05\x01\x00\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50",
            b"\x05\x01\x00\x05\x01\x00\x09",
            b"GET / HTTP/1.1\r\n\r\n",
            b"CONNECT a.test HTTP/1.1\r\n\r\n",
            b"CONNECT a.test:x HTTP/1.1\r\n\r\n",
            b"GET https://a.test/ HTTP/1.1\r\n\r\n",
            b"GET http:// HTTP/1.1\r\n\r\n",
            b"GET  http://a.test HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(asked(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
        assert_eq!(asked(&vec![b'A'; HEAD_BYTES + 8]), None);
    }
}
