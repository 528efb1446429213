//! What a conversation of the async agent takes of memory while it waits for more of its answer: the
//! task, the session, and the connection.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zerostack_agent::provider::Endpoint;
use zerostack_agent::transport::HttpOptions;
use zerostack_agent::{AgentEvent, AsyncAgent, AsyncHttp};

const CONVERSATIONS: usize = 200;

/// The bytes of the heap that are in use.
struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        USED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the promise of the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the promise of the caller.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Takes each request and sends the beginning of an answer; the connections stay open.
fn serve(listener: &TcpListener) -> Vec<TcpStream> {
    let mut open = Vec::with_capacity(CONVERSATIONS);
    let mut request = [0; 4096];
    for _ in 0..CONVERSATIONS {
        let (mut connection, _) = listener.accept().unwrap();
        // A request of this test arrives whole.
        assert!(connection.read(&mut request).unwrap() > 0);
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let size = event.len();
        write!(connection, "{head}{size:x}\r\n{event}\r\n").unwrap();
        open.push(connection);
    }
    open
}

#[tokio::test]
async fn a_conversation_that_waits_is_small() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || serve(&listener));
    let http = AsyncHttp::new(HttpOptions::default()).unwrap();
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
    println!("{each} bytes each, with task and connection");
    assert!(each <= 5_600, "{each} bytes each");
    tasks.shutdown().await;
    drop(server.join().unwrap());
}
