//! What is kept of a run besides its result: its events, for `show` and `replay`, and how it ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::agent::AgentEvent;
use crate::command::print::tell;
use crate::provider::Secrets;
use crate::record::About;
use crate::run::front::json::EventWriter;
use crate::run::{Draft, Front, RunEnd, RunEvent, RunOptions, Start};
use crate::{Error, Result, own_process};

/// The record of a run under way.
pub(super) struct Keeper(Mutex<Keeping>);

struct Keeping {
    draft: Arc<Draft>,
    about: About,
    input: Option<String>,
    /// Whether the whole input is kept, so that the run can be repeated.
    is_repeatable: bool,
    secrets: Secrets,
    events: Option<EventWriter<KeptEvents>>,
}

/// Why a run with a long input cannot be repeated.
const LARGE_INPUT: &str = "stdin was too long: only its beginning is kept";

impl Keeper {
    /// Begins a record, to which the run adds. If there is none, the run continues without it.
    pub(super) fn begin(options: &mut RunOptions) -> Option<Self> {
        let mut about = About::new(&options.folder);
        about.time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        about.prompt.clone_from(&options.instructions.name);
        let draft = match Draft::begin() {
            Ok(draft) => Arc::new(draft),
            Err(error) => {
                tell(&format_args!("no record of this run is kept: {error}"));
                return None;
            }
        };
        options.kept = Some(Arc::clone(&draft));
        let input = options.input.clone();
        if options.large_input.is_some() {
            draft.lose(LARGE_INPUT);
        }
        let is_repeatable = options.large_input.is_none();
        about.task.clone_from(&options.instructions.task);
        let secrets = Secrets::default();
        let keeping = Keeping { draft, about, input, is_repeatable, secrets, events: None };
        Some(Self(Mutex::new(keeping)))
    }

    /// Ends the record of the run with `result`, which was delivered or not.
    pub(super) fn finish(self, end: &RunEnd<'_>, delivered: Option<&Error>) {
        // The view is removed.
        own_process::release_code();
        let keeping = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        keeping.finish(end, delivered);
    }
}

impl Keeping {
    fn finish(mut self, end: &RunEnd<'_>, delivered: Option<&Error>) {
        let result = end.result;
        let Some(events) = &mut self.events else { return self.draft.discard() };
        // What cannot be kept is reported below.
        let _ = events.end(end);
        let (mut usage, prices) = (events.usage(), events.prices());
        let Self { about, secrets, draft, .. } = &mut self;
        about.duration_ms = u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX);
        let mut patch: &[u8] = &[];
        if let Ok(outcome) = result {
            about.files.clone_from(&outcome.files);
            about.text = secrets.redact(&outcome.text);
            usage = outcome.usage;
            about.connections = outcome.connections.iter().map(|it| it.to_string()).collect();
            patch = &outcome.patch;
        }
        about.usage = usage.into();
        about.cost_micros = prices.map(|prices| prices.cost_micros(usage));
        if let Some(error) = result.as_ref().err().or(delivered) {
            about.exit_code = error.kind().exit_code();
            about.error = Some(secrets.redact(error.message()));
        }
        about.not_kept = draft.lost().map(|why| secrets.redact(&why));
        if let Err(error) = draft.finish(about, patch) {
            tell(&format_args!("the record of this run is not complete: {error}"));
            draft.discard();
        }
    }

    fn start(&mut self, start: &Start<'_>) {
        if self.events.is_none() {
            self.secrets = start.endpoint.secrets();
            self.about.with_others(start.also.iter().copied(), start.base);
            let redacted = |text: &String| self.secrets.redact(text);
            self.about.provider.clone_from(&start.endpoint.name);
            self.about.model.clone_from(&start.endpoint.model);
            self.about.task = redacted(&self.about.task);
            // Without a command line it cannot be repeated.
            let words = std::env::args_os().skip(1).filter(|_| self.is_repeatable);
            self.about.arguments =
                words.map(|word| redacted(&word.to_string_lossy().into_owned())).collect();
            let input = self.input.take().map(|input| redacted(&input));
            if let Err(error) = self.draft.start(&self.about, input.as_deref()) {
                self.draft.lose(&error.to_string());
            }
            let file =
                self.draft.events().map_err(|error| self.draft.lose(&error.to_string())).ok();
            self.events = Some(EventWriter::new(KeptEvents {
                file,
                secrets: self.secrets.clone(),
                draft: Arc::clone(&self.draft),
                tails: BTreeMap::new(),
            }));
        }
    }
}

impl Front for Keeper {
    fn start(&self, start: &Start<'_>) -> Result<()> {
        let mut keeping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keeping.start(start);
        // The writer never fails: see `KeptEvents`.
        keeping.events.as_ref().map_or(Ok(()), |events| events.start(start))
    }

    fn event(&self, event: &RunEvent<'_>) -> Result<()> {
        // A record keeps each call once, whole, as its tape replays it.
        if let RunEvent::Agent { event: AgentEvent::ToolCallDelta(_), .. } = event {
            return Ok(());
        }
        let keeping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keeping.events.as_ref().map_or(Ok(()), |events| events.event(event))
    }
}

/// The events of a record: without keys, and a line at a time, so that a killed process leaves all
/// but its last one. A full disk does not fail the run.
struct KeptEvents {
    file: Option<File>,
    secrets: Secrets,
    draft: Arc<Draft>,
    /// The end of the text of each conversation so far, in which a key may have begun.
    tails: BTreeMap<String, String>,
}

impl KeptEvents {
    /// Whether a key arrived in pieces, the last of which is in `line`.
    fn ends_key(&mut self, line: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Piece<'a> {
            #[serde(borrow)]
            text: Option<std::borrow::Cow<'a, str>>,
            #[serde(borrow)]
            conversation: Option<std::borrow::Cow<'a, str>>,
        }
        let starts =
            [&b"{\"type\":\"text\""[..], b"{\"type\":\"reasoning\"", b"{\"type\":\"refusal\""];
        let Ok(Piece { text, conversation }) = serde_json::from_slice(line) else { return false };
        let tail = self.tails.entry(conversation.unwrap_or_default().into_owned()).or_default();
        let is_text = starts.iter().any(|start| line.starts_with(start));
        let Some(text) = text.filter(|_| is_text) else {
            tail.clear();
            return false;
        };
        tail.push_str(&text);
        let is_in = self.secrets.are_in(tail.as_bytes());
        let from = tail.len().saturating_sub(self.secrets.longest());
        tail.drain(..tail.ceil_char_boundary(from));
        is_in
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if !self.secrets.are_in(line) {
            if !self.ends_key(line) {
                return self.file.as_mut().map_or(Ok(()), |file| file.write_all(line));
            }
            self.draft.lose("the key was in the text of the model, in pieces");
            return self.file.take().map_or(Ok(()), |file| file.set_len(0));
        }
        let line = self.secrets.redact(&String::from_utf8_lossy(line));
        match line.ends_with('\n') {
            true => file.write_all(line.as_bytes()),
            false => file.write_all(b"{\"type\":\"withheld\",\"reason\":\"the key was in it\"}\n"),
        }
    }
}

impl Write for KeptEvents {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.line(line) {
            self.draft.lose(&format!("the events cannot be written: {error}"));
            self.file = None;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
