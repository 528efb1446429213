//! tiktoken rank files: a line a token, its bytes in base64 and its rank.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The tokens of a rank file with their ranks.
///
/// # Errors
/// A sentence with the number of the first line that is not understood.
pub fn read_ranks(file: &[u8]) -> Result<Vec<(Vec<u8>, u32)>, String> {
    let text = std::str::from_utf8(file).map_err(|_| "a rank file is ASCII text")?;
    let mut tokens = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.is_empty() {
            continue;
        }
        let token = line.split_once(' ').and_then(|(bytes, rank)| {
            Some((STANDARD.decode(bytes).ok()?, rank.trim_end().parse().ok()?))
        });
        tokens.push(token.ok_or(format!("line {number} is not a token and its rank"))?);
    }
    Ok(tokens)
}
