//! A turn of the core allocates nothing. In its own binary, as the allocator is global.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use zerostack_core::prompt::Prompt;
use zerostack_core::{Attachment, Dialect, Session, SessionConfig, Step, ToolResult, ToolSpec};
use zerostack_tests::{fixtures, prompt_texts};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all calls go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TOOLS: [ToolSpec<'_>; 1] =
    [ToolSpec { name: "read", description: "Reads", parameters: r#"{"type":"object"}"# }];

#[test]
fn a_prompt_is_parsed_without_allocation() {
    let texts = prompt_texts::all();
    assert!(texts.len() >= 14, "{}", texts.len());
    let mut parsed = 0;
    let count = allocations_in(|| {
        for text in &texts {
            parsed += usize::from(Prompt::parse("p", text).is_ok());
        }
    });
    assert_eq!((count, parsed >= 14), (0, true), "{parsed} of {}", texts.len());
}

#[test]
fn a_turn_allocates_nothing() {
    assert!(allocations_in(|| drop(vec![1_u8; 9])) > 0, "the counter counts");
    let mut turns = 0;
    for fixture in fixtures::all() {
        for chunk in [1, 7, 4096] {
            let config = SessionConfig {
                system: "Be brief.",
                tools: &TOOLS,
                ..SessionConfig::new(fixture.dialect, "m")
            };
            let count = allocations_in(|| {
                let mut session = Session::new([0; 8192], config).unwrap();
                session.user("Look \"here\"").unwrap();
                for _ in 0..40 {
                    match session.step() {
                        Step::Send => send_and_receive(&mut session, fixture.body.chunks(chunk)),
                        Step::RunTools => {
                            let id = session.pending_call().unwrap().id;
                            let result = ToolResult { id, content: "ok", is_error: false };
                            session.tool_result(result).unwrap();
                        }
                        Step::Wait { .. } => session.retry().unwrap(),
                        Step::MakeRoom { .. } => {
                            let _ = session.drop_oldest();
                        }
                        _ => break,
                    }
                }
                session.abort();
                std::hint::black_box(&session);
            });
            assert_eq!(count, 0, "{} in chunks of {chunk}", fixture.name);
            turns += 1;
        }
    }
    println!("{turns} turns");
}

/// The session's memory is 1 KiB, the buffer 256 bytes: there is no place where a megabyte could
/// be.
#[test]
fn a_request_with_a_picture_of_a_megabyte_holds_nothing_of_it() {
    const PICTURE_BYTES: u32 = 1 << 20;
    for dialect in [
        Dialect::OpenAiChat,
        Dialect::Anthropic,
        Dialect::OpenAiResponses,
        Dialect::Gemini,
        Dialect::Ollama,
    ] {
        let count = allocations_in(|| {
            let config = SessionConfig::new(dialect, "m");
            let mut session = Session::new([0; 1024], config).unwrap();
            let picture = Attachment::new(7, "image/png", PICTURE_BYTES);
            session.user_with("What is this?", &[picture]).unwrap();
            let mut request = session.request_with_attachments().unwrap();
            let length = request.body_len();
            let mut camera = |number: u32, offset: u32, out: &mut [u8]| {
                assert_eq!(number, 7);
                let left = PICTURE_BYTES.saturating_sub(offset) as usize;
                let count = out.len().min(left);
                out[..count].fill(offset as u8);
                Some(count)
            };
            let (mut buffer, mut written) = ([0; 256], 0);
            loop {
                match request.read_from(&mut buffer, &mut camera).unwrap() {
                    0 => break,
                    count => written += count,
                }
            }
            assert_eq!(written, length);
            assert!(written > (PICTURE_BYTES / 3 * 4) as usize);
        });
        assert_eq!(count, 0, "{dialect:?}");
    }
}

fn allocations_in(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

fn send_and_receive<'b>(
    session: &mut Session<SessionConfig<'_>, [u8; 8192]>,
    chunks: impl Iterator<Item = &'b [u8]>,
) {
    let mut request = session.request().unwrap();
    let mut buffer = [0; 64];
    let mut sent = 0;
    loop {
        match request.read(&mut buffer) {
            0 => break,
            count => sent += count,
        }
    }
    assert_eq!(sent, request.body_len());
    session.begin_response(200, None).unwrap();
    for chunk in chunks {
        let mut rest = chunk;
        while !rest.is_empty() && session.step() == Step::Receive {
            match session.feed(rest) {
                Ok(fed) => rest = &rest[fed.used..],
                Err(_) => return,
            }
        }
    }
    if session.step() == Step::Receive {
        let _ = session.end_response();
    }
}
