//! Attachments, and the body of a request that has them.

use std::sync::{Arc, Mutex, PoisonError};

use zerostack_core::{
    Attachment as CoreAttachment, AttachmentSource as CoreSource, CallId, RequestPlace, ToolResult,
};

use crate::session::{Request, Session};
use crate::{ErrorKind, Fault, ZerostackError};

/// A file attached to a user's text or a tool's result. The transcript has these fields, and never
/// the bytes of the file: they are pulled while a request is written, see [`RequestBody`].
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Record)]
pub struct Attachment {
    /// Its media type, `image/png`.
    pub media_type: String,
    /// Its name; may be empty. 255 bytes at most.
    pub name: String,
    /// Its length; 0 where it is not known because the provider has the bytes.
    pub bytes: u32,
    /// Its size in tokens; 0: by the rule of the dialect.
    pub tokens: u32,
    /// Where the bytes are.
    pub source: AttachmentSource,
}

/// Where the bytes of an attachment are.
#[derive(Clone, PartialEq, Eq, Debug, uniffi::Enum)]
pub enum AttachmentSource {
    /// The caller has them, and knows them by this number.
    Number {
        /// The caller's own.
        number: u32,
    },
    /// The provider fetches them.
    Url {
        /// `https://`, `http://` or `gs://`.
        url: String,
    },
    /// They were uploaded to the provider.
    FileId {
        /// The provider's name of them.
        id: String,
    },
}

/// Bytes of an attachment that a request needs next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, uniffi::Record)]
pub struct WantedBytes {
    /// The number of the attachment.
    pub number: u32,
    /// Where in the file they begin.
    pub offset: u32,
    /// Its bytes from there to its end.
    pub bytes: u32,
}

/// A request whose body is read a piece at a time.
#[derive(Clone, Debug, uniffi::Record)]
pub struct BegunRequest {
    /// Method, path and headers; its `body` is empty.
    pub head: Request,
    /// The body.
    pub body: Arc<RequestBody>,
}

/// The body of a request that is read a piece at a time, with the bytes of attachments where it
/// needs them: `read` until it returns nothing, then `supply` what is `wanted`, and repeat; when nothing
/// is wanted either, that was the end. Nothing of a file is kept.
#[derive(Debug, uniffi::Object)]
pub struct RequestBody {
    session: Arc<Session>,
    /// The state of its session.
    changes: u64,
    length: u64,
    place: Mutex<Option<RequestPlace>>,
}

#[uniffi::export]
impl Session {
    /// Adds the user's text with files beside it, and starts a turn. Their bytes stay with the
    /// caller: `begin_request` asks for them.
    ///
    /// # Errors
    /// `BadAttachment`, `UnsupportedAttachment`; `detail` is the place of the attachment; and as `user`.
    pub fn user_with(
        &self,
        text: String,
        attachments: Vec<Attachment>,
    ) -> Result<(), ZerostackError> {
        let attachments: Vec<_> = attachments.iter().map(Attachment::core).collect();
        Ok(self.change().user_with(&text, &attachments)?)
    }

    /// Whether the dialect and the model accept such a file.
    pub fn takes_attachment(&self, attachment: Attachment) -> bool {
        self.lock().takes_attachment(&attachment.core())
    }

    /// Continues without the bytes of the caller's files: requests describe them in text instead.
    /// Returns how many there are.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn leave_out_attachments(&self) -> Result<u32, ZerostackError> {
        let count = self.change().leave_out_attachments()?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The head of this step's request, with an empty body, and the body to be read a piece at a
    /// time, with the bytes of attachments.
    ///
    /// # Errors
    /// `WrongStep`.
    pub fn begin_request(self: Arc<Self>) -> Result<BegunRequest, ZerostackError> {
        let (head, body) = RequestBody::of(self)?;
        Ok(BegunRequest { head, body: Arc::new(body) })
    }

    /// Answers a call with files beside the content, as `tool_result`.
    ///
    /// # Errors
    /// `BadAttachment`, `UnsupportedAttachment`: nothing was added; and as `tool_result`.
    pub fn tool_result_with(
        &self,
        id: u32,
        content: String,
        is_error: bool,
        attachments: Vec<Attachment>,
    ) -> Result<u32, ZerostackError> {
        let attachments: Vec<_> = attachments.iter().map(Attachment::core).collect();
        let id = CallId::from_number(id);
        let result = ToolResult { id, content: &content, is_error };
        Ok(self.change().tool_result_with(result, &attachments)?)
    }
}

#[uniffi::export]
impl RequestBody {
    /// Bytes of all of it.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, `most` of them or fewer; nothing at the end, or where bytes are `wanted`.
    ///
    /// # Errors
    /// `WrongStep` if the session has changed since.
    pub fn read(&self, most: u32) -> Result<Vec<u8>, ZerostackError> {
        self.with(|request| {
            let mut bytes = vec![0; most.min(PIECE_BYTES_MAX) as usize];
            let count = request.read(&mut bytes);
            bytes.truncate(count);
            Ok(bytes)
        })
    }

    /// The next bytes, if they are those of an attachment.
    ///
    /// # Errors
    /// As `read`.
    pub fn wanted(&self) -> Result<Option<WantedBytes>, ZerostackError> {
        self.with(|request| {
            Ok(request.wanted().map(|it| WantedBytes {
                number: it.number,
                offset: it.offset,
                bytes: it.bytes,
            }))
        })
    }

    /// The body's encoding of these wanted bytes: all of them to the end of the file, or the first
    /// of them, at least three.
    ///
    /// # Errors
    /// `AttachmentLength` for none, for less than three that are not the last, and for more than are
    /// wanted: the file does not have its declared length. And as `read`.
    pub fn supply(&self, bytes: &[u8]) -> Result<Vec<u8>, ZerostackError> {
        self.with(|request| {
            let number = request.wanted().map_or(u32::MAX, |it| it.number);
            let left = request.wanted().map_or(0, |it| it.bytes as usize);
            let is_end = bytes.len() == left;
            if bytes.is_empty() || bytes.len() > left || (bytes.len() < GROUP_BYTES && !is_end) {
                return Err(wrong_length(number));
            }
            // Whole groups, so that what is left over is asked for again.
            let used = if is_end { bytes.len() } else { bytes.len() - bytes.len() % GROUP_BYTES };
            let mut letters = vec![0; used.div_ceil(GROUP_BYTES) * LETTERS];
            let count = request.supply(bytes.get(..used).unwrap_or_default(), &mut letters);
            letters.truncate(count);
            Ok(letters)
        })
    }
}

impl RequestBody {
    /// The body of the request that is due in `session`, and the rest of that request.
    pub(crate) fn of(session: Arc<Session>) -> Result<(Request, Self), ZerostackError> {
        let (head, length, changes) = {
            let (core, changes) = session.look();
            let request = core.request_with_attachments()?;
            (Request::head(&request), request.body_len() as u64, changes)
        };
        Ok((head, Self { session, changes, length, place: Mutex::new(None) }))
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut zerostack_core::Request<'_>) -> Result<T, ZerostackError>,
    ) -> Result<T, ZerostackError> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let (core, changes) = self.session.look();
        let request = core.request_with_attachments()?;
        if changes != self.changes {
            return Err(ZerostackError::Core { fault: gone_on() });
        }
        let mut request = match *place {
            Some(place) => request.read_to(place),
            None => request,
        };
        let done = act(&mut request)?;
        *place = Some(request.place());
        Ok(done)
    }
}

/// The media type of a file, from its first bytes (16 are enough) and its name; nothing if neither
/// identifies it.
#[uniffi::export]
#[must_use]
pub fn media_type_of(first: &[u8], name: &str) -> Option<String> {
    zerostack_core::media_type_of(first, name).map(str::to_owned)
}

impl Attachment {
    pub(crate) fn core(&self) -> CoreAttachment<'_> {
        let source = match &self.source {
            AttachmentSource::Number { number } => CoreSource::Number(*number),
            AttachmentSource::Url { url } => CoreSource::Url(url),
            AttachmentSource::FileId { id } => CoreSource::FileId(id),
        };
        let Self { media_type, name, bytes, tokens, .. } = self;
        CoreAttachment { media_type, name, bytes: *bytes, tokens: *tokens, source }
    }
}

impl From<CoreAttachment<'_>> for Attachment {
    fn from(core: CoreAttachment<'_>) -> Self {
        Self {
            media_type: core.media_type.to_owned(),
            name: core.name.to_owned(),
            bytes: core.bytes,
            tokens: core.tokens,
            source: match core.source {
                CoreSource::Number(number) => AttachmentSource::Number { number },
                CoreSource::Url(url) => AttachmentSource::Url { url: url.to_owned() },
                CoreSource::FileId(id) => AttachmentSource::FileId { id: id.to_owned() },
            },
        }
    }
}

fn wrong_length(number: u32) -> ZerostackError {
    let kind = zerostack_core::ErrorKind::AttachmentLength;
    ZerostackError::Core {
        fault: Fault {
            kind: ErrorKind::AttachmentLength,
            code: kind as u8,
            detail: number,
            message: format!(
                "attachment {number} does not have its declared length: attach the file again"
            ),
        },
    }
}

fn gone_on() -> Fault {
    Fault {
        kind: ErrorKind::WrongStep,
        code: zerostack_core::ErrorKind::WrongStep as u8,
        detail: 1,
        message: "the session has changed since the request was begun: begin it again".to_owned(),
    }
}

/// Bytes that one letter group of base64 holds, and its letters.
const GROUP_BYTES: usize = 3;
const LETTERS: usize = 4;

/// Bytes that are read at once, whatever is asked for.
const PIECE_BYTES_MAX: u32 = 1 << 20;
