use zerostack_core::tool::typed::ToolArgs;

/// Reads a file.
#[derive(ToolArgs)]
#[tool(name = "read a file")]
struct Read {}

fn main() {}
