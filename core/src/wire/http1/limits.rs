//! The limits of a response.

/// The longest head, its status line and its empty line included.
pub const MAX_HEAD_BYTES: u16 = 32 * 1024;
/// The longest line before a chunk, its extensions and its end included.
pub const MAX_CHUNK_LINE_BYTES: u16 = 256;
/// The longest trailers, their empty line included.
pub const MAX_TRAILER_BYTES: u16 = 8 * 1024;
/// The most interim responses before the real one.
pub const MAX_INTERIM_HEADS: u8 = 8;
