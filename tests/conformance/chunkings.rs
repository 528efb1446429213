//! A reply means the same however its bytes are cut, wherever the transcript lives, and
//! however the caller loops.

use serde_json::Value;
use zerostack_core::{Config, Growing, Part, Role, Session, SessionConfig, Step, Storage, Usage};
use zerostack_tests::body;
use zerostack_tests::fixtures::{self, Fixture};
use zerostack_tests::play::{self, Item, Loop, Seen};

const ARENA_BYTES: usize = 16 * 1024;

/// What must be equal: what was shown, the transcript, and the request afterwards.
#[derive(Debug, PartialEq)]
struct Outcome {
    seen: Seen,
    transcript: Vec<u8>,
    request: Option<String>,
}

fn outcome<'b, S: Storage>(
    fixture: &Fixture,
    storage: S,
    chunks: impl IntoIterator<Item = &'b [u8]>,
    style: Loop,
) -> Outcome {
    let mut session = Session::new(storage, SessionConfig::new(fixture.dialect, "m")).unwrap();
    session.user("Go on").unwrap();
    session.begin_response(200, None).unwrap();
    let seen = play::reply(&mut session, chunks, style);
    let transcript = session.snapshot().to_vec();
    let mut saved = transcript.clone();
    let resumed = Session::resume(saved.as_mut_slice(), transcript.len(), *session.config());
    let resumed = resumed.unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
    let entries = resumed.transcript().entries();
    let said = entries.filter(|entry| entry.role == Role::Assistant);
    let kept: String = said.filter_map(|entry| text_of(entry.part)).collect();
    if matches!(&seen.end, Some(Ok(end)) if end.starts_with("End")) {
        assert_eq!(kept, seen.text() + &refusal(&seen), "{}: what is kept", fixture.name);
    }
    Outcome { seen, transcript, request: next_request(&mut session) }
}

fn text_of(part: Part<'_>) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

/// What is sent after the reply: the results of its calls, the same again, or more from the user.
fn next_request<C: Config, S: Storage>(session: &mut Session<C, S>) -> Option<String> {
    match session.step() {
        Step::RunTools => play::answer_all(session, "done").ok()?,
        Step::Wait { .. } => session.retry().ok()?,
        _ => session.user("And then?").ok()?,
    }
    Some(body::read(session, 4096)).map(|body| String::from_utf8(body).unwrap())
}

#[test]
fn a_reply_matches_its_fixture() {
    let all = fixtures::all();
    for fixture in &all {
        let Outcome { seen, .. } =
            outcome(fixture, [0; ARENA_BYTES], [fixture.body.as_slice()], Loop::WhileRest);
        let says = |key: &str| fixture.says[key].as_str().unwrap_or_default();
        assert_eq!(seen.text(), says("text"), "{}", fixture.name);
        assert_eq!(seen.thinking(), says("thinking"), "{}", fixture.name);
        assert_eq!(refusal(&seen), says("refusal"), "{}", fixture.name);
        let calls: Value = seen.calls().into_iter().map(|(a, b, c)| vec![a, b, c]).collect();
        assert_eq!(calls, *fixture.says.get("calls").unwrap_or(&Value::Array(vec![])));
        let usage = seen.usage().map(counts);
        assert_eq!(usage, fixture.says.get("usage").cloned(), "{}", fixture.name);
        let end = match seen.end.expect("every reply ends") {
            Ok(event) => event,
            Err(kind) => kind.name().to_owned(),
        };
        assert_eq!(end, says("end"), "{}", fixture.name);
    }
    println!("{} replies", all.len());
}

fn refusal(seen: &Seen) -> String {
    let refusal = |item: &Item| match item {
        Item::Refusal(text) => Some(text.clone()),
        _ => None,
    };
    seen.items.iter().filter_map(refusal).collect()
}

fn counts(usage: Usage) -> Value {
    let Usage { input_tokens, output_tokens, cache_read_tokens, .. } = usage;
    [
        input_tokens,
        output_tokens,
        cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    ]
    .into_iter()
    .collect()
}

#[test]
fn every_chunk_size_gives_the_same() {
    let mut cases = 0;
    for fixture in fixtures::all() {
        let whole = outcome(&fixture, [0; ARENA_BYTES], [fixture.body.as_slice()], Loop::WhileRest);
        for size in 1..=fixture.body.len() {
            let pieces =
                outcome(&fixture, [0; ARENA_BYTES], fixture.body.chunks(size), Loop::WhileRest);
            assert_eq!(pieces, whole, "{} in chunks of {size}", fixture.name);
            cases += 1;
        }
    }
    println!("{cases} chunkings");
}

#[test]
fn two_cuts_anywhere_give_the_same() {
    let mut cases = 0;
    for fixture in fixtures::all() {
        let body = fixture.body.as_slice();
        let whole = outcome(&fixture, [0; ARENA_BYTES], [body], Loop::WhileRest);
        // All pairs of a long body would be millions.
        let step = (body.len() / 40).max(1);
        for first in (0..body.len()).step_by(step) {
            for second in (first..body.len()).step_by(step) {
                let (front, back) = body.split_at(second);
                let (front, middle) = front.split_at(first);
                let pieces =
                    outcome(&fixture, [0; ARENA_BYTES], [front, middle, back], Loop::WhileRest);
                assert_eq!(pieces, whole, "{} cut at {first} and {second}", fixture.name);
                cases += 1;
            }
        }
    }
    println!("{cases} chunkings");
}

#[test]
fn every_storage_and_every_loop_gives_the_same() {
    let mut cases = 0;
    for fixture in fixtures::all() {
        let body = fixture.body.as_slice();
        let whole = outcome(&fixture, [0; ARENA_BYTES], [body], Loop::WhileRest);
        for style in [Loop::WhileRest, Loop::UntilQuiet, Loop::WithEmpty] {
            for size in [1, 2, 3, 5, 8, 13, 64, body.len()] {
                let mut lent = vec![0xa5; ARENA_BYTES];
                let chunks = || body.chunks(size);
                let all = [
                    outcome(&fixture, [0; ARENA_BYTES], chunks(), style),
                    outcome(&fixture, lent.as_mut_slice(), chunks(), style),
                    outcome(&fixture, heapless::Vec::<u8, ARENA_BYTES>::new(), chunks(), style),
                    outcome(&fixture, Growing::new(usize::MAX), chunks(), style),
                ];
                for one in all {
                    assert_eq!(one, whole, "{} in {size} by {style:?}", fixture.name);
                    cases += 1;
                }
            }
        }
    }
    println!("{cases} cases");
}

/// Before the first event is over, nobody knows that it is one.
#[test]
fn text_is_shown_at_the_byte_that_completes_its_event() {
    let fixture = fixtures::named("openai-chat/text.sse");
    let config = SessionConfig::new(fixture.dialect, "m");
    let mut session = Session::new([0; ARENA_BYTES], config).unwrap();
    session.user("Go on").unwrap();
    session.begin_response(200, None).unwrap();
    let mut shown = String::new();
    for at in 0..fixture.body.len() {
        let seen = play::feed(&mut session, [&fixture.body[at..=at]], Loop::WhileRest);
        shown.push_str(&seen.text());
        let body = String::from_utf8_lossy(&fixture.body[..=at]).into_owned();
        let events = body.split("data: ").skip(1).enumerate();
        let whole = events.filter(|(number, event)| *number == 0 || is_document(event));
        let strings = whole.filter_map(|(_, event)| event.split(r#""content":""#).nth(1));
        assert_eq!(shown, strings.map(begun_string).collect::<String>(), "after byte {at}");
    }
}

fn is_document(text: &str) -> bool {
    text.lines().next().is_some_and(|line| serde_json::from_str::<Value>(line).is_ok())
}

/// What is known of the JSON string that `text` goes on with.
fn begun_string(text: &str) -> String {
    let mut string = String::new();
    let mut characters = text.trim_end_matches('\u{fffd}').chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => match characters.next() {
                Some('n') => string.push('\n'),
                Some(itself) => string.push(itself),
                None => break,
            },
            itself => string.push(itself),
        }
    }
    string
}
