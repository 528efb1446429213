//! A call that does not fit the step, and one that fails, changes nothing.

use zerostack_core::{
    CallId, Dialect, Error, ErrorKind, Limits, Session, SessionConfig, Step, ToolResult,
};
use zerostack_tests::fixtures;
use zerostack_tests::play::{self, Loop};

type Chat = Session<SessionConfig<'static>, [u8; 512]>;
type Call = (&'static str, fn(&mut Chat) -> Result<(), Error>, &'static [u32]);

/// Every call that can be wrong, and the numbers of the steps it fits.
const CALLS: [Call; 9] = [
    ("user", |session| session.user("hi"), &[0]),
    ("request", |session| session.request().map(|_| ()), &[1]),
    ("begin_response", |session| session.begin_response(200, None), &[1]),
    ("feed", |session| session.feed(b"data: x").map(|_| ()), &[2]),
    ("end_response", |session| session.end_response().map(|_| ()), &[1, 2]),
    (
        "tool_result",
        |session| {
            let id = CallId::from_number(0);
            session.tool_result(ToolResult { id, content: "", is_error: false }).map(|_| ())
        },
        &[3],
    ),
    ("retry", Chat::retry, &[4]),
    ("compact", |session| session.compact("", 1), &[0, 1, 5]),
    ("drop_oldest", |session| session.drop_oldest().map(|_| ()), &[0, 1, 5]),
];

/// A session in each step.
fn in_every_step() -> [Chat; 6] {
    let fixture = fixtures::named("openai-chat/parallel_interleaved.sse");
    let limits = Limits { reply_bytes: 64, ..Limits::DEFAULT };
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let idle = Session::new([0; 512], config).unwrap();
    let mut send = idle.clone();
    send.user("Hello").unwrap();
    let mut receive = send.clone();
    receive.begin_response(200, None).unwrap();
    play::feed(&mut receive, [&fixture.body[..150]], Loop::WhileRest);
    let mut tools = send.clone();
    tools.begin_response(200, None).unwrap();
    play::reply(&mut tools, [fixture.body.as_slice()], Loop::WhileRest);
    let mut wait = send.clone();
    wait.end_response().unwrap();
    // A turn that can be dropped, and one that leaves no room for a reply.
    let mut room = idle.clone();
    room.user("Hello").unwrap();
    room.abort();
    room.user(&"x".repeat(430)).unwrap();
    [idle, send, receive, tools, wait, room]
}

#[test]
fn a_call_in_the_wrong_step_changes_nothing() {
    let sessions = in_every_step();
    let steps: Vec<u32> = sessions.iter().map(|session| session.step().number()).collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 5]);
    let mut wrong = 0;
    for session in &sessions {
        let number = session.step().number();
        for (name, call, fits) in CALLS {
            let mut tried = session.clone();
            let result = call(&mut tried);
            if fits.contains(&number) {
                let kind = result.err().map(Error::kind);
                assert_ne!(kind, Some(ErrorKind::WrongStep), "{name} in {number}");
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.detail()), (ErrorKind::WrongStep, number), "{name}");
            assert_eq!(format!("{tried:?}"), format!("{session:?}"), "{name} in {number}");
            wrong += 1;
        }
        let mut aborted = session.clone();
        aborted.abort();
        assert_eq!(aborted.step(), Step::Idle);
    }
    println!("{wrong} wrong calls");
    assert_eq!(wrong, 6 * 9 - 14);
}

#[test]
fn a_call_that_fails_changes_nothing() {
    let long = "y".repeat(600);
    let [idle, send, _, tools, ..] = in_every_step();
    let unchanged =
        |session: &Chat, kind: ErrorKind, call: &dyn Fn(&mut Chat) -> Result<(), Error>| {
            let mut tried = session.clone();
            assert_eq!(call(&mut tried).unwrap_err().kind(), kind);
            assert_eq!(format!("{tried:?}"), format!("{session:?}"));
        };
    unchanged(&idle, ErrorKind::Full, &|session| session.user(&long));
    unchanged(&idle, ErrorKind::Full, &|session| session.compact(&long, 0));
    unchanged(&idle, ErrorKind::Full, &|session| session.drop_oldest().map(|_| ()));
    unchanged(&send, ErrorKind::Full, &|session| session.compact(&long, 9));
    unchanged(&send, ErrorKind::Full, &|session| session.drop_oldest().map(|_| ()));
    for (id, content, kind) in
        [(9, "", ErrorKind::UnknownCall), (0, long.as_str(), ErrorKind::Full)]
    {
        unchanged(&tools, kind, &|session| {
            let id = CallId::from_number(id);
            session.tool_result(ToolResult { id, content, is_error: false }).map(|_| ())
        });
    }
    let mut twice = tools.clone();
    let result = ToolResult { id: CallId::from_number(1), content: "one", is_error: false };
    twice.tool_result(result).unwrap();
    unchanged(&twice, ErrorKind::UnknownCall, &|session| session.tool_result(result).map(|_| ()));
}

#[test]
fn a_bad_configuration_is_refused() {
    use zerostack_core::ToolSpec;
    let good = SessionConfig::new(Dialect::OpenAiChat, "m");
    let tool = ToolSpec { name: "f", description: "", parameters: "{}" };
    for parameters in ["", "[]", "{", "{}{}", "null", "{\"a\":}"] {
        let tools = [tool, ToolSpec { parameters, ..tool }];
        let config = SessionConfig { tools: &tools, ..good };
        let error = Session::new([0; 64], config).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadConfig, 1), "{parameters}");
    }
    for limits in
        [Limits { max_attempts: 0, ..Limits::DEFAULT }, Limits { max_rounds: 0, ..Limits::DEFAULT }]
    {
        let error = Session::new([0; 64], SessionConfig { limits, ..good }).unwrap_err();
        assert_eq!((error.kind(), error.detail()), (ErrorKind::BadConfig, u32::MAX));
    }
}
