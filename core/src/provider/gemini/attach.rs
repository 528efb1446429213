//! Attachments of contents: whatever has a media type, as bytes or by its address.
//!
//! Source: "Image understanding", "File input methods" and the type `Part`. The third generation
//! accepts them within a `functionResponse`; older ones accept them as parts next to it.

use crate::message::{Attachment, AttachmentSource};
use crate::provider::attach::{AttachmentCodec, base64, url};
use crate::wire::json_write::Pieces;
use crate::wire::pieces;

pub(super) static ATTACHMENTS: AttachmentCodec = AttachmentCodec {
    takes: |_| true,
    write,
    text: [r#"{"text":""#, r#""}"#],
    file_headers: None,
    // Tokens of each in the third generation; the second has 258 for each tile.
    image_tokens: 1120,
};

fn write<'a>(attachment: &Attachment<'a>, out: &mut Pieces<'a>) {
    // The server resolves a wildcard.
    let is_known = !attachment.media_type.contains('*');
    let is_inline = matches!(attachment.source, AttachmentSource::Number(_));
    pieces!(out: if is_inline { r#"{"inlineData":{""# } else { r#"{"fileData":{""# });
    if is_known {
        pieces!(out: r#"mimeType":""#, attachment.media_type, r#"",""#);
    }
    match base64(attachment) {
        Some(bytes) => pieces!(out: r#"data":""#, bytes),
        None => {
            pieces!(out: r#"fileUri":""#);
            url(attachment, out);
        }
    }
    pieces!(out: r#""}}"#);
}
