//! Attachments of chat completions: images, WAV and MP3, and files.
//!
//! Source: the API reference, "Create chat completion", content parts of a user message. A tool's
//! message accepts only text, so the attachments of results follow in a user message, as OpenAI's
//! guide on images of tools describes for this API.

use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::provider::attach::{AttachmentCodec, IMAGES, base64, url};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

pub(super) static ATTACHMENTS: AttachmentCodec = AttachmentCodec {
    takes,
    write,
    text: [r#"{"type":"text","text":""#, r#""}"#],
    file_headers: None,
    // 85 and 170 for each of eight tiles.
    image_tokens: 1445,
};

fn takes(attachment: &Attachment<'_>) -> bool {
    let Attachment { media_type, source, .. } = attachment;
    match (attachment.kind(), source) {
        (AttachmentKind::Image, AttachmentSource::Number(_)) => IMAGES.contains(media_type),
        (AttachmentKind::Image, AttachmentSource::Url(_)) => true,
        (AttachmentKind::Audio, AttachmentSource::Number(_)) => format(media_type).is_some(),
        (AttachmentKind::Document, AttachmentSource::Number(_)) => true,
        (AttachmentKind::Document | AttachmentKind::File, AttachmentSource::FileId(_)) => true,
        _ => false,
    }
}

fn write<'a>(attachment: &Attachment<'a>, out: &mut Pieces<'a>) {
    match (attachment.kind(), attachment.source) {
        (AttachmentKind::Image, _) => {
            pieces!(out: r#"{"type":"image_url","image_url":{"url":""#);
            url(attachment, out);
        }
        (AttachmentKind::Audio, _) => {
            let format = format(attachment.media_type).unwrap_or_default();
            pieces!(out: r#"{"type":"input_audio","input_audio":{"format":""#, format);
            if let Some(bytes) = base64(attachment) {
                pieces!(out: r#"","data":""#, bytes);
            }
        }
        (_, AttachmentSource::FileId(id)) => {
            pieces!(out: r#"{"type":"file","file":{"file_id":""#, Piece::Escaped(id));
        }
        _ => {
            // The server requires a name with the bytes.
            let name = if attachment.name.is_empty() { "file.pdf" } else { attachment.name };
            pieces!(out: r#"{"type":"file","file":{"filename":""#, Piece::Escaped(name));
            pieces!(out: r#"","file_data":""#);
            url(attachment, out);
        }
    }
    pieces!(out: r#""}}"#);
}

fn format(media_type: &str) -> Option<&'static str> {
    let known = FORMATS.iter().find(|(known, _)| *known == media_type);
    known.map(|(_, format)| *format)
}

/// The formats of sound by their media types.
static FORMATS: [(&str, &str); 5] = [
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/wave", "wav"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
];
