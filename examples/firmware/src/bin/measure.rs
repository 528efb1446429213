//! What a session costs: instructions a byte, and the stack of each of its calls, in every reply
//! that the fixtures of the tests hold, in an arena that has room and in one that has not.
//!
//! A plugin of QEMU counts the instructions between `window_start` and `window_stop`.
#![no_std]
#![no_main]

use core::hint::black_box;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_core::wire::http1::{RequestHead, Response};
use zerostack_core::{
    Counting, Journal, JsonLinesReader, Limits, RoomPolicy, Session, SessionConfig, Step, ToolMode,
    ToolResult,
};
use zerostack_firmware::agent::config;
use zerostack_firmware::memory::{Lent, depth_of};
use zerostack_firmware::{console, memory};

static ARENA: Lent<4096> = Lent::new();
static SPARE: Lent<4096> = Lent::new();
static LINES: Lent<4096> = Lent::new();

const EVERYTHING: bool = cfg!(feature = "everything");

/// Results are cut; with everything compiled in, calls are looked for in text, and room is made by
/// summaries.
static CONFIG: SessionConfig<'_> = SessionConfig {
    limits: Limits {
        max_result_bytes: 64,
        room: if EVERYTHING { RoomPolicy::Summarise } else { RoomPolicy::Ask },
        ..config(128).limits
    },
    tool_mode: if EVERYTHING { ToolMode::Lenient } else { ToolMode::Native },
    counting: Counting::ESTIMATE,
    ..config(128)
};

type Chat<'a> = Session<&'static SessionConfig<'static>, &'a mut [u8]>;

#[cortex_m_rt::entry]
fn main() -> ! {
    memory::paint_stack();
    let done = all();
    console::exit(i32::from(done.is_none()))
}

fn all() -> Option<()> {
    let [arena, spare] = [ARENA.take()?, SPARE.take()?];
    let lines = LINES.take()?;
    if !EVERYTHING {
        tokens()?;
        http1()?;
        deltas(&mut *arena, "feed", b"", DELTA)?;
        deltas(&mut *arena, "feed_arguments", CALL, ARGUMENTS)?;
    }
    for bytes in [4096, 420, 300] {
        for (status, body) in BODIES {
            turn(arena.get_mut(..bytes)?, spare, status, body)?;
        }
        turn(arena.get_mut(..bytes)?, spare, 200, CALL_IN_TEXT)?;
    }
    texts(arena, spare, lines)
}

/// Counts a text, and a word of a kilobyte, with the vocabulary in flash.
fn tokens() -> Option<()> {
    let vocabulary = Vocabulary::open_embedded(black_box(zerostack_vocab_cl100k::PACKED)).ok()?;
    let bpe = Bpe::new(vocabulary);
    let (depth, count) = depth_of(|| window("count_tokens", TEXT.len(), || bpe.count(TEXT)));
    console::number("stack.count_tokens", depth);
    console::number("tokens", count as u32);
    let word = core::str::from_utf8(&LONG_WORD).ok()?;
    told("count_tokens_long_word", || bpe.count(word)).map(|_| ())
}

/// A request's head, and a response in chunks.
fn http1() -> Option<()> {
    let headers = [("content-type", "application/json"), ("authorization", "Bearer none")];
    let head = RequestHead {
        method: "POST",
        path: &["/v1", "/chat/completions"],
        host: "provider",
        content_length: 100,
    };
    let mut out = [0; 256];
    told("http1_head", || head.write(headers.iter().copied(), &mut out))?.ok()?;
    let mut response = told("http1_new", Response::new)?;
    let mut rest = RESPONSE;
    while !rest.is_empty() {
        let fed = told("http1_feed", || response.feed(rest))?.ok()?;
        rest = rest.get(fed.used..)?;
    }
    told("http1_end", || response.end())?.ok()
}

/// Reads one event as a server sends it, again and again, after another one.
fn deltas(arena: &mut [u8], name: &str, first: &[u8], delta: &[u8]) -> Option<()> {
    let mut session = Session::new(arena, &CONFIG);
    let session = session.as_mut().ok()?;
    session.user("How is the board?").ok()?;
    session.begin_response(200, None).ok()?;
    feed(session, first);
    window(name, delta.len() * DELTAS, || {
        for _ in 0..DELTAS {
            feed(session, delta);
        }
    });
    Some(())
}

/// A turn with one of the replies, and all that can be done then.
fn turn(arena: &mut [u8], spare: &mut [u8], status: u16, body: &[u8]) -> Option<()> {
    let session = &mut depth("new", || Session::new(arena, &CONFIG));
    let session = session.as_mut().ok()?;
    told("user", || session.user("How is the board?"))?.ok()?;
    let asked = told("checkpoint", || session.checkpoint())?;
    for _ in 0..3 {
        if !send(session) {
            break;
        }
        told("begin_response", || session.begin_response(status, Some(20)))?.ok()?;
        let _ = feed_measured(session, body);
        if session.step() == Step::Receive {
            // An event of its own may come before the end.
            for _ in 0..2 {
                let _ = told("end_response", || session.end_response())?;
            }
        }
        told("failure", || session.failure().is_some())?;
        while let Some(call) = told("pending_call", || session.pending_call().map(|it| it.id))? {
            resume(session, spare)?;
            let content = TEXT.get(..100)?;
            let result = ToolResult { id: call, content, is_error: false };
            if told("tool_result", || session.tool_result(result))?.is_err() {
                break;
            }
        }
        for _ in 0..4 {
            if !matches!(session.step(), Step::MakeRoom { .. }) {
                break;
            }
            #[cfg(feature = "everything")]
            let _ = told("make_room", || session.make_room())?;
            let _ = told("drop_oldest", || session.drop_oldest())?;
        }
        if matches!(session.step(), Step::Wait { .. }) {
            told("retry", || session.retry())?.ok()?;
        }
    }
    resume(session, spare)?;
    if session.step() == Step::Idle {
        let _ = told("instruct", || session.instruct("The board is warm."))?;
        let _ = session.user("And now?");
    }
    let _ = told("compact", || session.compact("All was well.", 1))?;
    told("abort", || session.abort())?;
    let _ = told("drop_oldest", || session.drop_oldest())?;
    let _ = told("compact", || session.compact("All was well.", 0))?;
    let _ = told("rollback", || session.rollback(asked))?;
    Some(())
}

/// Asks for a reply; false when it is not the step.
fn send(session: &Chat<'_>) -> bool {
    let (request_depth, request) = depth_of(|| session.request());
    console::number("stack.request", request_depth);
    let Ok(mut request) = request else { return false };
    let _ = told("body_len", || request.body_len());
    let mut buffer = [0; 64];
    while told("read", || request.read(&mut buffer)).is_some_and(|count| count > 0) {}
    true
}

/// The same conversation from its bytes, and apart.
fn resume(session: &Chat<'_>, spare: &mut [u8]) -> Option<()> {
    let saved = told("snapshot", || session.snapshot())?;
    let used = saved.len();
    copy(spare, saved);
    depth("resume", || Session::resume(&mut *spare, used, &CONFIG)).as_ref().ok()?;
    depth("fork", || session.fork(&mut *spare, &CONFIG)).as_ref().ok()?;
    Some(())
}

/// A conversation as a journal and as lines, and back.
fn texts(arena: &mut [u8], spare: &mut [u8], lines: &mut [u8]) -> Option<()> {
    let mut session = Session::new(arena, &CONFIG);
    let session = session.as_mut().ok()?;
    session.user("How is the \"board\"?").ok()?;
    session.begin_response(200, None).ok()?;
    feed(session, CALLS)?;
    session.end_response().ok()?;
    session.abort();
    let frame = told("journal_frame", || session.journal_frame(&Journal::new()))??;
    let (head, payload) = (frame.head(), frame.payload());
    let file = lines.get_mut(..head.len() + payload.len())?;
    let (front, back) = file.split_at_mut_checked(head.len())?;
    copy(front, head);
    copy(back, payload);
    told("journal_restore", || Journal::restore(file, &mut *spare).is_ok())?.then_some(())?;
    let mut writer = session.transcript().json_lines();
    let count = told("json_lines_read", || writer.read(lines))?;
    let reader = &mut depth("json_lines_new", || JsonLinesReader::new(spare));
    let reader = reader.as_mut().ok()?;
    told("json_lines_push", || reader.push(lines.get(..count).unwrap_or_default()))?.ok()
}

/// Prints how deep the stack went in a call.
fn told<T>(name: &str, call: impl FnOnce() -> T) -> Option<T> {
    Some(depth(name, call))
}

/// The same; what is large is not moved.
#[inline(always)]
fn depth<T>(name: &str, call: impl FnOnce() -> T) -> T {
    let (depth, result) = depth_of(call);
    console::line(&["stack.", name, " ", console::Decimal::new(depth).text()]);
    result
}

/// Feeds all of `body`, and says how deep each call went.
fn feed_measured(session: &mut Chat<'_>, body: &[u8]) -> Option<()> {
    let mut rest = body;
    while !rest.is_empty() {
        let used = told("feed", || session.feed(rest).map(|fed| fed.used))?.ok()?;
        rest = rest.get(used..)?;
    }
    Some(())
}

fn feed(session: &mut Chat<'_>, body: &[u8]) -> Option<()> {
    let mut rest = body;
    while !rest.is_empty() {
        let fed = session.feed(rest).ok()?;
        black_box(fed.event);
        rest = rest.get(fed.used..)?;
    }
    Some(())
}

/// Copies what there is room for; the slice's own method could panic.
fn copy(to: &mut [u8], from: &[u8]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Says what is measured, and over how many bytes, and measures it.
fn window<T>(name: &str, bytes: usize, work: impl FnOnce() -> T) -> T {
    console::line(&["window.", name, " ", console::Decimal::new(bytes as u32).text()]);
    window_start();
    let result = black_box(work());
    window_stop();
    result
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn window_start() {
    black_box(1);
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn window_stop() {
    black_box(2);
}

const TEXT: &str = include_str!("../log.txt");

/// Letters as they come: no token is a large part of it.
const LONG_WORD: [u8; 1024] = {
    let (mut word, mut random, mut at) = ([0; 1024], 1_u32, 0);
    while at < word.len() {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        word[at] = b'a' + (random >> 24) as u8 % 26;
        at += 1;
    }
    word
};

macro_rules! fixtures {
    ($($status:literal $name:literal),+ $(,)?) => {
        [$(($status, include_bytes!(concat!("../../../../tests/fixtures/openai-chat/", $name)))),+]
    };
}

/// The replies of the tests, and the status that each comes with.
const BODIES: [(u16, &[u8]); 30] = fixtures![
    200 "arguments_as_object.sse",
    200 "bom_cr_only.sse",
    200 "call_key_orders.sse",
    200 "character_in_two_deltas.sse",
    200 "content_list_and_refusal.sse",
    200 "cut.sse",
    200 "cut_behind_the_stop.sse",
    200 "cut_behind_the_stop_sorted.sse",
    200 "cut_call.sse",
    200 "error_in_stream.sse",
    200 "escapes_crlf_comments.sse",
    200 "final_error_in_stream.sse",
    200 "ids_that_change.sse",
    200 "index_0_for_all.sse",
    200 "line_feed_in_a_string.sse",
    200 "missing_ids.sse",
    200 "missing_index.sse",
    200 "no_done_no_last_line.sse",
    200 "not_utf8.sse",
    200 "page.html",
    200 "parallel_interleaved.sse",
    200 "placeholder_then_pieces.sse",
    200 "reasoning_both_fields.sse",
    200 "several_lines_a_event.sse",
    200 "sorted_keys.sse",
    200 "text.sse",
    200 "two_choices.sse",
    200 "whole.json",
    429 "error_in_stream.sse",
    502 "page.html",
];

const CALLS: &[u8] =
    include_bytes!("../../../../tests/fixtures/openai-chat/parallel_interleaved.sse");

const CALL_IN_TEXT: &[u8] = br#"data: {"choices":[{"delta":{"content":"So: <tool_call>{\"name\": \"free_memory\", \"arguments\": {}}</tool_call>"},"finish_reason":"stop"}]}

data: [DONE]

"#;

const DELTA: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
\"created\":1700000000,\"model\":\"scripted\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\
\" something\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

/// The beginning of a call, and a piece of its arguments.
const CALL: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"call_1\",\
\"type\":\"function\",\"function\":{\"name\":\"write\",\"arguments\":\"{\\\"text\\\":\\\"\"}}]}}]}\n\n";
const ARGUMENTS: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
\"created\":1700000000,\"model\":\"scripted\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\
\"index\":0,\"function\":{\"arguments\":\" something\"}}]},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

/// How often it is read.
const DELTAS: usize = 64;

const RESPONSE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\
Transfer-Encoding: chunked\r\nConnection: keep-alive, x\r\nRetry-After: 1.5\r\n\
Content-Encoding: identity\r\n\r\n5;x=y\r\n12345\r\n0\r\nx: y\r\n\r\n";
