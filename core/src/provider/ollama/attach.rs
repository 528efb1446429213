//! Attachments of a chat: images alone, as bytes alone, in a field of the message.
//!
//! Source: Ollama's API, "Generate a chat completion", `images`.

use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::provider::attach::{AttachmentCodec, IMAGES};

pub(super) static ATTACHMENTS: AttachmentCodec = AttachmentCodec {
    takes: |attachment: &Attachment<'_>| {
        let has_bytes = matches!(attachment.source, AttachmentSource::Number(_));
        let is_image = attachment.kind() == AttachmentKind::Image;
        is_image && has_bytes && IMAGES.contains(&attachment.media_type)
    },
    // Its encoder writes them itself: they are not parts of a list.
    write: |_, _| {},
    text: ["", ""],
    file_headers: None,
    // Models differ from 256 to some 4,000.
    image_tokens: 1024,
};
