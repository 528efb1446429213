//! What is kept of a run beside its result: its events, for `show` and `replay`, and how it ended.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use crate::agent::AgentEvent;
use crate::command::print::tell;
use crate::provider::Secrets;
use crate::record::About;
use crate::run::events::EventWriter;
use crate::run::{AttemptEnd, CheckEnd, Draft, Observer, Outcome, RunOptions, Start};
use crate::{Error, Result};

/// The record of a run under way.
pub(super) struct Keeper {
    draft: Arc<Draft>,
    about: About,
    input: Option<String>,
    secrets: Secrets,
    events: Option<EventWriter<KeptEvents>>,
    started: Instant,
}

impl Keeper {
    /// Begins a record of the run, which the run adds to. Without one the run goes on.
    pub(super) fn begin(options: &mut RunOptions) -> Option<Self> {
        let mut about = About::new(&options.folder);
        about.time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        about.prompt.clone_from(&options.instructions.name);
        let draft = match Draft::begin(&about) {
            Ok(draft) => Arc::new(draft),
            Err(error) => {
                tell(&format_args!("no record of this run is kept: {error}"));
                return None;
            }
        };
        options.kept = Some(Arc::clone(&draft));
        let input = options.input.clone();
        about.task.clone_from(&options.instructions.task);
        let started = Instant::now();
        Some(Self { draft, about, input, secrets: Secrets::default(), events: None, started })
    }

    /// The run has ended with `result`, and its result was handed over or not.
    pub(super) fn finish(mut self, result: &Result<Outcome>, delivered: Option<&Error>) {
        let Some(events) = &mut self.events else { return self.draft.discard() };
        // What cannot be kept is told below.
        let _ = events.result(result);
        let (mut usage, prices) = (events.usage(), events.prices());
        let Self { about, secrets, draft, started, .. } = &mut self;
        about.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
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

    fn each(&mut self, write: impl FnOnce(&mut EventWriter<KeptEvents>) -> Result<()>) {
        if let Some(events) = &mut self.events {
            // The writer never fails: see `KeptEvents`.
            let _ = write(events);
        }
    }
}

impl Observer for Keeper {
    fn start(&mut self, start: &Start<'_>) -> Result<()> {
        if self.events.is_none() {
            self.secrets = start.endpoint.secrets();
            let redacted = |text: &String| self.secrets.redact(text);
            self.about.provider.clone_from(&start.endpoint.name);
            self.about.model.clone_from(&start.endpoint.model);
            self.about.task = redacted(&self.about.task);
            let words = std::env::args_os().skip(1);
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
                tail: String::new(),
            }));
        }
        self.each(|events| events.start(start));
        Ok(())
    }

    fn checked(&mut self, end: &CheckEnd) -> Result<()> {
        self.each(|events| events.checked(end));
        Ok(())
    }

    fn attempt(&mut self, end: &AttemptEnd) -> Result<()> {
        self.each(|events| events.attempt(end));
        Ok(())
    }

    fn event(&mut self, event: &AgentEvent) -> Result<()> {
        self.each(|events| events.event(event));
        Ok(())
    }

    fn child_event(&mut self, parent: &str, event: &AgentEvent) -> Result<()> {
        self.each(|events| events.child_event(parent, event));
        Ok(())
    }
}

/// The events of a record: without keys, and a line at a time, so that a process that is killed
/// leaves all but its last one. A full disk is no error of the run.
struct KeptEvents {
    file: Option<File>,
    secrets: Secrets,
    draft: Arc<Draft>,
    /// The end of the texts so far, in which a key may have begun.
    tail: String,
}

impl KeptEvents {
    /// Whether a key came in pieces, the last of which is in `line`.
    fn ends_key(&mut self, line: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Piece<'a> {
            #[serde(borrow)]
            text: std::borrow::Cow<'a, str>,
        }
        let starts =
            [&b"{\"type\":\"text\""[..], b"{\"type\":\"reasoning\"", b"{\"type\":\"refusal\""];
        if !starts.iter().any(|start| line.starts_with(start)) {
            self.tail.clear();
            return false;
        }
        let Ok(Piece { text }) = serde_json::from_slice(line) else { return false };
        self.tail.push_str(&text);
        let is_in = self.secrets.are_in(self.tail.as_bytes());
        let from = self.tail.len().saturating_sub(self.secrets.longest());
        self.tail.drain(..self.tail.ceil_char_boundary(from));
        is_in
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        if !self.secrets.are_in(line) {
            if !self.ends_key(line) {
                return self.file.as_mut().map_or(Ok(()), |file| file.write_all(line));
            }
            self.draft.lose("the key was in the texts of the model, in pieces");
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
