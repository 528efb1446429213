//! Events have one JSON form: what the core writes, what `--events json` prints and what
//! `tests/fixtures/events.jsonl` holds for all languages are the same bytes, and fit the schema.

use zerostack::agent::{AgentEvent, Call, Room};
use zerostack::run::front::ConversationId;
use zerostack::run::front::json::EventWriter;
use zerostack_core::tool::schema::{Schema, Verdict};
use zerostack_core::{CallId, Dropped, Event, StopReason, ToolCall, Usage};

const LINES: &str = include_str!("../fixtures/events.jsonl");
const SCHEMA: &str = include_str!("../../std-runtime/docs/events.schema.json");

const TEXT: &str = "a \"word\"\\ \n\t\r\u{8}\u{c}\u{1}\u{1f} / é \u{7f}🦀";

/// The events of the fixture, in its order.
fn events() -> Vec<Event<'static>> {
    let call = ToolCall {
        id: CallId::from_number(0),
        provider_id: "call_1",
        name: "read",
        arguments: r#"{"path": "a"}"#,
    };
    let usage = Usage {
        input_tokens: u32::MAX,
        output_tokens: 2,
        cache_read_tokens: 3,
        cache_write_tokens: 4,
        reasoning_tokens: 0,
    };
    let dropped = [
        Dropped::Reply,
        Dropped::ToolResult,
        Dropped::OldResults,
        Dropped::OldExchanges,
        Dropped::Summarised,
    ];
    let mut events = vec![
        Event::TextDelta(TEXT),
        Event::ThinkingDelta("Let me look"),
        Event::RefusalDelta("No."),
        Event::ToolCallDelta(call),
        Event::ToolCall(call),
        Event::Usage(usage),
    ];
    events
        .extend(dropped.into_iter().zip(7..).map(|(what, bytes)| Event::Truncated { what, bytes }));
    events.extend([
        Event::Compacting,
        Event::Repeating { name: "bash", count: 3 },
        Event::Recovered { calls: 2 },
        Event::End(StopReason::ToolUse),
        Event::Restart,
    ]);
    events
}

#[test]
fn the_core_writes_the_bytes_of_the_fixture() {
    let written: Vec<String> = events().iter().map(|event| event.json().to_string()).collect();
    assert_eq!(written, LINES.lines().collect::<Vec<_>>());
}

#[test]
fn every_line_fits_the_schema_and_comes_back_the_same() {
    let schema = Schema::new(SCHEMA).unwrap();
    for line in LINES.lines() {
        assert_eq!(schema.check(line).unwrap(), Verdict::Valid, "{line}");
        // Members keep their order, and texts their escapes.
        let raw: Vec<(String, Box<serde_json::value::RawValue>)> = members(line);
        let again: Vec<String> =
            raw.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        assert_eq!(format!("{{{}}}", again.join(",")), line);
        for (_, value) in &raw {
            let parsed: serde_json::Value = serde_json::from_str(value.get()).unwrap();
            if parsed.is_string() {
                assert_eq!(serde_json::to_string(&parsed).unwrap(), value.get());
            }
        }
    }
    for wrong in [
        r#"{"type":"text"}"#,
        r#"{"type":"text","text":7}"#,
        r#"{"type":"text","text":"x","more":1}"#,
        r#"{"type":"nothing"}"#,
    ] {
        assert!(matches!(schema.check(wrong).unwrap(), Verdict::Invalid(_)), "{wrong}");
    }
}

/// The members of an object, in its order.
fn members(line: &str) -> Vec<(String, Box<serde_json::value::RawValue>)> {
    use serde::de::{Deserializer as _, MapAccess, Visitor};
    struct InOrder;
    impl<'de> Visitor<'de> for InOrder {
        type Value = Vec<(String, Box<serde_json::value::RawValue>)>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = map.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }
    serde_json::Deserializer::from_str(line).deserialize_map(InOrder).unwrap()
}

#[test]
fn the_command_writes_the_same_and_the_conversation_after_it() {
    let of = ConversationId::of_attempt(1);
    for (event, line) in events().into_iter().zip(LINES.lines()) {
        // It says which text took the place, instead of how many calls there were.
        let Some(event) = AgentEvent::from_core(event) else {
            assert!(line.contains("recovered"), "{line}");
            continue;
        };
        let writer = EventWriter::new(Vec::new());
        writer.show(&of, &event).unwrap();
        let written = String::from_utf8(writer.into_inner()).unwrap();
        let base = line.strip_suffix('}').unwrap();
        assert_eq!(written, format!("{base},\"conversation\":\"1\"}}\n"));
    }
    let call = Call { id: "1".into(), name: "read".into(), arguments: String::new() };
    let made = AgentEvent::MadeRoom { what: Room::Results, bytes: 1 };
    for event in [AgentEvent::ToolStarted(call), made] {
        let writer = EventWriter::new(Vec::new());
        writer.show(&of, &event).unwrap();
        let written = String::from_utf8(writer.into_inner()).unwrap();
        let schema = Schema::new(SCHEMA).unwrap();
        assert_eq!(schema.check(&written).unwrap(), Verdict::Valid, "{written}");
    }
}
