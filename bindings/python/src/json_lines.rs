//! A conversation as JSON Lines, read and written whole.

use zerostack_core::{Error, Growing, JsonLinesReader, LineFault, Session};

use crate::held::OwnedSession;
use crate::shared_config::SharedConfig;

/// All lines of the session's transcript.
pub fn write(session: &OwnedSession) -> String {
    let mut lines = session.transcript().json_lines();
    let mut out = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = lines.read(&mut buffer);
        match buffer.get(..length) {
            Some(read) if length > 0 => out.extend_from_slice(read),
            _ => return String::from_utf8_lossy(&out).into_owned(),
        }
    }
}

/// The session that the lines describe.
///
/// # Errors
/// Those of the core; for a refused line with the fault in it.
pub fn read(
    lines: &[u8],
    storage: Growing,
    config: SharedConfig,
) -> Result<OwnedSession, (Error, Option<String>)> {
    let untold = |error| (error, None);
    let mut reader = JsonLinesReader::new(storage).map_err(untold)?;
    // The last line may lack its line feed.
    for part in [lines, b"\n"] {
        if let Err(error) = reader.push(part) {
            let why = reader.fault().map(|fault| match fault {
                LineFault::OpenCalls => {
                    format!("{} ({})", fault.message(), reader.open_call().unwrap_or_default())
                }
                fault => fault.message().to_owned(),
            });
            return Err((error, why));
        }
    }
    let (storage, used) = reader.finish().map_err(untold)?;
    Session::resume(storage, used, config).map_err(untold)
}
