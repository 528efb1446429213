//! Plays the shared vectors: see `tests/vectors/README.md`. The words are those of the player in
//! `tests/src/vector/play.rs`.

mod script;

pub use script::Script;

use core::mem::replace;

use script::Entry;
use zerostack_core::{
    Attachment, AttachmentSource, CallId, Counting, Dialect, Dropped, Error, Event, FailedTurn,
    Limits, RoomPolicy, Session, SessionConfig, Step, ToolResult, ToolSpec, Usage,
};

/// All vectors, by name.
pub const VECTORS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/vectors.rs"));

/// The memory that a vector is played in.
pub struct Room<'r> {
    /// Where the session lives; a vector may say that it has only the beginning of it.
    pub arena: &'r mut [u8],
    /// Where a session goes on that is made from its snapshot.
    pub spare: &'r mut [u8],
    /// What a body is read into.
    pub buffer: &'r mut [u8],
}

/// Plays a vector with bodies in pieces of `piece_bytes`. `None` when something differs, or is
/// not known: that was said on the console.
pub fn play(script: &mut Script, piece_bytes: usize, room: Room<'_>) -> Option<()> {
    let Room { arena, spare, buffer } = room;
    if script.entry()?.line() != b"zerostack-vector 1" {
        return script.refuse("is not of this version");
    }
    let mut tools = [ToolSpec { name: "", description: "", parameters: "{}" }; TOOLS];
    let mut tool_count = 0;
    let mut arena_bytes = arena.len();
    let mut config = SessionConfig {
        counting: Counting::ESTIMATE,
        ..SessionConfig::new(Dialect::OpenAiChat, "")
    };
    let start = loop {
        let entry = script.entry()?;
        let text = |index| script.text(&entry, index);
        match entry.word(0) {
            b"dialect" => {
                let name = core::str::from_utf8(entry.word(1)).unwrap_or_default();
                let Some(dialect) = Dialect::from_name(name) else {
                    return script.refuse_entry(&entry, "names no dialect");
                };
                config.dialect = dialect;
            }
            b"model" => config.model = text(0)?,
            b"system" => config.system = text(0)?,
            b"tool" => {
                let Some(tool) = tools.get_mut(tool_count) else {
                    return script.refuse_entry(&entry, "is a tool too many for this image");
                };
                (tool.name, tool.description, tool.parameters) = (text(0)?, text(1)?, text(2)?);
                tool_count += 1;
            }
            b"limit" => set(&mut config.limits, script, &entry)?,
            b"arena" => arena_bytes = script.number(&entry, 1)? as usize,
            b"start" => break entry,
            _ => return script.refuse_entry(&entry, "is not a setting"),
        }
    };
    let Some(arena) = arena.get_mut(..arena_bytes) else {
        return script.refuse_entry(&start, "is for a larger arena than this image has");
    };
    let config = SessionConfig { tools: tools.get(..tool_count).unwrap_or_default(), ..config };
    let Ok(session) = Session::new(arena, &config) else {
        return script.refuse_entry(&start, "has no session with these settings");
    };
    let spare = Some(spare);
    let (files, next) = ([&[][..]; FILES], [None; FILES]);
    let mut player =
        Player { session, config: &config, spare, buffer, piece_bytes, script, files, next };
    player.step(&start)?;
    while !player.script.is_at_end() {
        let entry = player.script.entry()?;
        player.step(&entry)?;
    }
    Some(())
}

/// The most tools of a vector.
const TOOLS: usize = 8;
/// The most files of a vector.
const FILES: usize = 4;

fn set(limits: &mut Limits, script: &Script, entry: &Entry) -> Option<()> {
    let value = script.number(entry, 2)?;
    match entry.word(1) {
        b"max_output_tokens" => limits.max_output_tokens = value,
        b"context_tokens" => limits.context_tokens = value,
        b"high_water_tokens" => limits.high_water_tokens = value,
        b"low_water_tokens" => limits.low_water_tokens = value,
        b"room" => match RoomPolicy::ALL.get(value as usize) {
            Some(policy) => limits.room = *policy,
            None => return script.refuse_entry(entry, "names no way to make room"),
        },
        b"max_turn_tokens" => limits.max_turn_tokens = value,
        b"max_repeats" => limits.max_repeats = value as u16,
        b"max_calls" => limits.max_calls = value as u16,
        b"max_response_bytes" => limits.max_response_bytes = value,
        b"max_result_bytes" => limits.max_result_bytes = value,
        b"reply_bytes" => limits.reply_bytes = value,
        b"max_rounds" => limits.max_rounds = value as u16,
        b"max_attempts" => limits.max_attempts = value as u8,
        b"retry_base_ms" => limits.retry_base_ms = value,
        b"retry_max_ms" => limits.retry_max_ms = value,
        b"seed" => limits.seed = value,
        b"keep_failed_turn" => {
            limits.failed_turn = if value == 1 { FailedTurn::Keep } else { FailedTurn::TakeOut };
        }
        _ => return script.refuse_entry(entry, "is not a limit"),
    }
    Some(())
}

struct Player<'p> {
    session: Session<&'p SessionConfig<'p>, &'p mut [u8]>,
    config: &'p SessionConfig<'p>,
    /// Taken by a session that cannot be resumed.
    spare: Option<&'p mut [u8]>,
    buffer: &'p mut [u8],
    piece_bytes: usize,
    script: &'p mut Script,
    /// The bytes of all files, by number.
    files: [&'static [u8]; FILES],
    /// The files of the text or result that follows.
    next: [Option<Attachment<'static>>; FILES],
}

impl Player<'_> {
    /// Plays an input, and compares the output and the step after it.
    fn step(&mut self, entry: &Entry) -> Option<()> {
        if let Err(error) = self.input(entry)? {
            self.output(&["=error"], &[error.kind() as u32, error.detail()], &[])?;
        }
        let (name, detail) = match self.session.step() {
            Step::Wait { millis } => ("wait", millis),
            Step::MakeRoom { bytes } => ("make_room", bytes),
            step => (step.name(), 0),
        };
        self.output(&["=step ", name], &[detail], &[])
    }

    fn input(&mut self, entry: &Entry) -> Option<Result<(), Error>> {
        let text = |script: &Script| script.text(entry, 0);
        Some(match entry.word(0) {
            b"start" => Ok(()),
            b"attach" => Ok(self.attach(entry)?),
            b"user" => {
                let (next, count) = self.next_files();
                self.session.user_with(text(self.script)?, next.get(..count).unwrap_or_default())
            }
            b"request" => return self.request(),
            b"respond" => {
                let status = self.script.number(entry, 1)? as u16;
                let retry_after_ms = match entry.word(2) {
                    b"" => None,
                    _ => Some(self.script.number(entry, 2)?),
                };
                self.session.begin_response(status, retry_after_ms)
            }
            b"feed" => return self.feed(entry),
            b"end" => match self.session.end_response() {
                Ok(event) => Ok(show(self.script, &event)?),
                Err(error) => Err(error),
            },
            b"calls" => {
                for call in self.session.pending_calls() {
                    let texts = [call.provider_id, call.name, call.arguments].map(str::as_bytes);
                    self.script.output(&["=call"], &[call.id.number()], &texts)?;
                }
                Ok(())
            }
            b"result" => {
                let index = self.script.number(entry, 1)? as usize;
                let pending = self.session.pending_calls().nth(index);
                let id = pending.map_or(CallId::from_number(u32::MAX), |call| call.id);
                let is_error = match entry.word(2) {
                    b"ok" => false,
                    b"error" => true,
                    _ => return self.script.refuse_entry(entry, "is neither ok nor error"),
                };
                let result = ToolResult { id, content: text(self.script)?, is_error };
                let (next, count) = self.next_files();
                let next = next.get(..count).unwrap_or_default();
                match self.session.tool_result_with(result, next) {
                    Ok(left_out) => Ok(self.output(&["=left_out"], &[left_out], &[])?),
                    Err(error) => Err(error),
                }
            }
            b"retry" => self.session.retry(),
            b"abort" => {
                self.session.abort();
                Ok(())
            }
            b"compact" => {
                let keep_turns = self.script.number(entry, 1)? as usize;
                self.session.compact(text(self.script)?, keep_turns)
            }
            b"make_room" => match self.session.make_room() {
                Ok(event) => Ok(show(self.script, &event)?),
                Err(error) => Err(error),
            },
            b"drop_oldest" => match self.session.drop_oldest() {
                Ok(freed) => Ok(self.output(&["=freed"], &[freed as u32], &[])?),
                Err(error) => Err(error),
            },
            b"usage" => Ok(self.output(&["=usage"], &counts(&self.session.usage()), &[])?),
            b"failure" => Ok(self.failure()?),
            b"snapshot" => Ok(self.snapshot()?),
            b"resume" => return self.resume(entry),
            word if word.starts_with(b"=") => {
                return self.script.refuse_entry(entry, "is expected and did not come out");
            }
            _ => return self.script.refuse_entry(entry, "is not an input"),
        })
    }

    fn attach(&mut self, entry: &Entry) -> Option<()> {
        let (number, bytes) = (self.script.number(entry, 1)?, entry.bytes(1));
        let media_type = core::str::from_utf8(entry.word(2)).unwrap_or_default();
        let slot = self.next.iter_mut().find(|slot| slot.is_none());
        let file = self.files.get_mut(number as usize);
        let (Some(slot), Some(file)) = (slot, file) else {
            return self.script.refuse_entry(entry, "is a file too many for this image");
        };
        *file = bytes;
        *slot = Some(Attachment {
            media_type,
            name: self.script.text(entry, 0)?,
            bytes: bytes.len() as u32,
            tokens: 0,
            source: AttachmentSource::Number(number),
        });
        Some(())
    }

    /// The files of this text or result, and how many there are.
    fn next_files(&mut self) -> ([Attachment<'static>; FILES], usize) {
        let next = replace(&mut self.next, [None; FILES]);
        let none = Attachment {
            media_type: "",
            name: "",
            bytes: 0,
            tokens: 0,
            source: AttachmentSource::Number(0),
        };
        (next.map(|file| file.unwrap_or(none)), next.iter().flatten().count())
    }

    fn output(&mut self, words: &[&str], numbers: &[u32], texts: &[&[u8]]) -> Option<()> {
        self.script.output(words, numbers, texts)
    }

    fn request(&mut self) -> Option<Result<(), Error>> {
        let script = &mut *self.script;
        let mut request = match self.session.request_with_attachments() {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        let path = request.path_parts();
        script.same(b"=request POST")?;
        script.length(path.iter().map(|part| part.len()).sum())?;
        script.same(b"\n")?;
        path.iter().try_for_each(|part| script.same(part.as_bytes()))?;
        script.same(b"\n")?;
        for (name, value) in request.headers() {
            script.output(&["=header"], &[], &[name.as_bytes(), value.as_bytes()])?;
        }
        script.same(b"=body")?;
        script.length(request.body_len())?;
        script.same(b"\n")?;
        let piece_bytes = self.piece_bytes.min(self.buffer.len());
        let buffer = self.buffer.get_mut(..piece_bytes).unwrap_or_default();
        loop {
            let count = match (request.read(buffer), request.wanted()) {
                (0, None) => break,
                (0, Some(wanted)) => {
                    let file = self.files.get(wanted.number as usize).copied().unwrap_or_default();
                    let rest = file.get(wanted.offset as usize..).unwrap_or_default();
                    request.supply(rest, buffer)
                }
                (count, _) => count,
            };
            script.same(buffer.get(..count).unwrap_or_default())?;
        }
        script.same(b"\n")?;
        Some(Ok(()))
    }

    fn feed(&mut self, entry: &Entry) -> Option<Result<(), Error>> {
        let mut body = entry.bytes(0);
        while !body.is_empty() {
            let (mut piece, rest) = body.split_at_checked(self.piece_bytes).unwrap_or((body, &[]));
            body = rest;
            while !piece.is_empty() && self.session.step() == Step::Receive {
                let fed = match self.session.feed(piece) {
                    Ok(fed) => fed,
                    Err(error) => return Some(Err(error)),
                };
                let Some(rest) = piece.get(fed.used..) else {
                    return self.script.refuse("is behind more bytes than were given");
                };
                piece = rest;
                if let Some(event) = fed.event {
                    show(self.script, &event)?;
                }
            }
        }
        Some(Ok(()))
    }

    fn failure(&mut self) -> Option<()> {
        let Some(failure) = self.session.failure() else {
            return self.output(&["=no_failure"], &[], &[]);
        };
        let error = failure.error;
        let numbers = [error.kind() as u32, error.detail(), failure.status.into()];
        let texts = [failure.code, failure.message].map(str::as_bytes);
        self.script.output(&["=failure"], &numbers, &texts)
    }

    fn snapshot(&mut self) -> Option<()> {
        let snapshot = self.session.snapshot();
        let script = &mut *self.script;
        script.same(b"=snapshot")?;
        script.length(snapshot.len() * 2)?;
        script.same(b"\n")?;
        for byte in snapshot {
            script.same(&[byte >> 4, byte & 15].map(hex_digit))?;
        }
        script.same(b"\n")
    }

    fn resume(&mut self, entry: &Entry) -> Option<Result<(), Error>> {
        let snapshot = self.session.snapshot();
        let used = snapshot.len();
        let Some(spare) = self.spare.take().filter(|spare| spare.len() >= used) else {
            return self.script.refuse_entry(entry, "has no storage for it left");
        };
        for (slot, byte) in spare.iter_mut().zip(snapshot) {
            *slot = *byte;
        }
        Some(Session::resume(spare, used, self.config).map(|resumed| {
            self.spare = Some(replace(&mut self.session, resumed).into_storage());
        }))
    }
}

/// Compares an event.
fn show(script: &mut Script, event: &Event<'_>) -> Option<()> {
    match *event {
        Event::TextDelta(text) => script.delta("=text", text),
        Event::RefusalDelta(text) => script.delta("=refusal", text),
        Event::ThinkingDelta(text) => script.delta("=thinking", text),
        Event::ToolCall(call) => {
            let texts = [call.provider_id, call.name, call.arguments].map(str::as_bytes);
            script.output(&["=tool_call"], &[call.id.number()], &texts)
        }
        Event::Usage(usage) => script.output(&["=counts"], &counts(&usage), &[]),
        Event::Truncated { what, bytes } => {
            let what = match what {
                Dropped::Reply => "reply",
                Dropped::ToolResult => "result",
                Dropped::OldResults => "old_results",
                Dropped::OldExchanges => "old_exchanges",
                Dropped::Summarised => "summarised",
                _ => return script.refuse("is behind a cut that has no place in a vector yet"),
            };
            script.output(&["=truncated ", what], &[bytes], &[])
        }
        Event::End(stop) => script.output(&["=end ", stop.name()], &[], &[]),
        Event::Restart => script.output(&["=restart"], &[], &[]),
        Event::Compacting => script.output(&["=compacting"], &[], &[]),
        Event::SummaryFailed(error) => {
            script.output(&["=summary_failed"], &[error.kind() as u32, error.detail()], &[])
        }
        Event::Repeating { name, count } => {
            script.output(&["=repeating"], &[count.into()], &[name.as_bytes()])
        }
        _ => script.refuse("is behind an event that has no place in a vector yet"),
    }
}

fn counts(usage: &Usage) -> [u32; 5] {
    let (input, output) = (usage.input_tokens, usage.output_tokens);
    let (read, written) = (usage.cache_read_tokens, usage.cache_write_tokens);
    [input, output, read, written, usage.reasoning_tokens]
}

fn hex_digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}
