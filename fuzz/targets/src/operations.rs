use zerostack_core::{
    CallId, Checkpoint, Config, FailedTurn, Growing, Journal, Limits, RoomPolicy, Session,
    SessionConfig, Step, Storage, ToolResult,
};

type Chat<'a> = Session<SessionConfig<'a>, &'a mut [u8]>;

/// A list of operations on a small arena, whether they fit the step or not: each request on the
/// way is valid, what is saved can be resumed, and a journal that is written all the way gives it
/// back. Four bytes say the configuration and the size.
pub fn operations(input: &[u8]) {
    let (mode, rest) = crate::split_first(input);
    let (flags, rest) = crate::split_first(rest);
    let (reply, rest) = crate::split_first(rest);
    let (size, mut rest) = crate::split_first(rest);
    let (dialect, mode) = crate::dialect(mode);
    let is_set = |bit: u8| flags >> bit & 1 == 1;
    let policies =
        [RoomPolicy::Ask, RoomPolicy::ElideResults, RoomPolicy::DropOldest, RoomPolicy::Summarise];
    let limits = Limits {
        reply_bytes: u32::from(reply) * 8,
        max_result_bytes: 24,
        max_rounds: 6,
        max_attempts: 2,
        max_turn_ms: 1000,
        failed_turn: if is_set(0) { FailedTurn::Keep } else { FailedTurn::TakeOut },
        room: policies[usize::from(flags >> 2 & 3)],
        high_water_tokens: if is_set(4) { 150 } else { 0 },
        context_tokens: if is_set(5) { 400 } else { 0 },
        ..Limits::DEFAULT
    };
    let config = SessionConfig {
        limits,
        tools: if is_set(1) { &crate::TOOLS } else { &[] },
        tool_mode: crate::tool_mode(dialect, mode).0,
        ..SessionConfig::new(dialect, "m")
    };
    let mut arena = vec![0; 4 + usize::from(size) * 16];
    let mut session = Session::new(arena.as_mut_slice(), config).expect("room for a beginning");
    let (mut checkpoints, mut file, mut journal) = (Vec::new(), Vec::new(), Journal::new());
    while let Some((operation, more)) = rest.split_first() {
        let (length, more) = crate::split_first(more);
        let (argument, more) = more.split_at(usize::from(length).min(more.len()));
        rest = more;
        act(&mut session, &mut checkpoints, *operation, argument);
        if session.step() == Step::Send {
            crate::check_request(&session);
        }
        let saved = session.snapshot();
        let storage = Growing::from_vec(saved.to_vec(), 1 << 16);
        let resumed = Session::resume(storage, saved.len(), config);
        let resumed = resumed.expect("what was saved can be resumed");
        let is_idle = session.step() == Step::Idle;
        assert_eq!(resumed.step() == Step::Idle, is_idle, "how a turn ended is saved");
        if session.step() == Step::RunTools {
            assert_eq!(ids(&resumed), ids(&session));
        }
        if let Some(frame) = session.journal_frame(&journal) {
            file.extend_from_slice(frame.head());
            file.extend_from_slice(frame.payload());
            journal = frame.saved();
        }
        let restored = Journal::restore(&file, Growing::new(1 << 16)).expect("a good journal");
        assert_eq!(restored.dropped_bytes, 0);
        let restored = Session::resume(restored.storage, restored.used, config);
        let restored = restored.expect("what was saved can be resumed");
        assert_eq!(restored.snapshot(), resumed.snapshot(), "the journal holds it");
        assert_eq!(restored.step(), resumed.step());
    }
}

fn ids<C: Config, S: Storage>(session: &Session<C, S>) -> Vec<CallId> {
    session.pending_calls().map(|call| call.id).collect()
}

fn act(session: &mut Chat<'_>, checkpoints: &mut Vec<Checkpoint>, operation: u8, argument: &[u8]) {
    let text = std::str::from_utf8(argument).unwrap_or("text");
    let before = (session.step(), session.snapshot().to_vec());
    let number = argument.first().copied().unwrap_or_default();
    let result = match operation % 16 {
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
        12 => session.make_room().map(|_| ()),
        13 => session.instruct(text),
        14 => {
            checkpoints.push(session.checkpoint());
            return;
        }
        15 => match checkpoints.pop() {
            Some(checkpoint) => session.rollback(checkpoint),
            None => session.set_turn_elapsed_ms(u32::from(number) * 8),
        },
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
