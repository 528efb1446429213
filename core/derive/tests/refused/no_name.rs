use zerostack_core::tool::typed::ToolArgs;

/// Reads a file.
#[derive(ToolArgs)]
struct Read<'a> {
    /// Path of the file.
    path: &'a str,
}

fn main() {}
