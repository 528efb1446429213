//! Every number of the configuration, at its limit, one below and one above.

use zerostack_core::{
    Budget, Dialect, ErrorKind, Event, Growing, Limits, OwnedConfig, Prices, Session,
    SessionConfig, Step, ToolResult, Usage,
};

type Chat = Session<SessionConfig<'static>, [u8; 8192]>;

fn session(limits: Limits) -> Chat {
    let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
    let mut session = Session::new([0; 8192], config).unwrap();
    session.user("Go").unwrap();
    session
}

/// A reply with these calls (name and arguments), 10 tokens in and 5 out.
fn calls(calls: &[(&str, &str)]) -> String {
    let calls: Vec<String> = calls
        .iter()
        .enumerate()
        .map(|(at, (name, arguments))| {
            let arguments = serde_json::to_string(arguments).unwrap();
            format!(r#"{{"id":"c{at}","function":{{"name":"{name}","arguments":{arguments}}}}}"#)
        })
        .collect();
    let usage = r#""usage":{"prompt_tokens":10,"completion_tokens":5}"#;
    let calls = calls.join(",");
    format!(
        r#"{{"choices":[{{"message":{{"tool_calls":[{calls}]}},"finish_reason":"tool_calls"}}],{usage}}}"#
    )
}

/// Feeds a whole body: the `Repeating` events, and how it ended.
fn receive(session: &mut Chat, body: &str, chunk: usize) -> (Vec<(String, u16)>, Option<Budget>) {
    session.begin_response(200, None).unwrap();
    let mut repeating = Vec::new();
    for chunk in body.as_bytes().chunks(chunk) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let fed = session.feed(rest).unwrap();
            rest = &rest[fed.used..];
            if let Some(Event::Repeating { name, count }) = fed.event {
                repeating.push((name.to_owned(), count));
            }
        }
    }
    (repeating, session.end_response().err().map(budget))
}

fn budget(error: zerostack_core::Error) -> Budget {
    assert_eq!(error.kind(), ErrorKind::Limit);
    Budget::from_detail(error.detail()).unwrap()
}

/// Rounds of one call each until the turn ends: how many, and why.
fn rounds(mut session: Chat) -> (u32, Budget) {
    for round in 1..100 {
        let body = calls(&[("read", &format!("{{\"n\":{round}}}"))]);
        if let (_, Some(why)) = receive(&mut session, &body, 4096) {
            return (round, why);
        }
        let id = session.pending_call().unwrap().id;
        let result = ToolResult { id, content: "ok", is_error: false };
        if let Err(error) = session.tool_result(result) {
            assert_eq!(session.step(), Step::Idle);
            assert_eq!(session.failure().unwrap().error, error);
            return (round, budget(error));
        }
    }
    panic!("nothing ended the turn");
}

#[test]
fn no_request_follows_when_a_budget_is_used_up() {
    for rounds_allowed in [1, 2, 3] {
        let limits = Limits { max_rounds: rounds_allowed, ..Limits::DEFAULT };
        assert_eq!(rounds(session(limits)), (rounds_allowed.into(), Budget::Rounds));
    }
    // A round is 15 tokens: 45 are used up by the third, 46 by the fourth.
    for (tokens, expected) in [(1, 1), (15, 1), (16, 2), (44, 3), (45, 3), (46, 4)] {
        let limits = Limits { max_turn_tokens: tokens, ..Limits::DEFAULT };
        assert_eq!(rounds(session(limits)), (expected, Budget::Tokens), "{tokens}");
    }
    // 10 tokens at 3 and 5 at 15 a million: 105 millionths a round.
    let prices = Prices { input: 3_000_000, output: 15_000_000, ..Prices::NONE };
    for (micros, expected) in [(104, 1), (105, 1), (106, 2), (210, 2), (211, 3)] {
        let limits = Limits { max_turn_cost_micros: micros, prices, ..Limits::DEFAULT };
        assert_eq!(rounds(session(limits)), (expected, Budget::Cost), "{micros}");
    }
}

#[test]
fn costs_are_counted_as_the_provider_counts_tokens() {
    let usage = Usage {
        input_tokens: 1000,
        output_tokens: 10,
        cache_read_tokens: 600,
        cache_write_tokens: 100,
        reasoning_tokens: 4,
    };
    let prices = Prices { input: 1000, output: 5000, cache_read: 100, cache_write: 1250 };
    // The cached tokens are among the input.
    let among = (300 * 1000 + 10 * 5000 + 600 * 100 + 100 * 1250_u64).div_ceil(1_000_000);
    assert_eq!(prices.cost_micros(usage), among);
    assert_eq!(usage.total(), 1010);
    let most = Usage { input_tokens: u32::MAX, output_tokens: u32::MAX, ..usage };
    let dear = Prices { input: u32::MAX, output: u32::MAX, cache_read: 0, cache_write: 0 };
    assert!(dear.cost_micros(most) > u64::from(u32::MAX));
}

#[test]
fn time_ends_the_turn_in_any_step() {
    let limits = Limits { max_turn_ms: 1000, ..Limits::DEFAULT };
    let send = session(limits);
    let mut receive_step = send.clone();
    receive_step.begin_response(200, None).unwrap();
    let mut tools = send.clone();
    receive(&mut tools, &calls(&[("read", "{}"), ("read", "{}")]), 4096);
    let mut wait = send.clone();
    wait.end_response().unwrap();
    for session in [send, receive_step, tools, wait] {
        for (millis, ends) in [(0, false), (999, false), (1000, true), (1001, true)] {
            let mut session = session.clone();
            let before = format!("{session:?}");
            let ended = session.set_turn_elapsed_ms(millis);
            assert_eq!(ended.is_err(), ends, "{millis}");
            if let Err(error) = ended {
                assert_eq!((budget(error), session.step()), (Budget::Time, Step::Idle));
                assert_eq!(session.pending_call(), None);
            } else {
                assert_eq!(format!("{session:?}"), before);
            }
        }
    }
    let mut idle = session(limits);
    idle.abort();
    idle.set_turn_elapsed_ms(u32::MAX).unwrap();
    session(Limits::DEFAULT).set_turn_elapsed_ms(u32::MAX).unwrap();
}

#[test]
fn repeated_calls_are_reported_and_stopped() {
    let same = ("read", r#"{"path":"a"}"#);
    for chunk in [1, 7, 4096] {
        let mut chat = session(Limits { max_repeats: 4, ..Limits::DEFAULT });
        let mut told = Vec::new();
        let mut ended = None;
        for _ in 0..3 {
            let (repeating, why) = receive(&mut chat, &calls(&[same, same]), chunk);
            told.extend(repeating.into_iter().map(|(name, count)| {
                assert_eq!(name, "read");
                count
            }));
            ended = why;
            while let Some(id) = chat.pending_call().map(|call| call.id) {
                let result = ToolResult { id, content: "ok", is_error: false };
                chat.tool_result(result).unwrap();
            }
        }
        assert_eq!((told.as_slice(), ended), ([3, 4, 5, 6].as_slice(), Some(Budget::Repeats)));
        assert_eq!(chat.step(), Step::Idle);
        // The calls of the last reply are answered, so the conversation can go on.
        chat.user("Try something else").unwrap();
        zerostack_tests::body::checked(&chat);
    }
    // Other arguments, another name, or never a limit.
    let other = [same, ("read", r#"{"path":"b"}"#), same, ("grep", same.1), same];
    let mut chat = session(Limits { max_repeats: 1, ..Limits::DEFAULT });
    assert_eq!(receive(&mut chat, &calls(&other), 4096), (vec![], None));
    for (max_repeats, ends) in [(0, false), (2, true), (3, false), (4, false)] {
        let mut chat = session(Limits { max_repeats, ..Limits::DEFAULT });
        let (told, why) = receive(&mut chat, &calls(&[same, same, same]), 4096);
        assert_eq!((told.len(), why.is_some()), (1, ends), "{max_repeats}");
    }
}

#[test]
fn a_reply_has_so_many_calls_at_most() {
    const NAMES: [&str; 3] = [r#""index":{},"id":"c{}","#, r#""id":"c{}","#, ""];
    let failed = |limits: Limits, count: usize, form: &str, chunk: usize| {
        let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
        let mut chat = Session::new(Growing::new(1 << 24), config).unwrap();
        chat.user("Go").unwrap();
        chat.begin_response(200, None).unwrap();
        let mut body = String::new();
        for number in 0..count {
            let head = form.replace("{}", &number.to_string());
            let call =
                format!(r#"{{{head}"function":{{"name":"f","arguments":"{{\"n\":{number}}}"}}}}"#);
            body +=
                &format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n");
        }
        body += "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n";
        for chunk in body.as_bytes().chunks(chunk) {
            let mut rest = chunk;
            while !rest.is_empty() {
                match chat.feed(rest) {
                    Ok(fed) => rest = &rest[fed.used..],
                    Err(error) => {
                        assert_eq!(chat.step(), Step::Idle);
                        return Some(error);
                    }
                }
            }
        }
        chat.end_response().unwrap();
        assert_eq!(chat.pending_calls().count(), count);
        None
    };
    for form in NAMES {
        for max_calls in [1, 3, 128] {
            let limits = Limits { max_calls, ..Limits::DEFAULT };
            for chunk in [1, 7, 1 << 20] {
                assert_eq!(failed(limits, max_calls.into(), form, chunk), None);
                let error = failed(limits, usize::from(max_calls) + 1, form, chunk).unwrap();
                assert_eq!(budget(error), Budget::Calls);
            }
        }
        let error = failed(Limits::DEFAULT, 65_535, form, 4096).unwrap();
        assert_eq!(budget(error), Budget::Calls);
    }
}

#[test]
fn marks_of_the_window_at_their_limits() {
    for dialect in [Dialect::OpenAiChat, Dialect::Anthropic] {
        let none = Limits::DEFAULT;
        assert_eq!(none.high_water(dialect), u32::MAX);
        let limits = Limits { context_tokens: 10_000, max_output_tokens: 1_000, ..Limits::DEFAULT };
        assert_eq!(limits.window_tokens(dialect), 9_000);
        assert_eq!((limits.high_water(dialect), limits.low_water(dialect)), (7_200, 4_800));
        let all = Limits { max_output_tokens: 10_001, ..limits };
        assert_eq!((all.window_tokens(dialect), all.high_water(dialect)), (0, 0));
        let own = Limits { high_water_tokens: 9_001, low_water_tokens: 9_001, ..limits };
        assert_eq!((own.high_water(dialect), own.low_water(dialect)), (9_000, 9_000));
        let alone = Limits { high_water_tokens: 300, ..Limits::DEFAULT };
        assert_eq!((alone.high_water(dialect), alone.low_water(dialect)), (300, 200));
    }
    let limits = Limits { context_tokens: 40_000, ..Limits::DEFAULT };
    assert_eq!(limits.window_tokens(Dialect::OpenAiChat), 40_000);
    assert_eq!(limits.window_tokens(Dialect::Anthropic), 30_000);
    for (high, low, is_fine) in
        [(0, 5, true), (5, 0, true), (5, 4, true), (5, 5, true), (5, 6, false)]
    {
        let limits = Limits { high_water_tokens: high, low_water_tokens: low, ..Limits::DEFAULT };
        let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
        let result = Session::new([0; 64], config).map_err(|error| error.kind());
        assert_eq!(result.err(), (!is_fine).then_some(ErrorKind::BadConfig), "{high} {low}");
    }
}

/// What does not fit is an error before it is sent: Ollama would cut it without a word.
#[test]
fn a_prompt_that_does_not_fit_is_never_sent() {
    for &dialect in Dialect::ALL {
        let mut config = OwnedConfig::new(dialect, "m");
        config.limits.max_output_tokens = 10;
        let mut measure = Session::new([0; 4096], config.clone()).unwrap();
        let text = "one two three four five six seven eight nine ten ".repeat(4);
        measure.user(&text).unwrap();
        let tokens = measure.window_tokens().total();
        for (spare, fits) in [(-1, false), (0, true), (1, true)] {
            config.limits.context_tokens = (tokens + 10).saturating_add_signed(spare);
            let mut session = Session::new([0; 4096], config.clone()).unwrap();
            let empty = session.snapshot().to_vec();
            session.user(&text).unwrap();
            if fits {
                assert_eq!(session.step(), Step::Send, "{dialect:?} {spare}");
                continue;
            }
            assert_eq!(session.step(), Step::MakeRoom { bytes: 0 });
            assert_eq!(session.request().err().unwrap().kind(), ErrorKind::WrongStep);
            let error = session.drop_oldest().unwrap_err();
            assert_eq!((error.kind(), error.detail()), (ErrorKind::WindowTooLong, 1));
            assert_eq!(session.step(), Step::Idle);
            assert_eq!(session.snapshot(), empty, "the turn is taken out");
        }
    }
}

#[test]
fn results_are_cut_above_their_limit() {
    for (length, left_out) in [(59, 0), (60, 0), (61, 1)] {
        let mut chat = session(Limits { max_result_bytes: 60, ..Limits::DEFAULT });
        receive(&mut chat, &calls(&[("read", "{}")]), 4096);
        let id = chat.pending_call().unwrap().id;
        let content = "x".repeat(length);
        let result = ToolResult { id, content: &content, is_error: false };
        assert_eq!(chat.tool_result(result).unwrap(), left_out, "{length}");
    }
}

#[test]
fn attempts_are_as_many_as_allowed() {
    for max_attempts in [1, 2, 3] {
        let mut chat = session(Limits { max_attempts, ..Limits::DEFAULT });
        let mut sent = 1;
        while chat.end_response().is_ok() {
            chat.retry().unwrap();
            sent += 1;
        }
        assert_eq!(sent, max_attempts);
    }
}

#[test]
fn the_reply_has_its_room() {
    let text = "x".repeat(100);
    // A name and a version, two headers and texts.
    let used = 4 + 8 + 1 + 8 + text.len();
    for (reply_bytes, has_room) in [(99, true), (100, true), (101, false)] {
        let limits = Limits { reply_bytes, ..Limits::DEFAULT };
        let mut memory = vec![0; used + 100];
        let config = SessionConfig { limits, ..SessionConfig::new(Dialect::OpenAiChat, "m") };
        let mut session = Session::new(memory.as_mut_slice(), config).unwrap();
        session.user("a").unwrap();
        session.abort();
        session.user(&text).unwrap();
        let expected = if has_room { Step::Send } else { Step::MakeRoom { bytes: 1 } };
        assert_eq!(session.step(), expected, "{reply_bytes}");
    }
}

#[test]
fn cached_tokens_are_counted_in_with_every_provider() {
    let anthropic = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,\"cache_read_input_tokens\":30,\"cache_creation_input_tokens\":6,\"output_tokens\":1}}}\n\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"ok\"}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );
    let chat = concat!(
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"ok\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":37,\"completion_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":30}}}\n\n",
        "data: [DONE]\n\n",
    );
    for (dialect, body) in [(Dialect::Anthropic, anthropic), (Dialect::OpenAiChat, chat)] {
        let mut session = Session::new([0; 2048], SessionConfig::new(dialect, "m")).unwrap();
        session.user("hi").unwrap();
        session.begin_response(200, None).unwrap();
        let mut rest = body.as_bytes();
        while !rest.is_empty() {
            rest = &rest[session.feed(rest).unwrap().used..];
        }
        session.end_response().unwrap();
        let usage = session.usage();
        assert_eq!((usage.input_tokens, usage.cache_read_tokens, usage.total()), (37, 30, 42));
    }
}

#[test]
fn calls_that_are_written_otherwise_and_sets_of_calls_repeat() {
    let ends = |replies: [&[(&str, &str)]; 2]| {
        let mut chat = session(Limits { max_repeats: 3, ..Limits::DEFAULT });
        (0..9).find_map(|round| {
            let (_, why) = receive(&mut chat, &calls(replies[round % 2]), 4096);
            while let Some(id) = chat.pending_call().map(|call| call.id) {
                chat.tool_result(ToolResult { id, content: "ok", is_error: false }).unwrap();
            }
            why.map(|why| (round, why))
        })
    };
    let repeats = Some((3, Budget::Repeats));
    let spaced = [("read", r#"{"path": "a", "offset": 1}"#)];
    let swapped = [("read", r#"{"offset":1,"path":"\u0061"}"#)];
    assert_eq!(ends([&spaced, &swapped]), repeats);
    let pair = [("read", "{}"), ("list", "{}")];
    assert_eq!(ends([&pair, &pair]), repeats);
    assert_eq!(ends([&pair, &[("list", "{}"), ("read", "{}")]]), repeats);
    assert_eq!(ends([&pair, &[("list", "{}"), ("grep", "{}")]]), None);
}

#[test]
fn repeats_outlive_room() {
    let mut chat = session(Limits { max_repeats: 4, ..Limits::DEFAULT });
    let mut why = None;
    for round in 0..5 {
        assert_eq!(why, None, "{round}");
        (_, why) = receive(&mut chat, &calls(&[("read", "{}")]), 4096);
        while let Some(id) = chat.pending_call().map(|call| call.id) {
            chat.tool_result(ToolResult { id, content: "ok", is_error: false }).unwrap();
        }
        if round > 0 && why.is_none() {
            chat.drop_oldest().unwrap();
        }
    }
    assert_eq!(why, Some(Budget::Repeats));
}

#[test]
fn tokens_of_broken_replies_count() {
    let limits = Limits { max_turn_tokens: 100, max_attempts: 9, ..Limits::DEFAULT };
    let broken = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}],\
                  \"usage\":{\"prompt_tokens\":60,\"completion_tokens\":1}}\n\n";
    let mut chat = session(limits);
    assert_eq!(receive(&mut chat, broken, 4096), (vec![], None));
    assert_eq!(chat.usage().input_tokens, 60);
    chat.retry().unwrap();
    assert_eq!(receive(&mut chat, broken, 4096), (vec![], Some(Budget::Tokens)));
    assert_eq!((chat.step(), chat.usage().input_tokens), (Step::Idle, 120));
}

#[test]
fn a_token_limit_holds_where_the_provider_counts_nothing() {
    let body = calls(&[("read", "{}")]).replace("usage", "nothing");
    let mut chat = session(Limits { max_turn_tokens: 60, ..Limits::DEFAULT });
    let (_, why) = receive(&mut chat, &body, 4096);
    assert_eq!(why, None);
    let id = chat.pending_call().unwrap().id;
    assert!(chat.usage().input_tokens > 0, "{:?}", chat.usage());
    let content = "a long result ".repeat(40);
    chat.tool_result(ToolResult { id, content: &content, is_error: false }).unwrap();
    receive(&mut chat, &body, 4096);
    let id = chat.pending_call().unwrap().id;
    let error = chat.tool_result(ToolResult { id, content: "", is_error: false }).unwrap_err();
    assert_eq!(budget(error), Budget::Tokens);
    // Without a limit nothing is made up.
    let mut chat = session(Limits::DEFAULT);
    receive(&mut chat, &body, 4096);
    assert_eq!(chat.usage(), Usage::default());
    // One that counts only what it writes.
    let body = calls(&[("read", "{}")]).replace("\"prompt_tokens\"", "\"other\"");
    let mut chat = session(Limits { max_turn_tokens: 60, ..Limits::DEFAULT });
    receive(&mut chat, &body, 4096);
    let usage = chat.usage();
    assert!(usage.input_tokens > 0 && usage.output_tokens >= 5, "{usage:?}");
}

#[test]
fn rounds_count_over_a_resume() {
    let limits = Limits { max_rounds: 3, ..Limits::DEFAULT };
    let mut chat = session(limits);
    for round in 1..=3 {
        receive(&mut chat, &calls(&[("read", "{}")]), 4096);
        let id = chat.pending_call().unwrap().id;
        let result = chat.tool_result(ToolResult { id, content: "ok", is_error: false });
        assert_eq!(result.is_ok(), round < 3, "{round}");
        let mut saved = [0; 8192];
        let used = chat.snapshot().len();
        saved[..used].copy_from_slice(chat.snapshot());
        chat = Session::resume(saved, used, *chat.config()).unwrap();
    }
}
