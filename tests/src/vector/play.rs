//! Gives the inputs of a vector to a session and writes down its outputs.

use zerostack_core::{
    Attachment, AttachmentSource, CallId, Dialect, Dropped, Error, Event, FailedTurn, Growing,
    Limits, OwnedConfig, OwnedTool, RoomPolicy, Session, Step, ToolResult,
};

use super::Entry;

/// Plays the inputs of `entries` with bodies in pieces of `piece` bytes, and gives back the same
/// inputs, each followed by its outputs.
///
/// # Panics
/// When an input is unknown.
#[must_use]
pub fn play(entries: &[Entry], piece: usize) -> Vec<Entry> {
    let mut inputs = entries.iter().filter(|entry| !entry.is_output()).peekable();
    let mut played = Vec::new();
    assert_eq!(inputs.next().map(|entry| entry.words.join(" ")).as_deref(), Some(HEAD));
    played.push(Entry::new(HEAD));
    let mut config = OwnedConfig::new(Dialect::OpenAiChat, "");
    let mut arena = u32::MAX;
    while let Some(entry) = inputs.next_if(|entry| entry.word(0) != "start") {
        match entry.word(0) {
            "dialect" => config.dialect = Dialect::from_name(entry.word(1)).expect("a dialect"),
            "model" => config.model = entry.text(0).into(),
            "system" => config.system = entry.text(0).into(),
            "tool" => config.tools.push(OwnedTool {
                name: entry.text(0).into(),
                description: entry.text(1).into(),
                parameters: entry.text(2).into(),
            }),
            "limit" => set(&mut config.limits, entry),
            "arena" => arena = entry.number(1),
            other => panic!("{other} is not a setting"),
        }
        played.push(entry.clone());
    }
    let session = Session::new(Growing::new(arena as usize), config);
    let session = session.expect("a configuration");
    let mut player = Player { session, piece, played, next: Vec::new(), files: Vec::new() };
    for entry in inputs {
        player.played.push(entry.clone());
        player.input(entry);
        let (name, detail) = match player.session.step() {
            Step::Wait { millis } => ("wait", millis),
            Step::MakeRoom { bytes, .. } => ("make_room", bytes),
            step => (step.name(), 0),
        };
        player.output(Entry::new(format!("=step {name} {detail}")));
    }
    player.played
}

const HEAD: &str = "zerostack-vector 1";

fn set(limits: &mut Limits, entry: &Entry) {
    let value = entry.number(2);
    match entry.word(1) {
        "max_output_tokens" => limits.max_output_tokens = value,
        "context_tokens" => limits.context_tokens = value,
        "high_water_tokens" => limits.high_water_tokens = value,
        "low_water_tokens" => limits.low_water_tokens = value,
        "room" => limits.room = RoomPolicy::ALL[value as usize],
        "max_turn_tokens" => limits.max_turn_tokens = value,
        "max_repeats" => limits.max_repeats = value as u16,
        "max_calls" => limits.max_calls = value as u16,
        "max_response_bytes" => limits.max_response_bytes = value,
        "max_result_bytes" => limits.max_result_bytes = value,
        "reply_bytes" => limits.reply_bytes = value,
        "max_rounds" => limits.max_rounds = value as u16,
        "max_attempts" => limits.max_attempts = value as u8,
        "retry_base_ms" => limits.retry_base_ms = value,
        "retry_max_ms" => limits.retry_max_ms = value,
        "seed" => limits.seed = value,
        "keep_failed_turn" => {
            limits.failed_turn = if value == 1 { FailedTurn::Keep } else { FailedTurn::TakeOut };
        }
        other => panic!("{other} is not a limit"),
    }
}

struct Player {
    session: Session<OwnedConfig, Growing>,
    piece: usize,
    played: Vec<Entry>,
    /// The files of the text or result that follows.
    next: Vec<Entry>,
    /// The bytes of all files, by number.
    files: Vec<Vec<u8>>,
}

impl Player {
    fn input(&mut self, entry: &Entry) {
        let session = &mut self.session;
        let next = match entry.word(0) {
            "user" | "result" => std::mem::take(&mut self.next),
            _ => Vec::new(),
        };
        let attachments: Vec<Attachment<'_>> = next.iter().map(attachment).collect();
        let done = match entry.word(0) {
            "start" => Ok(()),
            "attach" => return self.attach(entry),
            "user" if attachments.is_empty() => session.user(entry.text(0)),
            "user" => session.user_with(entry.text(0), &attachments),
            "request" => return self.request(),
            "respond" => {
                let retry_after_ms = (entry.words.len() > 2).then(|| entry.number(2));
                session.begin_response(entry.number(1) as u16, retry_after_ms)
            }
            "feed" => return self.feed(&entry.texts[0]),
            "end" => match session.end_response() {
                Ok(event) => return show(&mut self.played, &event),
                Err(error) => Err(error),
            },
            "calls" => return self.calls(),
            "result" => {
                let index = entry.number(1) as usize;
                let pending = session.pending_calls().nth(index);
                let id = pending.map_or(CallId::from_number(u32::MAX), |call| call.id);
                let is_error = entry.word(2) == "error";
                let result = ToolResult { id, content: entry.text(0), is_error };
                match session.tool_result_with(result, &attachments) {
                    Ok(left_out) => {
                        return self.output(Entry::new(format!("=left_out {left_out}")));
                    }
                    Err(error) => Err(error),
                }
            }
            "retry" => session.retry(),
            "abort" => {
                session.abort();
                Ok(())
            }
            "compact" => session.compact(entry.text(0), entry.number(1) as usize),
            "make_room" => match session.make_room() {
                Ok(event) => return show(&mut self.played, &event),
                Err(error) => Err(error),
            },
            "drop_oldest" => match session.drop_oldest() {
                Ok(freed) => return self.output(Entry::new(format!("=freed {freed}"))),
                Err(error) => Err(error),
            },
            "usage" => {
                let usage = usage("=usage", &session.usage());
                return self.output(usage);
            }
            "failure" => return self.failure(),
            "snapshot" => {
                let hex: String =
                    session.snapshot().iter().map(|byte| format!("{byte:02x}")).collect();
                return self.output(Entry::new("=snapshot").with(hex));
            }
            "resume" => {
                let snapshot = session.snapshot().to_vec();
                let mut storage = Growing::new(u32::MAX as usize);
                assert!(zerostack_core::Storage::reserve(&mut storage, snapshot.len()));
                zerostack_core::Storage::bytes_mut(&mut storage)[..snapshot.len()]
                    .copy_from_slice(&snapshot);
                let config = session.config().clone();
                Session::resume(storage, snapshot.len(), config).map(|new| *session = new)
            }
            other => panic!("{other} is not an input"),
        };
        if let Err(error) = done {
            self.output(failed(error));
        }
    }

    fn output(&mut self, entry: Entry) {
        self.played.push(entry);
    }

    fn attach(&mut self, entry: &Entry) {
        self.files.truncate(entry.number(1) as usize);
        self.files.push(entry.texts[1].clone());
        self.next.push(entry.clone());
    }

    fn request(&mut self) {
        match self.session.request_with_attachments() {
            Err(error) => self.played.push(failed(error)),
            Ok(mut request) => {
                let path = request.path_parts().concat();
                self.played.push(Entry::new("=request POST").with(path));
                for (name, value) in request.headers() {
                    self.played.push(Entry::new("=header").with(name).with(value));
                }
                let mut body = vec![0; request.body_len()];
                let mut read = 0;
                while read < body.len() {
                    let end = body.len().min(read.saturating_add(self.piece));
                    let out = &mut body[read..end];
                    read += match request.read(out) {
                        0 => {
                            let wanted = request.wanted().expect("a file, or more of the body");
                            let file = &self.files[wanted.number as usize];
                            request.supply(&file[wanted.offset as usize..], out)
                        }
                        count => count,
                    };
                }
                assert_eq!(request.read(&mut [0]), 0, "the length that was promised");
                self.played.push(Entry::new("=body").with(body));
            }
        }
    }

    fn feed(&mut self, body: &[u8]) {
        for mut piece in body.chunks(self.piece) {
            while !piece.is_empty() && self.session.step() == Step::Receive {
                match self.session.feed(piece) {
                    Ok(fed) => {
                        piece = &piece[fed.used..];
                        fed.event.iter().for_each(|event| show(&mut self.played, event));
                    }
                    Err(error) => return self.output(failed(error)),
                }
            }
        }
    }

    fn calls(&mut self) {
        for call in self.session.pending_calls() {
            let entry = Entry::new(format!("=call {}", call.id.number()));
            self.played.push(entry.with(call.provider_id).with(call.name).with(call.arguments));
        }
    }

    fn failure(&mut self) {
        let entry = self.session.failure().map_or_else(
            || Entry::new("=no_failure"),
            |failure| {
                let (kind, detail) = (failure.error.kind() as u8, failure.error.detail());
                let words = format!("=failure {kind} {detail} {}", failure.status);
                Entry::new(words).with(failure.code).with(failure.message)
            },
        );
        self.output(entry);
    }
}

fn failed(error: Error) -> Entry {
    Entry::new(format!("=error {} {}", error.kind() as u8, error.detail()))
}

/// What an `attach` tells a session.
fn attachment(entry: &Entry) -> Attachment<'_> {
    Attachment {
        media_type: entry.word(2),
        name: entry.text(0),
        bytes: entry.texts[1].len() as u32,
        tokens: 0,
        source: AttachmentSource::Number(entry.number(1)),
    }
}

fn usage(word: &str, usage: &zerostack_core::Usage) -> Entry {
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    let (read, written) = (usage.cache_read_tokens, usage.cache_write_tokens);
    Entry::new(format!("{word} {input} {output} {read} {written} {}", usage.reasoning_tokens))
}

/// Writes an event down. Pieces of the same text are one.
fn show(played: &mut Vec<Entry>, event: &Event<'_>) {
    let entry = match *event {
        Event::TextDelta(text) => Entry::new("=text").with(text),
        Event::RefusalDelta(text) => Entry::new("=refusal").with(text),
        Event::ThinkingDelta(text) => Entry::new("=thinking").with(text),
        Event::ToolCall(call) => Entry::new(format!("=tool_call {}", call.id.number()))
            .with(call.provider_id)
            .with(call.name)
            .with(call.arguments),
        Event::Usage(counts) => usage("=counts", &counts),
        Event::Truncated { what, bytes } => {
            let what = match what {
                Dropped::Reply => "reply",
                Dropped::ToolResult => "result",
                Dropped::OldResults => "old_results",
                Dropped::OldExchanges => "old_exchanges",
                Dropped::Summarised => "summarised",
                other => panic!("{other:?} has no place in a vector yet"),
            };
            Entry::new(format!("=truncated {what} {bytes}"))
        }
        Event::End(stop) => Entry::new(format!("=end {}", stop.name())),
        Event::Restart => Entry::new("=restart"),
        Event::Compacting => Entry::new("=compacting"),
        Event::SummaryFailed(error) => {
            Entry::new(format!("=summary_failed {} {}", error.kind() as u8, error.detail()))
        }
        Event::Repeating { name, count } => Entry::new(format!("=repeating {count}")).with(name),
        ref other => panic!("{other:?} has no place in a vector yet"),
    };
    let is_delta = matches!(entry.word(0), "=text" | "=refusal" | "=thinking");
    match played.last_mut() {
        Some(last) if is_delta && last.words == entry.words => {
            last.texts[0].extend_from_slice(&entry.texts[0]);
        }
        _ => played.push(entry),
    }
}
