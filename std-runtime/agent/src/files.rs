//! The files of a conversation, and their bytes while a request is sent.

use std::collections::BTreeMap;
use std::io::{self, Read};

use zerostack_core::{
    Attachment, AttachmentForm, AttachmentSource, ErrorKind as Core, Part, Request, ToolResult,
};

use crate::file::{File, changed, unread};
use crate::session::OwnedSession;
use crate::tool::ToolOutput;
use crate::{Error, ErrorKind, Result};

/// The files of a conversation, by the numbers that its transcript has for them.
#[derive(Debug, Clone, Default)]
pub struct Files {
    by_number: BTreeMap<u32, File>,
    /// Those of the last text, as people call them.
    said: Vec<String>,
}

impl Files {
    /// A conversation without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the file of a saved conversation: `number` is its number in the transcript.
    pub fn insert(&mut self, number: u32, file: File) {
        self.by_number.insert(number, file);
    }

    /// All of them, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &File)> {
        self.by_number.iter().map(|(number, file)| (*number, file))
    }

    /// The file with this number.
    pub fn file(&self, number: u32) -> Option<&File> {
        self.by_number.get(&number)
    }

    /// Adds the user's `text` with the files of `given`.
    ///
    /// # Errors
    /// `Input` for a file of no known media type, `Configuration` for one that the dialect does not
    /// accept, `Limit` if the conversation is full, `Usage` if a turn is open; nothing was added.
    pub fn say(
        &mut self,
        session: &mut OwnedSession,
        text: &str,
        given: &[File],
    ) -> Result<Vec<u32>> {
        let numbers = self.numbers(session, given)?;
        let attachments = attachments(given, &numbers);
        let said = match attachments.is_empty() {
            true => session.user(text),
            false => session.user_with(text, &attachments),
        };
        said.map_err(|error| match error.kind() {
            Core::WrongStep => {
                Error::new(ErrorKind::Usage, "a turn is open: continue it with resume()")
            }
            _ => unsent(session, given, error),
        })?;
        self.said = given.iter().map(|file| called(file).to_owned()).collect();
        Ok(self.keep(given, numbers))
    }

    /// The files of the last text, by their names.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// Answers a call. Files that cannot be sent are described to the model instead, and `output` is
    /// then that text. Returns the bytes that were left out of the middle, and the numbers of the files.
    pub(crate) fn answer(
        &mut self,
        session: &mut OwnedSession,
        id: zerostack_core::CallId,
        output: &mut ToolOutput,
    ) -> Result<(u32, Vec<u32>), zerostack_core::Error> {
        if !output.files.is_empty() {
            let numbers = self.numbers(session, &output.files);
            let answered = numbers.and_then(|numbers| {
                let ToolOutput { content, is_error, files, .. } = &*output;
                let attachments = attachments(files, &numbers);
                let result = ToolResult { id, content, is_error: *is_error };
                match session.tool_result_with(result, &attachments) {
                    Err(error) if is_refused(error) => Err(unsent(session, files, error)),
                    answered => Ok((numbers, answered)),
                }
            });
            match answered {
                Ok((numbers, answered)) => {
                    let left_out = answered?;
                    return Ok((left_out, self.keep(&output.files, numbers)));
                }
                Err(why) => {
                    let told = format!("{}\n[{why}]", output.content);
                    *output = ToolOutput::error(told.trim_start());
                }
            }
        }
        let result = ToolResult { id, content: &output.content, is_error: output.is_error };
        session.tool_result(result).map(|left_out| (left_out, Vec::new()))
    }

    /// Checks that all bytes that a request needs can be read, and that no file changed its length.
    ///
    /// # Errors
    /// `Input`, with the name of the file that cannot be sent. Nothing was sent yet.
    pub fn check(&self, session: &OwnedSession) -> Result<()> {
        for attachment in numbered(session).filter(|it| session.takes_attachment(it)) {
            let AttachmentSource::Number(number) = attachment.source else { continue };
            let file = self.by_number.get(&number).ok_or_else(|| missing(&attachment, number))?;
            let last = attachment.bytes.saturating_sub(1);
            let is_whole = file.read_at(last, &mut [0]).map_err(|error| unread(file, &error))? == 1
                && file.read_at(attachment.bytes, &mut [0]).is_ok_and(|more| more == 0);
            if !is_whole {
                return Err(changed(file));
            }
        }
        Ok(())
    }

    /// Fills `out` with bytes of a file, from `offset` on.
    ///
    /// # Errors
    /// `Input` if it cannot be read, or its length has changed.
    pub fn read(&self, number: u32, offset: u32, out: &mut [u8]) -> Result<()> {
        match self.by_number.get(&number) {
            Some(file) => file.fill(offset, out),
            None => Err(Error::new(ErrorKind::Input, no_file(number))),
        }
    }

    /// Reads this many bytes of a file without blocking the caller's thread.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[cfg(feature = "async")]
    pub(crate) async fn read_async(
        &self,
        number: u32,
        offset: u32,
        count: usize,
    ) -> Result<Vec<u8>> {
        let file = self.by_number.get(&number).cloned();
        let file = file.ok_or_else(|| Error::new(ErrorKind::Input, no_file(number)))?;
        let is_read_at_once = file.is_read_at_once();
        let read = move || {
            let mut bytes = vec![0; count];
            file.fill(offset, &mut bytes).map(|()| bytes)
        };
        if is_read_at_once {
            return read();
        }
        let failed =
            |error| Error::new(ErrorKind::Internal, format!("a file was not read: {error}"));
        tokio::task::spawn_blocking(read).await.map_err(failed)?
    }

    /// Appends the whole body of `request` to `body`, with the bytes of files where it needs them.
    ///
    /// # Errors
    /// `Input` if a file cannot be read, or its length has changed.
    pub fn read_body(&self, request: Request<'_>, body: &mut Vec<u8>) -> Result<()> {
        let mut source = self.body(request);
        match source.read_to_end(body) {
            Ok(_) => Ok(()),
            Err(error) => {
                let other = || Error::new(ErrorKind::Internal, error.to_string());
                Err(source.failure().unwrap_or_else(other))
            }
        }
    }

    /// The body of `request`, with the bytes of files where it needs them.
    pub(crate) fn body<'a>(&'a self, request: Request<'a>) -> RequestBody<'a> {
        RequestBody { request, files: self, failure: None }
    }

    fn numbers(&self, session: &OwnedSession, given: &[File]) -> Result<Vec<u32>> {
        if given.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(unknown) = given.iter().find(|file| file.media_type().is_empty()) {
            let text = format!(
                "neither the first bytes nor the name of the file {} tell what it is; give its media \
                 type, or send its text",
                unknown.name()
            );
            return Err(Error::new(ErrorKind::Input, text));
        }
        let of = |attachment: Attachment<'_>| match attachment.source {
            AttachmentSource::Number(number) => number.checked_add(1),
            _ => None,
        };
        let here = self.by_number.keys().next_back().map_or(0, |last| last.saturating_add(1));
        let first = numbered(session).filter_map(of).max().unwrap_or(0).max(here);
        Ok((first..).take(given.len()).collect())
    }

    fn keep(&mut self, given: &[File], numbers: Vec<u32>) -> Vec<u32> {
        for (file, number) in given.iter().zip(&numbers) {
            if file.is_here() {
                self.by_number.insert(*number, file.clone());
            }
        }
        numbers
    }
}

/// The body of a request, as a stream.
pub(crate) struct RequestBody<'a> {
    request: Request<'a>,
    files: &'a Files,
    failure: Option<Error>,
}

impl RequestBody<'_> {
    /// Why it broke off.
    pub(crate) fn failure(self) -> Option<Error> {
        self.failure
    }
}

impl Read for RequestBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { request, files, failure } = self;
        let mut reader = |number: u32, offset: u32, out: &mut [u8]| {
            let file = files.by_number.get(&number)?;
            file.read_at(offset, out).map_err(|error| *failure = Some(unread(file, &error))).ok()
        };
        request.read_from(buffer, &mut reader).map_err(|error| {
            let number = error.detail();
            let why = match (files.by_number.get(&number), failure.take()) {
                (_, Some(why)) => why,
                (Some(file), None) => changed(file),
                (None, None) => Error::new(ErrorKind::Input, no_file(number)),
            };
            let text = why.to_string();
            *failure = Some(why);
            io::Error::other(text)
        })
    }
}

/// Replaces each file whose bytes the caller has by a description for the model.
///
/// # Errors
/// `Usage` if a request was sent or calls are open.
pub(crate) fn leave_out(session: &mut OwnedSession) -> Result<usize> {
    session.leave_out_attachments().map_err(|error| match error.kind() {
        Core::WrongStep => Error::new(
            ErrorKind::Usage,
            "a reply is being received or calls are open: end the turn first",
        ),
        _ => error.into(),
    })
}

/// The attachments of the transcript that are sent and whose bytes are on this side.
fn numbered(session: &OwnedSession) -> impl Iterator<Item = Attachment<'_>> {
    session.transcript().entries().filter_map(|entry| match entry.part {
        Part::Attachment(attachment) if !entry.is_cut => {
            matches!(attachment.source, AttachmentSource::Number(_)).then_some(attachment)
        }
        _ => None,
    })
}

fn attachments<'a>(given: &'a [File], numbers: &[u32]) -> Vec<Attachment<'a>> {
    given.iter().zip(numbers).map(|(file, number)| file.core(*number)).collect()
}

fn is_refused(error: zerostack_core::Error) -> bool {
    matches!(error.kind(), Core::BadAttachment | Core::UnsupportedAttachment)
}

/// The error of files that were not added, with the name of the one at fault.
fn unsent(session: &OwnedSession, given: &[File], error: zerostack_core::Error) -> Error {
    let Some(file) = given.get(error.detail() as usize).filter(|_| is_refused(error)) else {
        return error.into();
    };
    let (called, media_type) = (called(file), file.media_type());
    let text = match (error.kind(), session.profile().attachments) {
        (
            Core::UnsupportedAttachment,
            Some(form @ (AttachmentForm::Images | AttachmentForm::None)),
        ) => {
            let all = match form {
                AttachmentForm::Images => "images alone",
                _ => "no attachments",
            };
            format!(
                "the file {called} is {media_type}, and {} takes {all} (attachments of its profile); \
                 leave it out, or use a model that takes it",
                session.config().model
            )
        }
        (Core::UnsupportedAttachment, _) => {
            let dialect = session.config().dialect.name();
            format!(
                "the file {called} is {media_type}, and {dialect} has no place for it; convert it, \
                 or use a model of another API"
            )
        }
        _ => format!(
            "the file {called} cannot be sent: its media type {media_type:?}, its name or its \
             address is not usable; correct it"
        ),
    };
    Error::new(Error::from(error).kind(), text)
}

/// What people call it.
fn called(file: &File) -> &str {
    match (file.address(), file.name()) {
        (Some(address), "") => address,
        (None, "") => "without a name",
        (_, name) => name,
    }
}

fn missing(attachment: &Attachment<'_>, number: u32) -> Error {
    let text = match attachment.name {
        "" => no_file(number),
        name => format!("{} ({name})", no_file(number)),
    };
    Error::new(ErrorKind::Input, text)
}

fn no_file(number: u32) -> String {
    format!(
        "the conversation goes on without the file of attachment {number}: give it, or go on \
         without it by leave_out_attachments()"
    )
}
