//! How fast recorded streams are read, against two rivals in the same run: `eventsource-stream`
//! with `serde_json`, and the same split by hand, as fast as we could make it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use zerostack_core::{Dialect, Event, Growing, Session, SessionConfig};

use super::Table;
use super::rival::{self, Rival};
use crate::shared;

struct Stream {
    dialect: Dialect,
    body: Vec<u8>,
}

/// Measures both dialects, whole and in pieces; an empty table without the recorded streams.
pub fn measure() -> Table {
    let mut table = Table::new("decode, MB/s: ours · eventsource-stream · by hand");
    let streams = recorded();
    for (dialect, name) in [(Dialect::OpenAiChat, "openai-chat"), (Dialect::Anthropic, "anthropic")]
    {
        let streams: Vec<&Stream> =
            streams.iter().filter(|stream| stream.dialect == dialect).collect();
        let bytes: usize = streams.iter().map(|stream| stream.body.len()).sum();
        if bytes == 0 {
            continue;
        }
        for (size, cut) in [(usize::MAX, "whole"), (64, "64-byte pieces")] {
            let all = |read: fn(&Stream, usize) -> usize| {
                streams.iter().map(|stream| read(stream, size)).sum()
            };
            let times = fastest([&|| all(ours), &|| all(usual), &|| all(by_hand)]);
            let [ours, usual, by_hand] = times.map(|time| bytes as f64 / time.as_secs_f64() / 1e6);
            let figure = format!("{ours:.0} · {usual:.0} · {by_hand:.0}");
            let ratios = format!("{:.1} and {:.1} times", ours / usual, ours / by_hand);
            let what = format!("{name}, {} streams, {bytes} bytes, {cut}", streams.len());
            table.row(&what, &figure, &ratios, "2 times");
        }
    }
    table
}

/// The streams of both dialects that were recorded as such.
fn recorded() -> Vec<Stream> {
    let Some(folder) = shared::folder("streams") else { return Vec::new() };
    let rows = shared::json_lines(&folder.join("index.jsonl"));
    let rows = rows.iter().filter(|row| row["kind"] == "sse");
    let streams = rows.filter_map(|row| {
        let dialect = match row["api"].as_str()? {
            "openai-chat" => Dialect::OpenAiChat,
            "anthropic-messages" => Dialect::Anthropic,
            _ => return None,
        };
        Some(Stream { dialect, body: std::fs::read(folder.join(row["file"].as_str()?)).ok()? })
    });
    streams.collect()
}

/// Reads a stream as a program does: each event is looked at, the transcript is kept. Returns
/// bytes of text.
fn ours(stream: &Stream, size: usize) -> usize {
    let config = SessionConfig::new(stream.dialect, "some-model");
    let session = Session::new(Growing::new(64 << 20), config).and_then(|mut session| {
        session.user("Go on.")?;
        session.begin_response(200, None)?;
        Ok(session)
    });
    let Ok(mut session) = session else { return 0 };
    let mut text = 0;
    for mut piece in stream.body.chunks(size) {
        while !piece.is_empty() {
            // A recorded error ends the reply.
            let Ok(fed) = session.feed(piece) else { return text };
            piece = piece.get(fed.used..).unwrap_or_default();
            match fed.event {
                Some(Event::TextDelta(delta)) => text += black_box(delta).len(),
                Some(event) => _ = black_box(event),
                None => {}
            }
        }
    }
    _ = black_box(session.end_response());
    text
}

fn usual(stream: &Stream, size: usize) -> usize {
    let reply = rival::usual(stream.dialect, stream.body.chunks(size));
    black_box(&reply).text.len()
}

fn by_hand(stream: &Stream, size: usize) -> usize {
    let mut rival = Rival::new(stream.dialect);
    for piece in stream.body.chunks(size) {
        rival.push(piece);
    }
    black_box(&rival.reply);
    rival.reply.text.len()
}

/// The shortest time of each, taken in turns so that a busy machine hits all.
fn fastest<const N: usize>(work: [&dyn Fn() -> usize; N]) -> [Duration; N] {
    let mut best = [Duration::MAX; N];
    let start = Instant::now();
    while start.elapsed() < TIME {
        for (work, best) in work.iter().zip(&mut best) {
            let begin = Instant::now();
            black_box(work());
            *best = begin.elapsed().min(*best);
        }
    }
    best
}

/// How long each row is measured.
const TIME: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_read_the_same_text() {
        let (mut same, mut all) = (0, 0);
        for stream in recorded() {
            all += 1;
            let text = by_hand(&stream, 64);
            assert_eq!(by_hand(&stream, usize::MAX), text);
            assert_eq!(usual(&stream, 64), text);
            same += usize::from(ours(&stream, usize::MAX) == text);
        }
        println!("{same} of {all} streams give the same amount of text");
        // Errors, refusals and servers that bend the format are read differently.
        assert!(same * 10 >= all * 9, "{same} of {all}");
    }
}
