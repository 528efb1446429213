//! Bytes of the wire: readers that take any chunking, writers that fill any buffer.

pub mod http1;
