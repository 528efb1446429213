//! The lines of a patch that come before the content, with names quoted as git does.

use std::io::{self, Read as _, Write};

use sha1_smol::Sha1;

use super::change::Mode;
use super::content::{CHUNK_BYTES, Side, Sides};

/// The mode as git writes it.
fn digits(mode: Mode) -> &'static str {
    match mode {
        Mode::Regular => "100644",
        Mode::Executable => "100755",
        Mode::Link => "120000",
    }
}

/// Writes the header up to the `index` line; `similarity` in percent for a rename.
pub(super) fn write(
    sides: &Sides<'_>,
    prefix: &[u8],
    similarity: Option<u8>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (old, new) = (&sides.old, &sides.new);
    out.write_all(b"diff --git ")?;
    write_name(b"a/", prefix, old.path, out)?;
    out.write_all(b" ")?;
    write_name(b"b/", prefix, new.path, out)?;
    out.write_all(b"\n")?;
    match (old.entry, new.entry) {
        (None, Some(new)) => writeln!(out, "new file mode {}", digits(new.mode))?,
        (Some(old), None) => writeln!(out, "deleted file mode {}", digits(old.mode))?,
        (Some(old), Some(new)) if old.mode != new.mode => {
            writeln!(out, "old mode {}\nnew mode {}", digits(old.mode), digits(new.mode))?;
        }
        _ => {}
    }
    if let Some(similarity) = similarity {
        write!(out, "similarity index {similarity}%\nrename from ")?;
        write_name(b"", prefix, old.path, out)?;
        out.write_all(b"\nrename to ")?;
        write_name(b"", prefix, new.path, out)?;
        out.write_all(b"\n")?;
    }
    if sides.content_differs()? || old.entry.is_none() || new.entry.is_none() {
        let (old_id, new_id) = (blob_id(old)?, blob_id(new)?);
        // A file that is not there has as many zeros as an id has digits.
        let lengths = [&old_id, &new_id].map(|id| id.as_ref().map_or(0, String::len));
        let length = lengths.into_iter().max().unwrap_or(0);
        let id = |id: Option<String>| id.unwrap_or_else(|| "0".repeat(length));
        write!(out, "index {}..{}", id(old_id), id(new_id))?;
        match (old.entry, new.entry) {
            (Some(old), Some(new)) if old.mode == new.mode => {
                writeln!(out, " {}", digits(new.mode))?
            }
            _ => out.write_all(b"\n")?,
        }
    }
    Ok(())
}

/// Writes the `---` and `+++` lines.
pub(super) fn write_text_names(
    sides: &Sides<'_>,
    prefix: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    for (mark, letter, side) in [(b"--- ", b"a/", &sides.old), (b"+++ ", b"b/", &sides.new)] {
        out.write_all(mark)?;
        if side.entry.is_none() {
            out.write_all(b"/dev/null\n")?;
            continue;
        }
        write_name(letter, prefix, side.path, out)?;
        // Ends the name where a reader would take what follows a space for a date.
        let spaced = side.path.contains(&b' ') || prefix.contains(&b' ');
        out.write_all(if spaced { b"\t\n" } else { b"\n" })?;
    }
    Ok(())
}

/// The id of the file as a blob of git; `None` for a missing file.
pub(super) fn blob_id(side: &Side<'_>) -> io::Result<Option<String>> {
    let Some(entry) = side.entry else { return Ok(None) };
    if let Some(id) = entry.id() {
        return Ok(Some(id.to_owned()));
    }
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", side.size()).as_bytes());
    let mut content = side.open()?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match content.read(&mut chunk)? {
            0 => return Ok(Some(hash.digest().to_string())),
            read => hash.update(chunk.get(..read).unwrap_or(&chunk)),
        }
    }
}

/// Writes `letter`, `prefix` and `path` as one name.
pub(super) fn write_name(
    letter: &[u8],
    prefix: &[u8],
    path: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let bytes = || letter.iter().chain(prefix).chain(path).copied();
    let plain = |byte: u8| matches!(byte, 0x20..0x7f) && byte != b'"' && byte != b'\\';
    if bytes().all(plain) {
        return bytes().try_for_each(|byte| out.write_all(&[byte]));
    }
    out.write_all(b"\"")?;
    for byte in bytes() {
        match byte {
            0x07 => out.write_all(b"\\a")?,
            0x08 => out.write_all(b"\\b")?,
            b'\t' => out.write_all(b"\\t")?,
            b'\n' => out.write_all(b"\\n")?,
            0x0b => out.write_all(b"\\v")?,
            0x0c => out.write_all(b"\\f")?,
            b'\r' => out.write_all(b"\\r")?,
            b'"' | b'\\' => out.write_all(&[b'\\', byte])?,
            byte if plain(byte) => out.write_all(&[byte])?,
            byte => write!(out, "\\{byte:03o}")?,
        }
    }
    out.write_all(b"\"")
}
