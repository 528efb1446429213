//! Files that are shown to the model unchanged: pictures and documents.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read as _, Write};

use zerostack_core::{AttachmentKind, media_type_of};

use super::{Output, Shown};

/// The variable with the media types that the model accepts, separated by blanks, in a tool process
/// of a run; not set elsewhere.
pub const TYPES: &str = "ZEROSTACK_SHOWN_TYPES";

thread_local! {
    /// The media types of a call without its own process.
    static OWN_TYPES: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The media types that `read` shows where the model takes them.
pub const KNOWN: [&str; 5] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

/// Calls of this thread show files of these types.
pub(super) fn set_types(types: &str) {
    OWN_TYPES.set(Some(types.to_owned()));
}

/// The result for a file that begins with `first` and has this many bytes, if it is shown to the model.
pub(super) fn output(path: &str, first: &[u8], bytes: u64) -> Option<Output> {
    let media_type = media_type_of(first, "").filter(|it| KNOWN.contains(it))?;
    let own = OWN_TYPES.with_borrow(Clone::clone);
    let types = own.or_else(|| std::env::var(TYPES).ok())?;
    if !types.split(' ').any(|taken| taken == media_type) {
        return None;
    }
    if bytes > MOST_BYTES {
        let what = match AttachmentKind::of(media_type) {
            AttachmentKind::Document => "give its pages one by one",
            _ => "make it smaller",
        };
        let text = format!(
            "[{path}: {media_type}, {bytes} bytes, and at most {MOST_BYTES} are shown: {what}]\n"
        );
        return Some(Output::text(text));
    }
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let shown = Shown {
        media_type: media_type.to_owned(),
        name,
        bytes,
        path: std::path::absolute(path).ok()?,
    };
    let text = format!("[{path}: {media_type}, {bytes} bytes, shown beside this]\n");
    Some(Output::text(text).showing(shown))
}

/// Writes the bytes of a shown file, at most as many as announced.
pub(super) fn write(shown: &Shown, to: &mut impl Write) -> io::Result<()> {
    let mut file = File::open(&shown.path)?.take(shown.bytes);
    let mut buffer = [0; 16 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return to.flush(),
            Ok(count) => to.write_all(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The most that providers take in a request is 20 to 50 MB, in base64.
const MOST_BYTES: u64 = 15 << 20;
