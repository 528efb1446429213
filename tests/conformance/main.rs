//! One behaviour a file. See the file's first line for which.

mod arena_sizes;
mod chunkings;
mod cut_anywhere;
mod json_reader;
mod layering;
mod random_sessions;
mod recorded_streams;
mod retries;
mod scripted_command;
mod sizes;
mod sse_reader;
mod tool_results;
mod wrong_step;
