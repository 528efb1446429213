//! The attachments of a message: images, audio, documents and other files.

/// A file beside a user's text or a tool's result.
///
/// The transcript holds what is here, and never the bytes of the file: they are pulled from the
/// caller while a request is written, see [`crate::Request::wanted`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attachment<'a> {
    /// Its media type, `image/png`. It decides the [`kind`](Self::kind). If the provider fetches
    /// the bytes itself, the subtype may be unknown: `image/*`.
    pub media_type: &'a str,
    /// The name of the file; may be empty. 255 bytes at most.
    pub name: &'a str,
    /// The length of the file; 0 where it is not known because the provider has the bytes.
    pub bytes: u32,
    /// Its size in tokens; 0: by the rule of the dialect, which knows neither pixels nor pages, and
    /// is corrected by the provider's own count.
    pub tokens: u32,
    /// Where the bytes are.
    pub source: AttachmentSource<'a>,
}

/// Where the bytes of an [`Attachment`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "an embedder handles each source")]
pub enum AttachmentSource<'a> {
    /// The caller has them, and knows them by this number.
    Number(u32),
    /// The provider fetches them from this address.
    Url(&'a str),
    /// They were uploaded to the provider, which calls them by this id.
    FileId(&'a str),
}

/// The kind of an [`Attachment`], from its media type.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum AttachmentKind {
    /// `image/...`
    Image = 1,
    /// `audio/...`
    Audio = 2,
    /// `video/...`
    Video = 3,
    /// `application/pdf`
    Document = 4,
    /// Anything else.
    File = 5,
}

impl<'a> Attachment<'a> {
    /// A file of the caller's.
    #[must_use]
    pub const fn new(number: u32, media_type: &'a str, bytes: u32) -> Self {
        let source = AttachmentSource::Number(number);
        Self { media_type, name: "", bytes, tokens: 0, source }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AttachmentKind {
        AttachmentKind::of(self.media_type)
    }
}

impl AttachmentKind {
    /// The kind of files with this media type.
    #[must_use]
    pub fn of(media_type: &str) -> Self {
        let known = KINDS.iter().find(|(start, _)| media_type.starts_with(start));
        match known {
            Some((start, Self::Document)) if media_type.len() > start.len() => Self::File,
            Some((_, kind)) => *kind,
            None => Self::File,
        }
    }

    /// The name in JSON output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
            Self::File => "file",
        }
    }
}

/// The beginnings of media types; that of a document is the whole.
static KINDS: [(&str, AttachmentKind); 4] = [
    ("image/", AttachmentKind::Image),
    ("audio/", AttachmentKind::Audio),
    ("video/", AttachmentKind::Video),
    ("application/pdf", AttachmentKind::Document),
];

#[cfg(test)]
mod tests {
    use super::AttachmentKind as Kind;

    #[test]
    fn the_media_type_decides() {
        for (media_type, kind) in [
            ("image/png", Kind::Image),
            ("image/", Kind::Image),
            ("image", Kind::File),
            ("audio/wav", Kind::Audio),
            ("video/*", Kind::Video),
            ("application/pdf", Kind::Document),
            ("application/pdfx", Kind::File),
            ("application/pd", Kind::File),
            ("text/plain", Kind::File),
            ("", Kind::File),
        ] {
            assert_eq!(Kind::of(media_type), kind, "{media_type}");
        }
    }
}
