//! Attachments of messages: images and PDF, in messages and in results.
//!
//! Source: "Vision", "PDF support", "Files API", and "Handle tool calls" for the list form of a
//! result. The Files API requires a beta header.

use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::provider::attach::{AttachmentCodec, IMAGES, base64};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

pub(super) static ATTACHMENTS: AttachmentCodec = AttachmentCodec {
    takes,
    write,
    text: [r#"{"type":"text","text":""#, r#""}"#],
    file_headers: Some(&[
        ("content-type", "application/json"),
        ("accept", "text/event-stream"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "files-api-2025-04-14"),
    ]),
    // Width times height by 750, of an image of 1.15 megapixels: larger ones are made smaller.
    image_tokens: 1600,
};

fn takes(attachment: &Attachment<'_>) -> bool {
    match (attachment.kind(), attachment.source) {
        (AttachmentKind::Image, AttachmentSource::Number(_)) => {
            IMAGES.contains(&attachment.media_type)
        }
        (AttachmentKind::Image | AttachmentKind::Document, _) => true,
        // Plain text is a document there, too.
        (AttachmentKind::File, AttachmentSource::FileId(_)) => true,
        _ => false,
    }
}

fn write<'a>(attachment: &Attachment<'a>, out: &mut Pieces<'a>) {
    let is_image = attachment.kind() == AttachmentKind::Image;
    pieces!(out: if is_image { r#"{"type":"image""# } else { r#"{"type":"document""# });
    if !is_image && !attachment.name.is_empty() {
        pieces!(out: r#","title":""#, Piece::Escaped(attachment.name), r#"""#);
    }
    match attachment.source {
        AttachmentSource::Url(url) => {
            pieces!(out: r#","source":{"type":"url","url":""#, Piece::Escaped(url));
        }
        AttachmentSource::FileId(id) => {
            pieces!(out: r#","source":{"type":"file","file_id":""#, Piece::Escaped(id));
        }
        AttachmentSource::Number(_) => {
            pieces!(out: r#","source":{"type":"base64","media_type":""#, attachment.media_type);
            if let Some(bytes) = base64(attachment) {
                pieces!(out: r#"","data":""#, bytes);
            }
        }
    }
    pieces!(out: r#""}}"#);
}
