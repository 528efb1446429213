use zerostack_core::{
    CallId, FailedTurn, Limits, Session, SessionConfig, Step, ToolResult, ToolSpec,
};

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

const TOOLS: [ToolSpec<'_>; 1] = [ToolSpec { name: "f", description: "d", parameters: "{}" }];

/// A list of operations on a small arena, whether they fit the step or not: each request on
/// the way is valid, and what is saved can be resumed.
pub fn operations(input: &[u8]) {
    let (mode, rest) = crate::split_first(input);
    let (size, mut rest) = crate::split_first(rest);
    let limits = Limits {
        reply_bytes: u32::from(mode >> 4) * 8,
        max_result_bytes: 24,
        max_rounds: 6,
        max_attempts: 2,
        failed_turn: if mode & 2 == 0 { FailedTurn::TakeOut } else { FailedTurn::Keep },
        ..Limits::DEFAULT
    };
    let provider = crate::provider(mode);
    let tools = if mode & 4 == 0 { &TOOLS[..0] } else { &TOOLS };
    let config = SessionConfig { limits, tools, ..SessionConfig::new(provider, "m") };
    let mut arena = vec![0; 4 + usize::from(size) * 4];
    let mut copy = arena.clone();
    let mut session = Session::new(arena.as_mut_slice(), config).expect("room for a beginning");
    while let Some((operation, more)) = rest.split_first() {
        let (length, more) = crate::split_first(more);
        let (argument, more) = more.split_at(usize::from(length).min(more.len()));
        rest = more;
        act(&mut session, *operation, argument);
        if session.step() == Step::Send {
            crate::check_request(&session);
        }
        let saved = session.snapshot();
        copy[..saved.len()].copy_from_slice(saved);
        let used = saved.len();
        let resumed = Session::resume(copy.as_mut_slice(), used, config);
        let resumed = resumed.expect("what was saved can be resumed");
        if session.step() == Step::RunTools {
            let ids = |session: &Chat<'_>| -> Vec<CallId> {
                session.pending_calls().map(|call| call.id).collect()
            };
            assert_eq!(ids(&resumed), ids(&session));
        }
    }
}

fn act(session: &mut Chat<'_>, operation: u8, argument: &[u8]) {
    let text = std::str::from_utf8(argument).unwrap_or("text");
    let before = (session.step(), session.snapshot().to_vec());
    let number = argument.first().copied().unwrap_or_default();
    let result = match operation % 12 {
        0 => session.user(text),
        1 => session.begin_response(200, None),
        2 => session.begin_response(429, Some(number.into())),
        3..=5 => {
            let mut rest = argument;
            while !rest.is_empty() && session.step() == Step::Receive {
                match session.feed(rest) {
                    Ok(fed) => rest = &rest[fed.used..],
                    Err(_) => break,
                }
            }
            return;
        }
        6 => {
            let _ = session.end_response();
            return;
        }
        7 => {
            let id = session.pending_calls().nth((number % 3).into()).map(|call| call.id);
            let id = id.unwrap_or(CallId::from_number(number.into()));
            let result = ToolResult { id, content: text, is_error: number % 2 == 0 };
            session.tool_result(result).map(|_| ())
        }
        8 => session.retry(),
        9 => session.compact(text, (number % 3).into()),
        10 => session.drop_oldest().map(|_| ()),
        _ => {
            session.abort();
            assert_eq!(session.step(), Step::Idle);
            return;
        }
    };
    // A limit ends the turn, and so does room that cannot be made.
    let is_end = session.step() == Step::Idle && before.0 != Step::Idle;
    if result.is_err() && !is_end {
        assert_eq!((session.step(), session.snapshot()), (before.0, before.1.as_slice()));
    }
}
