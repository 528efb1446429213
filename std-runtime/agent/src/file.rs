//! An attached file: an image, a sound, a document. Its bytes are not held in memory: they are read
//! while a request is sent, a piece at a time.

use std::fmt;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use zerostack_core::{Attachment, AttachmentSource, media_type_of};

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

/// Reads the bytes of a file, at any offset and as often as requests need them.
///
/// A closure is one.
pub trait ReadAt: Send + Sync {
    /// Copies bytes from `offset` on to `out`, at least one; returns the number. 0 is the end of
    /// the file.
    ///
    /// # Errors
    /// Whatever prevents reading; the turn ends.
    fn read_at(&self, offset: u32, out: &mut [u8]) -> io::Result<usize>;

    /// Whether reading never blocks. The async agent reads anything else on a separate thread.
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
    /// The file at `path`. It is opened here and read while requests are sent, so the path may
    /// change afterwards, but the content of the file must not.
    ///
    /// # Errors
    /// `Input` if it cannot be read, is not a regular file, or is empty.
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
            return Err(unreadable(&"it is not a regular file"));
        }
        let file = fs::File::open(path).map_err(|error| unreadable(&error))?;
        Self::opened(file, &name)
    }

    /// An open file, with this name.
    ///
    /// # Errors
    /// `Input` if it cannot be read, or is empty.
    pub fn opened(file: fs::File, name: &str) -> Result<Self> {
        let length = file.metadata().map_err(|error| {
            Error::new(ErrorKind::Input, format!("the file {name} cannot be read: {error}"))
        })?;
        Self::of(Arc::new(OnDisk(Mutex::new(file))), length.len(), name)
    }

    /// These bytes, which stay in memory.
    ///
    /// # Errors
    /// `Input` if there are none.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes: Vec<u8> = bytes.into();
        let length = bytes.len() as u64;
        Self::of(Arc::new(InMemory(bytes)), length, "")
    }

    /// A file of this many bytes, read from `reader`.
    ///
    /// # Errors
    /// `Input` if it is empty, or its start cannot be read.
    pub fn reader(reader: impl ReadAt + 'static, bytes: u32) -> Result<Self> {
        Self::of(Arc::new(reader), bytes.into(), "")
    }

    /// A file that the provider fetches: `https://`, `http://` or `gs://`.
    pub fn url(url: impl Into<String>) -> Self {
        let url: String = url.into();
        let media_type = media_type_of(&[], &url).unwrap_or("image/*").to_owned();
        Self { media_type, name: String::new(), tokens: 0, bytes: 0, source: Source::Url(url) }
    }

    /// A file that was uploaded to the provider, which gave it this id.
    pub fn uploaded(id: impl Into<String>, media_type: impl Into<String>) -> Self {
        let (media_type, source) = (media_type.into(), Source::Id(id.into()));
        Self { media_type, name: String::new(), tokens: 0, bytes: 0, source }
    }

    /// Sets its media type, if neither its first bytes nor its name identify it.
    #[must_use]
    pub fn with_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// Its name, as the model reads it. It determines the media type if the first bytes do not.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        if self.media_type.is_empty() {
            let first = self.first_bytes().unwrap_or_default();
            self.media_type = media_type_of(&first, &self.name).unwrap_or_default().to_owned();
        }
        self
    }

    /// Sets the number of tokens that it takes, if you know it.
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

    /// The number of tokens that it takes; 0 if that is not known.
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

    /// Whether it has no bytes on this side, because the provider has it.
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

    /// Passes all its bytes to `out`, a piece at a time.
    ///
    /// # Errors
    /// Whatever prevents reading; those of `out`.
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

    /// Fills `out` with bytes of it.
    ///
    /// # Errors
    /// `Input` if it cannot be read, or its length has changed.
    pub(crate) fn fill(&self, mut offset: u32, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            let count = self.read_at(offset, out).map_err(|error| unread(self, &error))?;
            out = out.get_mut(count..).filter(|_| count > 0).ok_or_else(|| changed(self))?;
            offset = offset.saturating_add(count as u32);
        }
        Ok(())
    }

    /// Whether it has a number and is read on this side.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self.source, Source::Reader(_))
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

    pub(crate) fn core(&self, number: u32) -> Attachment<'_> {
        let source = match &self.source {
            Source::Reader(_) => AttachmentSource::Number(number),
            Source::Url(url) => AttachmentSource::Url(url),
            Source::Id(id) => AttachmentSource::FileId(id),
        };
        let Self { media_type, name, tokens, bytes, .. } = self;
        Attachment { media_type, name, bytes: *bytes, tokens: *tokens, source }
    }

    #[cfg(feature = "async")]
    pub(crate) fn is_read_at_once(&self) -> bool {
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

/// Clones are equal, and so are files that the provider has under one name.
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

/// A file that cannot be read.
pub(crate) fn unread(file: &File, error: &io::Error) -> Error {
    Error::new(ErrorKind::Input, format!("the file {} cannot be read: {error}", file.name))
}

/// The error for a file whose length has changed.
pub(crate) fn changed(file: &File) -> Error {
    let text =
        format!("the file {} changed its length since it was attached: attach it again", file.name);
    Error::new(ErrorKind::Input, text)
}

/// Its form in the core.
const FILE_BYTES_MAX: u32 = 1 << 30;

/// Enough bytes to determine a media type.
const FIRST_BYTES: usize = 16;
