//! The media type of a file, from its first bytes and its name.

/// The media type of a file that begins with `first`, of which 16 bytes are enough, and has this
/// name or address. `None` if neither identifies it.
///
/// The first bytes decide. The name decides if they match no known type, or if the provider has the
/// file and `first` is empty; a file with the name of a picture and other bytes is not a picture.
///
/// ```
/// use zerostack_core::media_type_of;
///
/// assert_eq!(media_type_of(b"\x89PNG\r\n\x1a\n", "cat.jpg"), Some("image/png"));
/// assert_eq!(media_type_of(b"a,b\n1,2\n", "table.csv"), Some("text/csv"));
/// assert_eq!(media_type_of(b"a,b\n1,2\n", "cat.png"), None);
/// assert_eq!(media_type_of(b"", "https://example.org/cat.png"), Some("image/png"));
/// ```
#[must_use]
pub fn media_type_of(first: &[u8], name: &str) -> Option<&'static str> {
    let by_bytes = FIRST_BYTES.iter().find(|(at, magic, _)| {
        first.get(*at..).is_some_and(|rest| rest.starts_with(magic.as_bytes()))
    });
    if let Some((.., media_type)) = by_bytes {
        return Some(media_type);
    }
    match first {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => return Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => return Some("image/jpeg"),
        // The sync word of MPEG audio, of layer 3 without and with a checksum; then of AAC.
        [0xff, 0xfa | 0xfb | 0xf2 | 0xf3, ..] => return Some("audio/mpeg"),
        [0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9, ..] => return Some("audio/aac"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => return Some("video/webm"),
        _ => {}
    }
    // By bytes: the searches of the standard library can panic as far as the linker can see.
    let end = name.bytes().position(|byte| matches!(byte, b'?' | b'#'));
    let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
    let dot = name.bytes().rposition(|byte| byte == b'.')?;
    let extension = name.get(dot..)?.get(1..)?;
    let (.., media_type) = EXTENSIONS.iter().find(|(it, _)| it.eq_ignore_ascii_case(extension))?;
    (first.is_empty() || !has_magic(media_type)).then_some(*media_type)
}

/// Whether each file of this type would have been known by its first bytes.
fn has_magic(media_type: &str) -> bool {
    const KNOWN: [&str; 5] =
        ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];
    KNOWN.contains(&media_type)
}

/// The offset in a file, the bytes there, and the type of the file. The first match counts.
const FIRST_BYTES: [(usize, &str, &str); 17] = [
    (0, "GIF8", "image/gif"),
    (8, "WEBP", "image/webp"),
    (0, "%PDF-", "application/pdf"),
    (8, "WAVE", "audio/wav"),
    (8, "AIFF", "audio/aiff"),
    (8, "AVI ", "video/x-msvideo"),
    (0, "OggS", "audio/ogg"),
    (0, "fLaC", "audio/flac"),
    (0, "ID3", "audio/mpeg"),
    (4, "ftypheic", "image/heic"),
    (4, "ftypmif1", "image/heif"),
    (4, "ftypavif", "image/avif"),
    (4, "ftypM4A", "audio/mp4"),
    (4, "ftypqt", "video/quicktime"),
    (4, "ftyp", "video/mp4"),
    (0, "II*\0", "image/tiff"),
    (0, "MM\0*", "image/tiff"),
];

/// The extensions of names, including those of the types above, which count if there are no bytes.
const EXTENSIONS: [(&str, &str); 35] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("avif", "image/avif"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("bmp", "image/bmp"),
    ("svg", "image/svg+xml"),
    ("pdf", "application/pdf"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mpeg"),
    ("aac", "audio/aac"),
    ("m4a", "audio/mp4"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("xml", "text/xml"),
    ("json", "application/json"),
    ("yaml", "application/yaml"),
    ("rtf", "application/rtf"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

#[cfg(test)]
mod tests {
    use super::media_type_of;

    #[test]
    fn bytes_decide_before_the_name() {
        for (first, name, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], "", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBP", "x", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", "x", Some("audio/wav")),
            (b"\0\0\0\x18ftypM4A ", "x", Some("audio/mp4")),
            (b"\0\0\0\x18ftypisom", "x", Some("video/mp4")),
            (b"\xff\xfbxx", "", Some("audio/mpeg")),
            (b"\xff\xf1xx", "", Some("audio/aac")),
            (b"%PDF-1.7", "letter.txt", Some("application/pdf")),
            // Another extension, or none; letters of any case.
            (b"BM", "a.BMP", Some("image/bmp")),
            (b"hello", "notes.md", Some("text/markdown")),
            (b"hello", "notes", None),
            (b"hello", "", None),
            // It has the name of a type that is known by its bytes, and others.
            (b"hello", "letter.pdf", None),
            (b"", "https://example.org/letter.pdf?page=1#x", Some("application/pdf")),
            (b"GIF", "x", None),
        ] {
            assert_eq!(media_type_of(first, name), expected, "{name}");
        }
    }
}
