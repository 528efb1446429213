//! Functions that the encoders of all dialects share.

use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::provider::profile::InForce;
#[cfg(feature = "window")]
use crate::provider::profile::Switched;
use crate::provider::{Config, Context, ToolMode, codec_of};
use crate::transcript::attached;
use crate::transcript::log::MAGIC;
use crate::transcript::record::{ELIDED, Kind, Record, Records};
use crate::wire::json_write::{Piece, Pieces};
use crate::wire::pieces;
use crate::wire::scan::is_blank;
use crate::{Error, ErrorKind};

/// Whether there are any.
pub(crate) const ENABLED: bool = true;

/// Whether the record at `offset` is an attachment.
pub(crate) fn follows(bytes: &[u8], offset: usize) -> bool {
    Record::at(bytes, offset).is_some_and(|record| record.is(Kind::Attachment))
}

/// The first record from `offset` on that is not an attachment.
pub(crate) fn end(bytes: &[u8], mut offset: usize) -> usize {
    while let Some(record) = Record::at(bytes, offset).filter(|it| it.is(Kind::Attachment)) {
        offset = record.end();
    }
    offset
}

/// Whether it is sent itself, and not as a line.
pub(crate) fn is_sent(context: &Context<'_>, record: &Record<'_>) -> bool {
    sent(context.config, &context.profile, record).is_some()
}

/// Writes it as a part of a message.
pub(crate) fn part<'a>(context: &Context<'a>, record: &Record<'a>, out: &mut Pieces<'a>) {
    let Ok(codec) = codec_of(context.config.dialect()) else { return };
    match sent(context.config, &context.profile, record) {
        Some(attachment) => (codec.attachments.write)(&attachment, out),
        None => {
            let [before, after] = codec.attachments.text;
            pieces!(out: before);
            line(record, out);
            pieces!(out: after);
        }
    }
}

/// Writes its description, as the inside of a string.
pub(crate) fn line<'a>(record: &Record<'a>, out: &mut Pieces<'a>) {
    let Some(attachment) = attached::read(record) else { return };
    pieces!(out:
        match attachment.kind() {
            AttachmentKind::Image => "[image ",
            AttachmentKind::Audio => "[audio ",
            AttachmentKind::Video => "[video ",
            AttachmentKind::Document => "[document ",
            AttachmentKind::File => "[file ",
        },
        Piece::Escaped(attachment.name), if attachment.name.is_empty() { "" } else { ", " },
        attachment.media_type, ", ", Piece::Number(attachment.bytes),
        if record.header.has(ELIDED) { " bytes: left out]" } else { " bytes: this model cannot be sent it]" }
    );
}

/// Writes the letters of its bytes alone.
pub(crate) fn bytes<'a>(record: &Record<'a>, out: &mut Pieces<'a>) {
    if let Some(piece) = attached::read(record).as_ref().and_then(super::codec::base64) {
        pieces!(out: piece);
    }
}

/// Begins a text as a part of a message; false when the text has nothing to read, which servers
/// refuse as a part.
pub(crate) fn text<'a>(context: &Context<'a>, text: &str, out: &mut Pieces<'a>) -> bool {
    let Ok(codec) = codec_of(context.config.dialect()) else { return false };
    let has_words = !is_blank(text);
    let [before, _] = codec.attachments.text;
    pieces!(out: if has_words { before } else { "" });
    has_words
}

/// The attachment of a record that is sent itself.
fn sent<'a>(config: &dyn Config, profile: &InForce, record: &Record<'a>) -> Option<Attachment<'a>> {
    let attachment = attached::read(record)?;
    let is_sent = !record.header.has(ELIDED) && takes(config, profile, &attachment);
    is_sent.then_some(attachment)
}

/// Whether a request can hold it. If tools are described in text, messages are plain strings.
fn takes(config: &dyn Config, profile: &InForce, attachment: &Attachment<'_>) -> bool {
    let by_words = matches!(config.tool_mode(), ToolMode::Text | ToolMode::Schema);
    let codec = codec_of(config.dialect());
    codec.is_ok_and(|codec| (codec.attachments.takes)(attachment))
        && !(by_words && config.tool(0).is_some())
        && profile.takes(attachment.kind())
}

/// Whether all of `attachments` can be sent.
///
/// # Errors
/// `BadAttachment`, `UnsupportedAttachment`: the first that cannot.
pub(crate) fn check(
    config: &dyn Config,
    profile: &InForce,
    attachments: &[Attachment<'_>],
) -> Result<(), Error> {
    for (index, attachment) in attachments.iter().enumerate() {
        attached::check(index, attachment)?;
        if !takes(config, profile, attachment) {
            return Err(Error::new(ErrorKind::UnsupportedAttachment, index as u32));
        }
    }
    Ok(())
}

/// The first attachment whose bytes a request needs from the caller.
pub(crate) fn first_needed(config: &dyn Config, profile: &InForce, bytes: &[u8]) -> Option<u32> {
    all(bytes).find_map(|record| needs(config, profile, &record))
}

/// The number under which the caller has the bytes of an attachment, where a request needs them.
pub(crate) fn needs(config: &dyn Config, profile: &InForce, record: &Record<'_>) -> Option<u32> {
    match sent(config, profile, record)?.source {
        AttachmentSource::Number(number) => Some(number),
        AttachmentSource::Url(_) | AttachmentSource::FileId(_) => None,
    }
}

/// Whether a file is named by the provider's id of it.
pub(crate) fn has_file_id(bytes: &[u8]) -> bool {
    all(bytes).any(|record| {
        let source = attached::read(&record).map(|attachment| attachment.source);
        matches!(source, Some(AttachmentSource::FileId(_)))
    })
}

fn all(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    Records::from(bytes, MAGIC.len()).filter(|it| it.is(Kind::Attachment))
}

/// Whether the request of `bytes` has an attachment whose kind satisfies `is_asked`.
#[cfg(feature = "profiles")]
pub(crate) fn any_sent(
    config: &dyn Config,
    profile: &InForce,
    bytes: &[u8],
    is_asked: fn(AttachmentKind) -> bool,
) -> bool {
    all(bytes).any(|record| {
        sent(config, profile, &record).is_some_and(|attachment| is_asked(attachment.kind()))
    })
}

/// Whether an attachment of the user's text at `turn` was sent with the profile `before`, and is not
/// with `after`.
#[cfg(feature = "profiles")]
pub(crate) fn leaves_out_users(
    config: &dyn Config,
    [before, after]: [&InForce; 2],
    bytes: &[u8],
    turn: usize,
) -> bool {
    let own = all(bytes).filter(|it| it.offset > turn && it.is_users_attachment());
    let is_sent = |profile, record: &Record<'_>| sent(config, profile, record).is_some();
    { own }.any(|record| is_sent(before, &record) && !is_sent(after, &record))
}

/// Tokens of an attachment in the window: its own number, else by the rule of the dialect. An image
/// counts as the documented maximum; the rest by length. Of audio a
/// second has 16 KB (128 kbit/s) and 32 tokens; of a document a page has 40 KB and 1,500 tokens, at
/// least one page; of other files four bytes have one.
#[cfg(feature = "window")]
pub(crate) fn tokens_of(
    config: &dyn Config,
    switched: Switched,
    attachment: &Attachment<'_>,
    is_cut: bool,
) -> u32 {
    if is_cut || !takes(config, &InForce::new(config, switched), attachment) {
        return LINE_TOKENS;
    }
    let bytes = attachment.bytes;
    let image = codec_of(config.dialect()).map_or(0, |codec| codec.attachments.image_tokens);
    match attachment.kind() {
        _ if attachment.tokens > 0 => attachment.tokens,
        AttachmentKind::Image => image,
        AttachmentKind::Audio | AttachmentKind::Video => (bytes / 500).max(32),
        AttachmentKind::Document => (bytes / 40_000).saturating_add(1).saturating_mul(1500),
        AttachmentKind::File => bytes / 4,
    }
}

/// The same of a record.
#[cfg(feature = "window")]
pub(crate) fn tokens(config: &dyn Config, switched: Switched, record: &Record<'_>) -> u32 {
    let is_cut = record.header.has(ELIDED);
    attached::read(record).map_or(0, |attachment| tokens_of(config, switched, &attachment, is_cut))
}

/// Tokens of the line that describes an attachment.
#[cfg(feature = "window")]
const LINE_TOKENS: u32 = 24;
