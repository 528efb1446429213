//! A server that does what a test says, byte by byte, and a client for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use zerostack_agent::provider::Endpoint;
use zerostack_agent::transport::HttpOptions;
use zerostack_agent::{AgentEvent, AsyncAgent, AsyncAgentBuilder, AsyncHttp, AsyncTurn};

/// A whole reply with the text `Hi`.
pub const EVENTS: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\
                          \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub struct Server {
    pub url: String,
    thread: JoinHandle<()>,
}

/// Runs `play` with the listener of a new server.
pub fn serve(play: impl FnOnce(TcpListener) + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    Server { url, thread: std::thread::spawn(move || play(listener)) }
}

/// Answers one request on one connection with `answer`, and waits for the client to leave.
pub fn answering(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    serve(move |listener| {
        let mut stream = accept(&listener);
        request(&mut stream).unwrap();
        let _ = stream.write_all(&answer);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

pub fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

impl Server {
    pub fn agent(&self) -> AsyncAgentBuilder {
        self.agent_with(options())
    }

    pub fn agent_with(&self, options: HttpOptions) -> AsyncAgentBuilder {
        let endpoint = Endpoint::local(self.url.clone(), "m");
        AsyncAgent::builder(endpoint).http(AsyncHttp::new(options).unwrap())
    }

    /// Its part is played.
    pub fn end(self) {
        self.thread.join().unwrap();
    }
}

/// Long limits: what waits for one of them hangs.
pub fn options() -> HttpOptions {
    let hour = Duration::from_secs(3600);
    HttpOptions { connect_timeout: hour, idle_timeout: hour, ..HttpOptions::default() }
}

/// The next request, head and body; `None` at the end.
pub fn request(stream: &mut impl Read) -> Option<String> {
    let mut bytes = head(stream)?.into_bytes();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let (_, rest) = text.split_once("content-length: ").unwrap();
    let length: usize = rest.lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    bytes.extend(body);
    Some(String::from_utf8(bytes).unwrap())
}

/// The next head, and nothing of the body.
pub fn head(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    Some(String::from_utf8(bytes).unwrap())
}

/// A response with `body`, in the framing that these `headers` name.
pub fn response(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{headers}\r\n{body}")
}

/// A reply of known length.
pub fn whole() -> String {
    response(&format!("content-length: {}\r\n", EVENTS.len()), EVENTS)
}

/// A reply in chunks of this many bytes.
pub fn chunked(size: usize) -> String {
    let chunks = EVENTS.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).unwrap());
    let body: String = chunks.map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    response("transfer-encoding: chunked\r\n", &format!("{body}0\r\n\r\n"))
}

/// Why the first attempt of a turn failed.
pub async fn failure(mut turn: AsyncTurn<'_>) -> String {
    while let Some(event) = turn.next().await {
        match event {
            Ok(AgentEvent::Retry { reason, .. }) => return reason,
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
    }
    panic!("the turn did not fail")
}

/// What each connection was asked, in the order of the requests: the number of the connection.
pub fn counted(
    answers: impl Fn(usize) -> Option<String> + Send + 'static,
) -> (Server, Receiver<usize>) {
    let (told, tells) = channel();
    let server = serve(move |listener| {
        let mut requests = 0;
        for connection in 0.. {
            let mut stream = accept(&listener);
            while let Some(_request) = request(&mut stream) {
                if told.send(connection).is_err() {
                    return;
                }
                requests += 1;
                let Some(answer) = answers(requests) else { break };
                stream.write_all(answer.as_bytes()).unwrap();
                if answer.contains("connection: close")
                    || !answer.contains("-length: ") && !answer.contains("chunked")
                {
                    break;
                }
            }
        }
    });
    (server, tells)
}
