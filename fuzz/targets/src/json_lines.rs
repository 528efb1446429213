use zerostack_core::{
    Dialect, Error, ErrorKind, Growing, JsonLinesReader, LineFault, Session, SessionConfig, Step,
    Storage as _,
};

/// The most that a transcript of this many bytes of lines may take: a record has 8 bytes beside its
/// text.
const MOST_BYTES: usize = 1 << 20;

/// Lines of a transcript. The first byte selects how they are cut, and how small a second storage is:
/// every chunking reads the same or refuses the same line for the same reason, what was read is a
/// conversation that is the same when it is written and read again, and a storage that is too
/// small is `Full`.
pub fn json_lines(input: &[u8]) {
    let (mode, lines) = crate::split_first(input);
    let whole = read(lines, lines.len().max(1), MOST_BYTES);
    let pieces = read(lines, usize::from(mode % 8) + 1, MOST_BYTES);
    assert_eq!(pieces, whole, "the chunking counts");
    match read(lines, 64, usize::from(mode / 8) * 4) {
        Err((error, None)) => assert_eq!(error.kind(), ErrorKind::Full),
        other => assert_eq!(other, whole, "the size of the storage counts"),
    }
    let Ok(read_once) = whole else { return };
    let used = read_once.len();
    let storage = Growing::from_vec(read_once, MOST_BYTES);
    let config = SessionConfig::new(Dialect::Anthropic, "m");
    let session = Session::resume(storage, used, config).expect("what was read can be resumed");
    if session.step() == Step::Send {
        crate::check_request(&session);
    }
    let (mut written, mut pull) = (Vec::new(), session.transcript().json_lines());
    let mut buffer = [0; 17];
    loop {
        match pull.read(&mut buffer) {
            0 => break,
            count => written.extend_from_slice(&buffer[..count]),
        }
    }
    let again = read(&written, written.len().max(1), MOST_BYTES).expect("our own lines");
    let used = again.len();
    let again = Session::resume(Growing::from_vec(again, MOST_BYTES), used, config);
    let again = again.expect("what was read can be resumed");
    assert_eq!(again.snapshot(), session.snapshot(), "the lines hold it");
}

/// The transcript of the lines, or what is wrong with them.
fn read(lines: &[u8], chunk: usize, limit: usize) -> Result<Vec<u8>, (Error, Option<LineFault>)> {
    let mut reader = JsonLinesReader::new(Growing::new(limit)).map_err(|error| (error, None))?;
    for piece in lines.chunks(chunk).chain([b"\n".as_slice()]) {
        if let Err(error) = reader.push(piece) {
            assert_eq!(reader.push(b"\n"), Err(error), "it stays refused");
            return Err((error, reader.fault()));
        }
    }
    let (storage, used) = reader.finish().expect("nothing is left to be refused");
    Ok(storage.bytes()[..used].to_vec())
}
