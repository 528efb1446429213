//! Attachments of responses: images and files, in messages and in the outputs of functions.
//!
//! Source: the API reference, "Create a response": `input_image`, `input_file`, and the list form
//! of `function_call_output`.

use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::provider::attach::{AttachmentCodec, IMAGES, url};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;

pub(super) static ATTACHMENTS: AttachmentCodec = AttachmentCodec {
    takes,
    write,
    text: [r#"{"type":"input_text","text":""#, r#""}"#],
    file_headers: None,
    // 85 and 170 for each of eight tiles.
    image_tokens: 1445,
};

fn takes(attachment: &Attachment<'_>) -> bool {
    let Attachment { media_type, source, .. } = attachment;
    match (attachment.kind(), source) {
        (AttachmentKind::Image, AttachmentSource::Number(_)) => IMAGES.contains(media_type),
        (AttachmentKind::Image | AttachmentKind::Document, _) => true,
        (AttachmentKind::File, AttachmentSource::Url(_) | AttachmentSource::FileId(_)) => true,
        _ => false,
    }
}

fn write<'a>(attachment: &Attachment<'a>, out: &mut Pieces<'a>) {
    let is_image = attachment.kind() == AttachmentKind::Image;
    pieces!(out: r#"{"type":"input_"#);
    match (attachment.source, is_image) {
        (AttachmentSource::FileId(_), true) => pieces!(out: r#"image","file_id":""#),
        (AttachmentSource::FileId(_), false) => pieces!(out: r#"file","file_id":""#),
        (_, true) => pieces!(out: r#"image","image_url":""#),
        (AttachmentSource::Url(_), false) => pieces!(out: r#"file","file_url":""#),
        (AttachmentSource::Number(_), false) => {
            let name = if attachment.name.is_empty() { "file.pdf" } else { attachment.name };
            pieces!(out: r#"file","filename":""#, Piece::Escaped(name), r#"","file_data":""#);
        }
    }
    url(attachment, out);
    pieces!(out: r#""}"#);
}
