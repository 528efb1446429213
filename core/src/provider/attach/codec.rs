//! How each dialect handles attachments.

use crate::message::Attachment;
use crate::wire::json_write::{Piece, Pieces};

/// How a dialect sends attachments.
#[derive(Debug)]
pub(crate) struct AttachmentCodec {
    /// Whether it has a place for this one.
    pub takes: fn(&Attachment<'_>) -> bool,
    /// Writes it as a part of a message.
    pub write: for<'a> fn(&Attachment<'a>, &mut Pieces<'a>),
    /// The marks around a text that is a part of a message.
    pub text: [&'static str; 2],
    /// The headers of a request that names a file by the provider's id, if they differ.
    pub file_headers: Option<&'static [(&'static str, &'static str)]>,
    /// Tokens of an image whose length alone is known: the documented maximum for one that is not
    /// enlarged.
    #[cfg_attr(not(feature = "window"), allow(dead_code, reason = "only the window counts"))]
    pub image_tokens: u32,
}

/// The images that OpenAI, Anthropic and most servers of other models read.
pub(crate) const IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// The place for the bytes of an attachment from the caller.
pub(crate) fn base64<'a>(attachment: &Attachment<'a>) -> Option<Piece<'a>> {
    match attachment.source {
        crate::message::AttachmentSource::Number(number) => {
            Some(Piece::Base64 { number, bytes: attachment.bytes })
        }
        _ => None,
    }
}

/// The inside of a string that is an address of the bytes, or the bytes themselves as one.
pub(crate) fn url<'a>(attachment: &Attachment<'a>, out: &mut Pieces<'a>) {
    use crate::message::AttachmentSource::{FileId, Number, Url};
    use crate::wire::pieces;
    match attachment.source {
        Number(number) => {
            let bytes = Piece::Base64 { number, bytes: attachment.bytes };
            pieces!(out: "data:", attachment.media_type, ";base64,", bytes);
        }
        Url(text) | FileId(text) => pieces!(out: Piece::Escaped(text)),
    }
}
