//! Files beside what is said: images, audio, documents. Nothing of them is held: their bytes are read
//! while a request is sent, a piece at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zerostack_core::{
    Attachment, AttachmentSource, ErrorKind as Core, Part, Request, ToolResult, media_type_of,
};

use crate::session::OwnedSession;
use crate::tool::ToolOutput;
use crate::{Error, ErrorKind, Result};

/// A file to send beside a text, or to return from a tool. Clones are one file.
///
/// ```no_run
/// use zerostack_agent::{Agent, File};
///
/// let mut agent = Agent::builder().build()?;
/// let answer = agent.ask_with("What is this?", [File::open("cat.png")?])?;
/// # Ok::<(), zerostack_agent::Error>(())
/// ```
#[derive(Clone)]
pub struct File {
    media_type: String,
    name: String,
    tokens: u32,
    bytes: u32,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Reader(Arc<dyn ReadAt>),
    Url(String),
    Id(String),
}

/// Gives the bytes of a file, at any place and as often as requests need them.
///
/// A closure is one.
pub trait ReadAt: Send + Sync {
    /// Copies bytes from `offset` on to `out`, at least one; returns how many. 0 is the end of the
    /// file.
    ///
    /// # Errors
    /// Whatever keeps it from reading; the turn ends.
    fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize>;

    /// Whether reading waits for nothing. The async agent reads anything else in a thread of its own.
    fn is_in_memory(&self) -> bool {
        false
    }
}

impl<F: Fn(u32, &mut [u8]) -> io::Result<usize> + Send + Sync> ReadAt for F {
    fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize> {
        self(offset, out)
    }
}

impl File {
    /// The file at `path`. It is opened here and read while requests are sent, so what is then at
    /// the path does not matter; what is in the file must stay.
    ///
    /// # Errors
    /// `Input` when it cannot be read, is no regular file, or is empty.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let unreadable = |why: &dyn fmt::Display| {
            let text = format!("the file {} cannot be read: {why}", path.display());
            Error::new(ErrorKind::Input, text)
        };
        // Opening a pipe would wait for a writer.
        let found = fs::metadata(path).map_err(|error| unreadable(&error))?;
        if !found.is_file() {
            return Err(unreadable(&"it is no regular file"));
        }
        let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
        Self::opened(file, &name)
    }

    /// A file that is open, with this name.
    ///
    /// # Errors
    /// `Input` when it cannot be read, or is empty.
    pub fn opened(file: fs::File, name: &str) -> Result<Self> {
        let length = file.metadata().map_err(|error| {
            Error::new(ErrorKind::Input, format!("the file {name} cannot be read: {error}"))
        })?;
        Self::of(Arc::new(OnDisk(Mutex::new(file))), length.len(), name)
    }

    /// These bytes, which stay in memory.
    ///
    /// # Errors
    /// `Input` when there are none.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes: Vec<u8> = bytes.into();
        let length = bytes.len() as u64;
        Self::of(Arc::new(InMemory(bytes)), length, "")
    }

    /// A file of so many bytes that `reader` gives.
    ///
    /// # Errors
    /// `Input` when it is empty, or its start cannot be read.
    pub fn reader(reader: impl ReadAt + 'static, bytes: u32) -> Result<Self> {
        Self::of(Arc::new(reader), bytes.into(), "")
    }

    /// A file that the provider fetches: `https://`, `http://` or `gs://`.
    pub fn url(url: impl Into<String>) -> Self {
        let url: String = url.into();
        let media_type = media_type_of(&[], &url).unwrap_or("image/*").to_owned();
        Self { media_type, name: String::new(), tokens: 0, bytes: 0, source: Source::Url(url) }
    }

    /// A file that was uploaded to the provider, which calls it by this id.
    pub fn uploaded(id: impl Into<String>, media_type: impl Into<String>) -> Self {
        let (media_type, source) = (media_type.into(), Source::Id(id.into()));
        Self { media_type, name: String::new(), tokens: 0, bytes: 0, source }
    }

    /// Its media type, where neither its first bytes nor its name tell it.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// Its name, as the model reads it. It gives the media type where the first bytes do not.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        if self.media_type.is_empty() {
            let first = self.first_bytes().unwrap_or_default();
            self.media_type = media_type_of(&first, &self.name).unwrap_or_default().to_owned();
        }
        self
    }

    /// What it takes of the model's context, if you know.
    #[must_use]
    pub fn with_tokens(mut self, tokens: u32) -> Self {
        self.tokens = tokens;
        self
    }

    /// Its media type; empty if it is not known.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Its name; may be empty.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it takes of the model's context; 0 if that is not known.
    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The address from which the provider fetches it, or the provider's id of it.
    pub fn address(&self) -> Option<&str> {
        match &self.source {
            Source::Reader(_) => None,
            Source::Url(address) | Source::Id(address) => Some(address),
        }
    }

    /// Its length; 0 if the provider has it.
    pub fn len(&self) -> u32 {
        self.bytes
    }

    /// Whether nothing of it is here, because the provider has it.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Copies bytes of it, as [`ReadAt::read_at`].
    ///
    /// # Errors
    /// As there; a file that the provider has cannot be read.
    pub fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize> {
        match &self.source {
            Source::Reader(reader) => reader.read_at(offset, out),
            Source::Url(_) | Source::Id(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "the provider has it"))
            }
        }
    }

    /// Gives all bytes of it to `out`, a piece at a time.
    ///
    /// # Errors
    /// Whatever keeps it from being read; those of `out`.
    pub fn in_pieces(&self, out: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (mut at, mut buffer) = (0, [0; 16 * 1024]);
        loop {
            let count = self.read_at(at, &mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            out(buffer.get(..count).unwrap_or_default())?;
            at += count as u32;
        }
    }

    fn of(reader: Arc<dyn ReadAt>, length: u64, name: &str) -> Result<Self> {
        let refused = |why: &str| {
            let called = if name.is_empty() { "without a name" } else { name };
            Error::new(ErrorKind::Input, format!("the file {called} cannot be sent: {why}"))
        };
        let bytes = u32::try_from(length).ok().filter(|bytes| *bytes <= FILE_BYTES_MAX);
        let bytes = bytes.ok_or_else(|| refused("it is longer than 1 GiB"))?;
        if bytes == 0 {
            return Err(refused("it is empty"));
        }
        let source = Source::Reader(reader);
        let media_type = String::new();
        let file = Self { media_type, name: String::new(), tokens: 0, bytes, source };
        let first = file.first_bytes().map_err(|error| refused(&error.to_string()))?;
        let media_type = media_type_of(&first, "").unwrap_or_default();
        Ok(Self { media_type: media_type.to_owned(), ..file }.with_name(name))
    }

    fn first_bytes(&self) -> io::Result<Vec<u8>> {
        let mut first = vec![0; FIRST_BYTES.min(self.bytes as usize)];
        let mut filled = 0;
        while let Some(rest) = first.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_at(filled as u32, rest)? {
                0 => break,
                count => filled += count,
            }
        }
        first.truncate(filled);
        Ok(first)
    }

    fn core(&self, number: u32) -> Attachment<'_> {
        let source = match &self.source {
            Source::Reader(_) => AttachmentSource::Number(number),
            Source::Url(url) => AttachmentSource::Url(url),
            Source::Id(id) => AttachmentSource::FileId(id),
        };
        let Self { media_type, name, tokens, bytes, .. } = self;
        Attachment { media_type, name, bytes: *bytes, tokens: *tokens, source }
    }

    #[cfg(feature = "async")]
    fn is_read_at_once(&self) -> bool {
        matches!(&self.source, Source::Reader(reader) if reader.is_in_memory())
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("media_type", &self.media_type)
            .field("name", &self.name)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Equal are clones, and files that the provider has under one name.
impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        let is_same = match (&self.source, &other.source) {
            (Source::Reader(one), Source::Reader(other)) => Arc::ptr_eq(one, other),
            (Source::Url(one), Source::Url(other)) | (Source::Id(one), Source::Id(other)) => {
                one == other
            }
            _ => false,
        };
        is_same && self.core(0) == other.core(0)
    }
}

impl Eq for File {}

struct InMemory(Vec<u8>);

impl ReadAt for InMemory {
    fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize> {
        let mut rest = self.0.get(offset as usize..).unwrap_or_default();
        rest.read(out)
    }

    fn is_in_memory(&self) -> bool {
        true
    }
}

/// An open file. The lock is for its position, which all clones share.
struct OnDisk(Mutex<fs::File>);

impl ReadAt for OnDisk {
    fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset.into()))?;
        loop {
            match file.read(out) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

/// The files of a conversation, by the numbers that its transcript has for them.
#[derive(Debug, Clone, Default)]
pub struct Files {
    by_number: BTreeMap<u32, File>,
}

impl Files {
    /// A conversation without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the file of a conversation that was saved: `number` is the one that its transcript has
    /// for it.
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

    /// The user says `text` with `given` beside it.
    ///
    /// # Errors
    /// `Input` for a file of no known media type, `Configuration` for one that the dialect has no
    /// place for, `Limit` when the conversation is full, `Usage` when a turn is open; nothing was
    /// said.
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
                Error::new(ErrorKind::Usage, "a turn is open: resume() goes on with it")
            }
            _ => unsent(session, given, error),
        })?;
        Ok(self.keep(given, numbers))
    }

    /// Answers a call. The model is told of files that it cannot be sent; `output` is then what it was
    /// told. Returns the bytes that were left out of the middle, and the numbers of the files.
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

    /// Whether all bytes that a request needs can be read, and files are as long as they were.
    ///
    /// # Errors
    /// `Input`, with the name of the file that cannot be sent. Nothing is on its way yet.
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
    /// `Input` when it cannot be read, or is not as long as it was.
    pub fn read(&self, number: u32, offset: u32, out: &mut [u8]) -> Result<()> {
        match self.by_number.get(&number) {
            Some(file) => file.fill(offset, out),
            None => Err(Error::new(ErrorKind::Input, no_file(number))),
        }
    }

    /// So many bytes of a file, read where they keep nobody waiting.
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

    /// Adds the whole body of `request` to `body`, with the bytes of files where it needs them.
    ///
    /// # Errors
    /// `Input` when a file cannot be read, or is not as long as it was.
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
        if let Some(unknown) = given.iter().find(|file| file.media_type.is_empty()) {
            let text = format!(
                "neither the first bytes nor the name of the file {} tell what it is; give its media \
                 type, or send its text",
                unknown.name
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
            if let Source::Reader(_) = file.source {
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

impl File {
    /// Fills `out` with bytes of it.
    ///
    /// # Errors
    /// `Input` when it cannot be read, or is not as long as it was.
    pub(crate) fn fill(&self, mut offset: u32, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            let count = self.read_at(offset, out).map_err(|error| unread(self, &error))?;
            out = out.get_mut(count..).filter(|_| count > 0).ok_or_else(|| changed(self))?;
            offset = offset.saturating_add(count as u32);
        }
        Ok(())
    }
}

/// The model is told what each file was of which the caller has the bytes.
///
/// # Errors
/// `Usage` in a step in which a request was sent or calls are open.
pub(crate) fn leave_out(session: &mut OwnedSession) -> Result<usize> {
    session.leave_out_attachments().map_err(|error| match error.kind() {
        Core::WrongStep => Error::new(
            ErrorKind::Usage,
            "a reply is received or calls are open: end the turn first",
        ),
        _ => error.into(),
    })
}

/// The attachments of the transcript whose bytes are here, as far as they are sent.
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

/// Why files were not added, with the name of the one that cannot be.
fn unsent(session: &OwnedSession, given: &[File], error: zerostack_core::Error) -> Error {
    let Some(file) = given.get(error.detail() as usize).filter(|_| is_refused(error)) else {
        return error.into();
    };
    let called = match (&file.source, file.name.as_str()) {
        (Source::Url(url) | Source::Id(url), "") => url,
        (_, "") => "without a name",
        (_, name) => name,
    };
    let media_type = &file.media_type;
    let text = match error.kind() {
        Core::UnsupportedAttachment => {
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

fn unread(file: &File, error: &io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("the file {} cannot be read: {error}", file.name))
}

fn changed(file: &File) -> Error {
    let text =
        format!("the file {} changed its length since it was attached: attach it anew", file.name);
    Error::new(ErrorKind::Input, text)
}

/// As the core has it.
const FILE_BYTES_MAX: u32 = 1 << 30;

/// As many as tell a media type.
const FIRST_BYTES: usize = 16;
