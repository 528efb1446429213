//! What a conversation of the async agent takes of memory while it waits for more of its answer: the
//! task, the session, and the connection.

#[path = "certified/mod.rs"]
mod certified;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::{ServerConnection, StreamOwned};
use zerostack_agent::provider::Endpoint;
use zerostack_agent::transport::{HttpOptions, RootCertificates};
use zerostack_agent::{AgentEvent, AsyncAgent, AsyncHttp};

const CONVERSATIONS: usize = 100;

/// The bytes of the heap that the threads with `IS_COUNTED` use.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_COUNTED: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_COUNTED.get() {
            USED.fetch_add(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the promise of the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if IS_COUNTED.get() {
            USED.fetch_sub(layout.size(), Ordering::Relaxed);
        }
        // SAFETY: the promise of the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Takes each request and sends the beginning of an answer; the connections stay open.
fn serve<S: Read + Write>(listener: &TcpListener, open: impl Fn(TcpStream) -> S) -> Vec<S> {
    let mut all = Vec::with_capacity(CONVERSATIONS);
    let mut request = [0; 4096];
    for _ in 0..CONVERSATIONS {
        let mut connection = open(listener.accept().unwrap().0);
        // A request of this test arrives whole.
        assert!(connection.read(&mut request).unwrap() > 0);
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let size = event.len();
        write!(connection, "{head}{size:x}\r\n{event}\r\n").unwrap();
        connection.flush().unwrap();
        all.push(connection);
    }
    all
}

/// The bytes of a conversation with the server at `url`.
async fn each(url: String, options: HttpOptions) -> usize {
    let http = AsyncHttp::new(options).unwrap();
    let endpoint = Arc::new(Endpoint::local(url, "m"));
    let before = USED.load(Ordering::Relaxed);
    let (told, mut tells) = tokio::sync::mpsc::channel(CONVERSATIONS);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONVERSATIONS {
        let agent = AsyncAgent::builder(Arc::clone(&endpoint)).http(http.clone());
        let (mut agent, told) = (agent.build().unwrap(), told.clone());
        tasks.spawn(async move {
            let mut turn = agent.run("Hello");
            while let Some(event) = turn.next().await {
                if let AgentEvent::Text(_) = event.unwrap() {
                    told.send(()).await.unwrap();
                }
            }
        });
    }
    for _ in 0..CONVERSATIONS {
        tells.recv().await.unwrap();
    }
    tokio::task::yield_now().await;
    let each = (USED.load(Ordering::Relaxed) - before) / CONVERSATIONS;
    tasks.shutdown().await;
    each
}

#[tokio::test]
async fn a_conversation_that_waits_is_small() {
    IS_COUNTED.set(true);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || serve(&listener, |stream| stream));
    let plain = each(url, HttpOptions::default()).await;
    drop(server.join().unwrap());

    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = certified::config(&certified.cert, &certified.signing_key, rustls::ALL_VERSIONS);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(certified.cert.pem().as_bytes()).unwrap();
    let roots = RootCertificates { path: file.path().to_owned(), named_by: "SSL_CERT_FILE" };
    let options = HttpOptions { root_certificates: vec![roots], ..HttpOptions::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/v1", listener.local_addr().unwrap().port());
    let open =
        move |stream| StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
    let server = std::thread::spawn(move || serve(&listener, open));
    let secure = each(url, options).await;
    drop(server.join().unwrap());

    println!("{plain} bytes each, with task and connection; {secure} with TLS");
    assert!(plain <= 5_600, "{plain} bytes each");
    assert!(secure <= 14 * 1024, "{secure} bytes each");
}
