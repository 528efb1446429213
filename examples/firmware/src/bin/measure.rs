//! What a session costs: instructions a byte, and the stack of each of its calls.
//!
//! A plugin of QEMU counts the instructions between `window_start` and `window_stop`.
#![no_std]
#![no_main]

use core::hint::black_box;

use zerostack_core::tokenizer::{Bpe, Tokenizer as _, Vocabulary};
use zerostack_core::{Session, SessionConfig, Step, ToolResult};
use zerostack_firmware::agent::config;
use zerostack_firmware::memory::{Lent, depth_of};
use zerostack_firmware::{console, memory};

static ARENA: Lent<4096> = Lent::new();
static CONFIG: SessionConfig<'_> = config(512);

#[cortex_m_rt::entry]
fn main() -> ! {
    memory::paint_stack();
    let done = tokens().and_then(|()| ARENA.take()).and_then(session);
    console::exit(i32::from(done.is_none()))
}

/// Counts a text with the vocabulary in flash.
fn tokens() -> Option<()> {
    let vocabulary = Vocabulary::open_embedded(black_box(zerostack_vocab_cl100k::PACKED)).ok()?;
    let bpe = Bpe::new(vocabulary);
    let (depth, count) = depth_of(|| window("count_tokens", TEXT.len(), || bpe.count(TEXT)));
    console::number("stack.count_tokens", depth);
    console::number("tokens", count as u32);
    Some(())
}

/// Every call of a session.
fn session(arena: &mut [u8]) -> Option<()> {
    let (depth, mut session) = depth_of(|| Session::new(&mut *arena, &CONFIG));
    console::number("stack.new", depth);
    let session = session.as_mut().ok()?;
    for round in 0..2 {
        if round == 0 {
            told("user", || session.user("How is the board?"))?.ok()?;
        }
        told("body_len", || session.request().map(|request| request.body_len()))?.ok()?;
        told("read", || read(session.request().ok()?)).flatten()?;
        told("begin_response", || session.begin_response(200, None))?.ok()?;
        let body = if round == 0 { CALLS } else { END };
        if round == 1 {
            // One event as a server sends it, again and again.
            let bytes = DELTA.len() * DELTAS;
            window("feed", bytes, || (0..DELTAS).try_for_each(|_| feed(session, DELTA)))?;
        }
        told("feed", || feed(session, body)).flatten()?;
        told("end_response", || session.end_response())?.ok()?;
        while session.step() == Step::RunTools {
            let id = session.pending_call()?.id;
            let result = ToolResult { id, content: "all is well", is_error: false };
            told("tool_result", || session.tool_result(result))?.ok()?;
        }
    }
    told("snapshot", || session.snapshot().len())?;
    told("drop_oldest", || session.drop_oldest())?.ok()?;
    told("compact", || session.compact("All was well.", 0))?.ok()?;
    told("abort", || session.abort())
}

/// Prints how deep the stack went in a call.
fn told<T>(name: &str, call: impl FnOnce() -> T) -> Option<T> {
    let (depth, result) = depth_of(call);
    console::line(&["stack.", name, " ", console::Decimal::new(depth).text()]);
    Some(result)
}

fn read(mut request: zerostack_core::Request<'_>) -> Option<usize> {
    let mut buffer = [0; 64];
    let mut bytes = 0;
    loop {
        match request.read(&mut buffer) {
            0 => return Some(bytes),
            count => bytes += count,
        }
    }
}

fn feed(session: &mut Session<&SessionConfig<'_>, &mut [u8]>, body: &[u8]) -> Option<()> {
    let mut rest = body;
    while !rest.is_empty() {
        let fed = session.feed(rest).ok()?;
        black_box(fed.event);
        rest = rest.get(fed.used..)?;
    }
    Some(())
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

const CALLS: &[u8] =
    include_bytes!("../../../../tests/fixtures/openai-chat/parallel_interleaved.sse");

const DELTA: &[u8] = b"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
\"created\":1700000000,\"model\":\"scripted\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\
\" something\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

/// How often it is read.
const DELTAS: usize = 64;

const END: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
data: [DONE]\n\n";
