//! One behaviour a file. See the file's first line for which.

mod recorded_streams;
mod scripted_command;
