//! The record of an attachment.
//!
//! Its payload is a head of numbers, then media type, name, and the address or id where the bytes
//! are. The numbers have seven bits a byte, the highest first: they are text, as all of the
//! payload is.

use super::log::Log;
use super::record::{Header, Kind, OF_RESULT, Record};
use crate::message::{Attachment, AttachmentKind, AttachmentSource};
use crate::{Error, ErrorKind};

/// The owner of a record of an attachment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    User,
    Result,
}

/// The longest media type: its length is in one byte, and a longer one is invalid.
const MEDIA_TYPE_BYTES_MAX: usize = 127;

/// The longest name, address or id.
const NAME_BYTES_MAX: usize = 255;
const ADDRESS_BYTES_MAX: usize = 4096;

/// The longest file: base64 of it still fits the numbers of a processor of 32 bits.
const FILE_BYTES_MAX: u32 = 1 << 30;

const NUMBERS: usize = 4;
const NUMBER_BYTES: usize = 5;
pub(super) const HEAD_BYTES: usize = NUMBERS * NUMBER_BYTES;

/// The source of the bytes.
pub(super) const NUMBER: u8 = 1;
pub(super) const URL: u8 = 2;
pub(super) const FILE_ID: u8 = 3;

/// Whether it can be stored and sent at all. A media type is written into requests unchanged, so
/// its letters must not need escapes.
pub(crate) fn is_usable(attachment: &Attachment<'_>) -> bool {
    let media_type = attachment.media_type.as_bytes();
    let (mut parts, mut last, mut is_wild) = (0, b'/', false);
    for &byte in media_type {
        match byte {
            b'/' if last == b'/' => return false,
            b'/' | b'.' | b'+' | b'-' | b'_' => {}
            b'*' => is_wild = true,
            _ if byte.is_ascii_alphanumeric() => {}
            _ => return false,
        }
        parts += u32::from(last == b'/');
        last = byte;
    }
    let has_bytes = match attachment.source {
        AttachmentSource::Number(_) => attachment.bytes > 0 && !is_wild,
        AttachmentSource::Url(url) => {
            let is_known = ["https://", "http://", "gs://"].iter().any(|it| url.starts_with(it));
            is_known && is_address(url)
        }
        AttachmentSource::FileId(id) => !id.is_empty() && is_address(id),
    };
    parts == 2
        && last != b'/'
        && media_type.len() <= MEDIA_TYPE_BYTES_MAX
        && attachment.name.len() <= NAME_BYTES_MAX
        && attachment.bytes <= FILE_BYTES_MAX
        && has_bytes
}

fn is_address(text: &str) -> bool {
    text.len() <= ADDRESS_BYTES_MAX && text.bytes().all(|byte| byte > b' ' && byte != 0x7f)
}

/// The bytes of a record.
pub(crate) fn record_bytes(attachment: &Attachment<'_>) -> usize {
    let (_, _, address) = source_of(attachment);
    let texts = [attachment.media_type, attachment.name, address];
    super::record::HEADER_BYTES + HEAD_BYTES + texts.iter().map(|it| it.len()).sum::<usize>()
}

/// Adds the record of a usable attachment.
///
/// # Errors
/// `Full`; `BadAttachment`.
pub(crate) fn push(
    log: &mut Log<'_>,
    attachment: &Attachment<'_>,
    owner: Owner,
    flags: u8,
) -> Result<(), Error> {
    let (source, number, address) = source_of(attachment);
    let media_type = attachment.media_type.len() as u8;
    let info = info(attachment.kind(), source, owner, media_type);
    let head = head([attachment.bytes, attachment.tokens, number], attachment.name.len() as u8);
    let texts = [attachment.media_type, attachment.name, address].map(str::as_bytes);
    let [media_type, name, address] = texts;
    log.push(Header::new(Kind::Attachment, flags, info), &[&head, media_type, name, address])?;
    Ok(())
}

/// The contents of the header of a record.
pub(super) const fn info(
    kind: AttachmentKind,
    source: u8,
    owner: Owner,
    media_type_bytes: u8,
) -> [u8; 3] {
    let owner = if matches!(owner, Owner::Result) { OF_RESULT } else { 0 };
    [kind as u8, source | owner, media_type_bytes]
}

/// The numbers that the payload begins with: length, tokens, number of the file, and the length
/// of its name.
pub(super) fn head([bytes, tokens, number]: [u32; 3], name_bytes: u8) -> [u8; HEAD_BYTES] {
    let numbers = [bytes, tokens, number, name_bytes.into()];
    let mut head = [0; HEAD_BYTES];
    for (place, number) in head.as_chunks_mut::<NUMBER_BYTES>().0.iter_mut().zip(numbers) {
        *place = seven(number);
    }
    head
}

/// The attachment of a record; `None` if it is not well formed.
pub(crate) fn read<'a>(record: &Record<'a>) -> Option<Attachment<'a>> {
    let (numbers, _) = record.payload.as_chunks::<NUMBER_BYTES>();
    let [bytes, tokens, number, name_bytes, ..] = *numbers else { return None };
    let [_, source, media] = record.header.info;
    let texts = record.text().get(HEAD_BYTES..)?;
    let (media_type, rest) = texts.split_at_checked(media.into())?;
    let (name, address) = rest.split_at_checked(number_of(name_bytes) as usize)?;
    let source = match source & !OF_RESULT {
        NUMBER => AttachmentSource::Number(number_of(number)),
        URL => AttachmentSource::Url(address),
        FILE_ID => AttachmentSource::FileId(address),
        _ => return None,
    };
    let [bytes, tokens] = [bytes, tokens].map(number_of);
    Some(Attachment { media_type, name, bytes, tokens, source })
}

/// Whether nothing in the record can make a bad request: saved bytes are not trusted.
pub(super) fn is_sound(record: &Record<'_>) -> bool {
    let [kind, ..] = record.header.info;
    read(record).is_some_and(|it| is_usable(&it) && it.kind() as u8 == kind)
}

const fn source_of<'a>(attachment: &Attachment<'a>) -> (u8, u32, &'a str) {
    match attachment.source {
        AttachmentSource::Number(number) => (NUMBER, number, ""),
        AttachmentSource::Url(url) => (URL, 0, url),
        AttachmentSource::FileId(id) => (FILE_ID, 0, id),
    }
}

/// The error for attachment `index`, if it is not usable.
pub(crate) fn check(index: usize, attachment: &Attachment<'_>) -> Result<(), Error> {
    if is_usable(attachment) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::BadAttachment, index as u32))
}

fn seven(number: u32) -> [u8; NUMBER_BYTES] {
    [28, 21, 14, 7, 0].map(|shift| (number >> shift) as u8 & 0x7f)
}

fn number_of(bytes: [u8; NUMBER_BYTES]) -> u32 {
    bytes.iter().fold(0, |number, bits| number << 7 | u32::from(bits & 0x7f))
}
