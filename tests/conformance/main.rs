//! One behaviour a file. See the file's first line for which.

mod chunkings;
mod recorded_streams;
