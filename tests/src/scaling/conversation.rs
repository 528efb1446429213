//! Long conversations: results, requests, room, and the forms that they are saved in.

use zerostack_core::{
    CallId, Dialect, Growing, JsonLinesReader, Limits, RoomPolicy, Session, SessionConfig, Step,
    ToolResult,
};

use super::bodies::Body;
use super::reply::{feed, many_calls, receiving};
use super::{Series, measured};

/// The series of conversations.
pub(super) const SERIES: &[Series] = &[
    results("results/in-order", |count| answer_one(count, Order::OfCalls)),
    results("results/in-reverse", |count| answer_one(count, Order::Reverse)),
    results("results/mixed", |count| answer_one(count, Order::Mixed)),
    results("results/in-reverse, replies", |count| {
        drop(answered(CHAT, count, REPLY_CALLS, Order::Reverse, answer_measured));
    }),
    results("request/openai-chat", |count| request(CHAT, count)),
    results("request/anthropic", |count| request(Dialect::Anthropic, count)),
    results("request/openai-responses", |count| request(Dialect::OpenAiResponses, count)),
    results("request/gemini", |count| request(Dialect::Gemini, count)),
    results("request/ollama", |count| request(Dialect::Ollama, count)),
    results("resume", |count| resume(count, count)),
    results("resume/replies", |count| resume(count, REPLY_CALLS)),
    results("json-lines/write", write_lines),
    results("json-lines/read", read_lines),
    rounds("make-room/drop", |count| make_room(RoomPolicy::DropOldest, count)),
    rounds("make-room/elide", |count| make_room(RoomPolicy::ElideResults, count)),
];

const CHAT: Dialect = Dialect::OpenAiChat;

const fn results(name: &'static str, run: fn(usize)) -> Series {
    Series { name, unit: "calls", sizes: [300, 1_000, 3_000], run }
}

const fn rounds(name: &'static str, run: fn(usize)) -> Series {
    Series { name, unit: "rounds", sizes: [15, 50, 150], run }
}

/// Calls of a reply that has no more than it may have by default.
const REPLY_CALLS: usize = 100;

type Chat = Session<SessionConfig<'static>, Growing>;

/// A session with `count` answered calls, `reply_calls` in each reply.
fn answered(
    dialect: Dialect,
    count: usize,
    reply_calls: usize,
    order: Order,
    answer: fn(&mut Chat, &[CallId]),
) -> Chat {
    let mut session = receiving(dialect);
    for round in 0..count / reply_calls {
        if round > 0 {
            session.begin_response(200, None).expect("the step is Send");
        }
        feed(&mut session, &many_calls(dialect, round * reply_calls, reply_calls), 1400);
        let mut ids: Vec<CallId> = session.pending_calls().map(|call| call.id).collect();
        match order {
            Order::OfCalls => {}
            Order::Reverse => ids.reverse(),
            // A permutation: the multiplier is prime, and larger than any count.
            Order::Mixed => ids.sort_by_key(|id| u64::from(id.number()) * 7_919 % count as u64),
        }
        answer(&mut session, &ids);
        assert_eq!(session.step(), Step::Send);
    }
    session
}

/// The same, all in one reply and in no order.
fn mixed(dialect: Dialect, count: usize) -> Chat {
    answered(dialect, count, count, Order::Mixed, answer)
}

fn answer_one(count: usize, order: Order) {
    drop(answered(CHAT, count, count, order, answer_measured));
}

/// How results come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    OfCalls,
    Reverse,
    Mixed,
}

fn answer(session: &mut Chat, ids: &[CallId]) {
    for id in ids {
        let result = ToolResult { id: *id, content: "It is done.", is_error: false };
        session.tool_result(result).expect("the call is open");
    }
}

fn answer_measured(session: &mut Chat, ids: &[CallId]) {
    measured(|| answer(session, ids));
}

fn request(dialect: Dialect, count: usize) {
    let session = mixed(dialect, count);
    measured(|| {
        let mut request = session.request().expect("the step is Send");
        let length = request.body_len();
        let mut buffer = [0; 4096];
        let read: usize =
            std::iter::from_fn(|| Some(request.read(&mut buffer)).filter(|read| *read > 0)).sum();
        assert_eq!(read, length);
    });
}

fn resume(count: usize, reply_calls: usize) {
    let session = answered(CHAT, count, reply_calls, Order::Reverse, answer);
    let (bytes, config) = (session.snapshot().to_vec(), *session.config());
    let (storage, used) = (Growing::from_vec(bytes.clone(), 1 << 30), bytes.len());
    let resumed = measured(|| Session::resume(storage, used, config)).expect("a snapshot");
    assert_eq!(resumed.step(), Step::Send);
}

fn lines(session: &Chat) -> Vec<u8> {
    let (mut lines, mut all) = (session.transcript().json_lines(), Vec::new());
    let mut buffer = [0; 4096];
    loop {
        match lines.read(&mut buffer) {
            0 => return all,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

fn write_lines(count: usize) {
    let session = mixed(CHAT, count);
    measured(|| lines(&session));
}

fn read_lines(count: usize) {
    let lines = lines(&mixed(CHAT, count));
    let (_, used) = measured(|| {
        let mut reader = JsonLinesReader::new(Growing::new(1 << 30))?;
        reader.push(&lines)?;
        reader.finish()
    })
    .expect("they are what was written");
    assert!(used > 0);
}

/// Rounds of one call and its result each, and then room for half of them.
fn make_room(room: RoomPolicy, count: usize) {
    let mut session = receiving(CHAT);
    for round in 0..count {
        let body = Body::new(CHAT).call(0, &format!(r#"{{"path":"f{round}"}}"#)).end();
        feed(&mut session, &body, 1400);
        let id = session.pending_call().expect("a call").id;
        let content = &"so it is ".repeat(400);
        session.tool_result(ToolResult { id, content, is_error: false }).expect("it is open");
        session.begin_response(200, None).expect("the step is Send");
    }
    session.abort();
    let bytes = session.snapshot().to_vec();
    let used = bytes.len();
    let mut config = *session.config();
    config.limits = Limits { room, reply_bytes: (used / 2) as u32, ..Limits::DEFAULT };
    let storage = Growing::from_vec(bytes, used + 1024);
    let mut session = Session::resume(storage, used, config).expect("a snapshot");
    session.user("Go on.").expect("the step is Idle");
    measured(|| {
        while matches!(session.step(), Step::MakeRoom { .. }) {
            session.make_room().expect("there is what can go");
        }
    });
    assert!(session.snapshot().len() < used * 3 / 4, "{} of {used}", session.snapshot().len());
}
