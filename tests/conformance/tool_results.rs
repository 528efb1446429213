//! Results of tools: any order, any length.

use serde_json::Value;
use zerostack_core::{CallId, Dialect, Growing, Limits, Session, SessionConfig, Step, ToolResult};
use zerostack_tests::body;
use zerostack_tests::model::Says;
use zerostack_tests::play;
use zerostack_tests::random::{Random, seed};

type Chat = Session<SessionConfig<'static>, Growing>;

const BOTH: [Dialect; 2] = [Dialect::OpenAiChat, Dialect::Anthropic];

/// A session with `count` open calls.
fn with_calls(dialect: Dialect, count: usize, limits: Limits, random: &mut Random) -> Chat {
    let calls = (0..count).map(|at| (format!("id{at}"), "f".into(), "{}".into())).collect();
    let body = Says { calls, ..Says::default() }.body(dialect, random);
    let config = SessionConfig { limits, ..SessionConfig::new(dialect, "m") };
    let mut session = Session::new(Growing::new(1 << 20), config).unwrap();
    play::turn(&mut session, "Go", &body).unwrap();
    assert_eq!(session.pending_calls().count(), count);
    session
}

#[test]
fn any_order_answers_each_call() {
    let seed = seed();
    for case in 0..60 {
        let mut random = Random::new(seed.wrapping_add(case));
        let dialect = *random.one_of(&BOTH);
        let count = 1 + random.below(12);
        let mut session = with_calls(dialect, count, Limits::DEFAULT, &mut random);
        let mut open: Vec<CallId> = session.pending_calls().map(|call| call.id).collect();
        while !open.is_empty() {
            assert_eq!(session.step(), Step::RunTools);
            assert_eq!(session.pending_calls().map(|call| call.id).collect::<Vec<_>>(), open);
            let id = open.remove(random.below(open.len()));
            let content = format!("answer to id{}", id.number());
            session.tool_result(ToolResult { id, content: &content, is_error: false }).unwrap();
        }
        assert_eq!(session.step(), Step::Send);
        let json: Value = serde_json::from_str(&body::checked(&session)).unwrap();
        let mut results = 0;
        for message in json["messages"].as_array().unwrap() {
            let one = [message.clone()];
            let blocks = message["content"].as_array().map_or(one.as_slice(), Vec::as_slice);
            for block in blocks {
                let id = block["tool_call_id"].as_str().or(block["tool_use_id"].as_str());
                if let Some(id) = id {
                    assert_eq!(block["content"], format!("answer to {id}"), "case {case}");
                    results += 1;
                }
            }
        }
        assert_eq!(results, count);
    }
}

#[test]
fn a_long_result_is_cut_in_its_middle_and_marked() {
    let mut random = Random::new(1);
    let text: String = (0..5000).map(|n| ["a", "é", "東", "🦀"][n % 4]).collect();
    for dialect in BOTH {
        for limit in [0, 1, 2, 3, 5, 100, 101, 102, 103, 4999, text.len(), text.len() + 1] {
            let limits = Limits { max_result_bytes: limit as u32, ..Limits::DEFAULT };
            let mut session = with_calls(dialect, 1, limits, &mut random);
            let id = session.pending_call().unwrap().id;
            let result = ToolResult { id, content: &text, is_error: false };
            let left_out = session.tool_result(result).unwrap() as usize;
            body::valid(&session);
            let content = session.transcript().entries().last().map(|entry| match entry.part {
                zerostack_core::Part::ToolResult(result) => result.content.to_owned(),
                part => panic!("{part:?}"),
            });
            let content = content.unwrap();
            if limit >= text.len() {
                assert_eq!((left_out, content.as_str()), (0, text.as_str()));
                continue;
            }
            let note = format!("\n[{left_out} bytes left out]\n");
            let (before, after) = content.split_once(&note).expect("the note");
            assert!(text.starts_with(before) && text.ends_with(after), "{limit}");
            assert_eq!(before.len() + left_out + after.len(), text.len(), "{limit}");
            assert!(before.len() + after.len() <= limit, "{limit}");
            assert!(before.len() + after.len() + 8 > limit, "{limit}: too little was kept");
        }
    }
}
