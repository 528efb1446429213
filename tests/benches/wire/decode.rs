//! How fast recorded streams are read, against four rivals in the same run: `eventsource-stream`
//! with `serde_json`, and a split by hand, as fast as we could make it, with each of three readers
//! of JSON.

use std::hint::black_box;
use std::time::{Duration, Instant};

use zerostack_core::{Dialect, Event, Growing, Session, SessionConfig};
use zerostack_tests::shared;

use crate::rival::{self, Json, Rival};

struct Stream {
    dialect: Dialect,
    body: Vec<u8>,
}

/// What one way makes of streams in pieces of a size: the bytes of what they said.
type Read = fn(&Stream, usize) -> usize;

/// Prints the table of all dialects; nothing without the recorded streams.
pub(crate) fn print() {
    let streams = recorded();
    compare(&streams);
    println!("| decode, MB/s | pieces | {} | of the best |", NAMES.join(" | "));
    println!("|---|---|{}---|", "---|".repeat(NAMES.len()));
    for dialect in DIALECTS {
        let of_dialect = || streams.iter().filter(|stream| stream.dialect == dialect);
        let bytes: usize = of_dialect().map(|stream| stream.body.len()).sum();
        for (size, name) in SIZES {
            if bytes > 0 {
                let times = fastest(|read| of_dialect().map(|stream| read(stream, size)).sum());
                let rates = times.map(|time| bytes as f64 / time.as_secs_f64() / 1e6);
                let best = rates[1..].iter().copied().fold(0.0, f64::max);
                let cells = rates.map(|rate| format!("{rate:.0}")).join(" | ");
                println!("| {} | {name} | {cells} | {:.2} |", dialect.name(), rates[0] / best);
            }
        }
    }
}

/// Reads the streams of the dialect `name` once, by one of the [`WAYS`].
pub(crate) fn read_once(name: &str, size: usize, way: usize) {
    let streams = recorded();
    let of_dialect = streams.iter().filter(|stream| stream.dialect.name() == name);
    let bytes: usize = of_dialect.clone().map(|stream| stream.body.len()).sum();
    let said: usize = of_dialect.map(|stream| read_by(WAYS[way], stream, size)).sum();
    println!("{said} bytes of what was said in {bytes}");
}

/// What callgrind finds by its name.
#[inline(never)]
fn read_by(way: Read, stream: &Stream, size: usize) -> usize {
    black_box(way(stream, size))
}

const NAMES: [&str; 5] = [
    "ours",
    "eventsource-stream + serde_json",
    "by hand + serde_json",
    "… + sonic-rs",
    "… + jiter",
];

const WAYS: [Read; 5] = [ours, usual, serde_json, sonic, jiter];

/// Which of them is the usual one.
const USUAL: usize = 1;

const SIZES: [(usize, &str); 5] =
    [(1, "1"), (7, "7"), (64, "64"), (4096, "4 KiB"), (usize::MAX, "whole")];

const DIALECTS: [Dialect; 5] = [
    Dialect::OpenAiChat,
    Dialect::Anthropic,
    Dialect::OpenAiResponses,
    Dialect::Gemini,
    Dialect::Ollama,
];

/// The streams that were recorded as such.
fn recorded() -> Vec<Stream> {
    let Some(folder) = shared::folder("streams") else { return Vec::new() };
    let rows = shared::json_lines(&folder.join("index.jsonl"));
    let rows = rows.iter().filter(|row| row["kind"] != "json");
    let streams = rows.filter_map(|row| {
        let dialect = match row["api"].as_str()? {
            "openai-chat" => Dialect::OpenAiChat,
            "anthropic-messages" => Dialect::Anthropic,
            "openai-responses" => Dialect::OpenAiResponses,
            "gemini" => Dialect::Gemini,
            "ollama-chat" => Dialect::Ollama,
            _ => return None,
        };
        Some(Stream { dialect, body: std::fs::read(folder.join(row["file"].as_str()?)).ok()? })
    });
    streams.collect()
}

/// What is compared reads the same. Errors, refusals and servers that bend the format are read
/// differently by us, so that nine of ten are enough.
fn compare(streams: &[Stream]) {
    let mut same = 0;
    for stream in streams {
        let bytes = serde_json(stream, usize::MAX);
        for (way, (read, name)) in WAYS.iter().zip(NAMES).enumerate().skip(1) {
            // Ollama's lines are no events.
            let cannot = way == USUAL && stream.dialect == Dialect::Ollama;
            let all = cannot || read(stream, usize::MAX) == bytes && read(stream, 7) == bytes;
            assert!(all, "{name} reads a stream of {} differently", stream.dialect.name());
        }
        same += usize::from(ours(stream, usize::MAX) == bytes);
    }
    println!("{same} of {} recorded streams have the same amount of text for all\n", streams.len());
    assert!(same * 10 >= streams.len() * 9, "too few");
}

/// Reads a stream as a program does: each event is looked at, the transcript is kept.
fn ours(stream: &Stream, size: usize) -> usize {
    let config = SessionConfig::new(stream.dialect, "some-model");
    let session = Session::new(Growing::new(64 << 20), config).and_then(|mut session| {
        session.user("Go on.")?;
        session.begin_response(200, None)?;
        Ok(session)
    });
    let Ok(mut session) = session else { return 0 };
    let mut bytes = 0;
    for mut piece in stream.body.chunks(size) {
        while !piece.is_empty() {
            // A recorded error ends the reply.
            let Ok(fed) = session.feed(piece) else { return bytes };
            piece = piece.get(fed.used..).unwrap_or_default();
            match fed.event {
                Some(Event::TextDelta(delta) | Event::ThinkingDelta(delta)) => {
                    bytes += black_box(delta).len();
                }
                Some(Event::ToolCall(call)) => {
                    bytes += black_box(call.name.len() + call.arguments.len());
                }
                Some(event) => _ = black_box(event),
                None => {}
            }
        }
    }
    _ = black_box(session.end_response());
    bytes
}

fn usual(stream: &Stream, size: usize) -> usize {
    black_box(&rival::usual(stream.dialect, stream.body.chunks(size))).bytes()
}

fn serde_json(stream: &Stream, size: usize) -> usize {
    by_hand(stream, size, Json::Serde)
}

fn sonic(stream: &Stream, size: usize) -> usize {
    by_hand(stream, size, Json::Sonic)
}

fn jiter(stream: &Stream, size: usize) -> usize {
    by_hand(stream, size, Json::Jiter)
}

fn by_hand(stream: &Stream, size: usize, json: Json) -> usize {
    let mut rival = Rival::new(stream.dialect, json);
    for piece in stream.body.chunks(size) {
        rival.push(piece);
    }
    black_box(&rival.reply).bytes()
}

/// The shortest time of each way, taken in turns so that a busy machine hits all.
fn fastest(all: impl Fn(Read) -> usize) -> [Duration; WAYS.len()] {
    let mut best = [Duration::MAX; WAYS.len()];
    let start = Instant::now();
    while start.elapsed() < TIME {
        for (read, best) in WAYS.iter().zip(&mut best) {
            let begin = Instant::now();
            black_box(all(*read));
            *best = begin.elapsed().min(*best);
        }
    }
    best
}

/// How long each row is measured.
const TIME: Duration = Duration::from_secs(2);
