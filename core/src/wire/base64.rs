//! Base64 (RFC 4648, section 4), from any place and into buffers of any size.

/// Bytes of a group, and the letters that stand for them.
pub(crate) const BYTES: usize = 3;
pub(crate) const CHARS: usize = 4;

/// Letters for this many bytes, padding included.
pub(crate) const fn length(bytes: usize) -> usize {
    bytes.div_ceil(BYTES) * CHARS
}

/// Writes the letters for `from` but the first `skip` of them to `out`, as many as fit; returns how
/// many. A group that lacks a byte is padded when it `is_last`, and else left for the next time.
pub(crate) fn encode(from: &[u8], is_last: bool, skip: usize, out: &mut [u8]) -> usize {
    let (groups, rest) = from.as_chunks::<BYTES>();
    let padded = match *rest {
        [a] if is_last => [letter(a >> 2), letter(a << 4), b'=', b'='],
        [a, b] if is_last => [letter(a >> 2), letter(a << 4 | b >> 4), letter(b << 2), b'='],
        _ => [0; CHARS],
    };
    let has_padded = is_last && !rest.is_empty();
    // Whole groups into whole groups: most of a file.
    if skip == 0 {
        let (places, _) = out.as_chunks_mut::<CHARS>();
        let whole = places.len().min(groups.len());
        for (place, group) in places.iter_mut().zip(groups) {
            *place = group_letters(*group);
        }
        if whole > 0 {
            return whole * CHARS;
        }
    }
    let first = groups.first().map(|group| group_letters(*group));
    let first = first.or(has_padded.then_some(padded)).unwrap_or_default();
    let letters = first.get(skip..).filter(|_| !groups.is_empty() || has_padded);
    let letters = letters.unwrap_or_default();
    for (place, letter) in out.iter_mut().zip(letters) {
        *place = *letter;
    }
    out.len().min(letters.len())
}

/// Encodes within one buffer: the bytes are at its end, and their letters overwrite it from the
/// beginning. Returns the letters written.
pub(crate) fn encode_in_place(out: &mut [u8], from: usize, is_last: bool) -> usize {
    let mut read = from;
    let mut written = 0;
    loop {
        let group = out.get(read..).unwrap_or_default();
        let (bytes, count) = match *group {
            [a, b, c, ..] => ([a, b, c], BYTES),
            [a, b] if is_last => ([a, b, 0], 2),
            [a] if is_last => ([a, 0, 0], 1),
            _ => return written,
        };
        let mut letters = group_letters(bytes);
        for place in letters.iter_mut().skip(count + 1) {
            *place = b'=';
        }
        for (place, letter) in out.iter_mut().skip(written).zip(letters) {
            *place = letter;
        }
        read += count;
        written += CHARS;
    }
}

fn group_letters([a, b, c]: [u8; BYTES]) -> [u8; CHARS] {
    [letter(a >> 2), letter(a << 4 | b >> 4), letter(b << 2 | c >> 6), letter(c)]
}

/// The letter for the lowest six bits.
const fn letter(bits: u8) -> u8 {
    match bits & 63 {
        six @ 0..26 => b'A' + six,
        six @ 26..52 => b'a' + six - 26,
        six @ 52..62 => b'0' + six - 52,
        62 => b'+',
        _ => b'/',
    }
}
