//! The `zerostack` command.

fn main() {}
