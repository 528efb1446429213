use zerostack_core::tool::typed::{ArgType, ToolArgs};

#[derive(ToolArgs)]
#[tool(name = "read")]
struct Read {}

#[derive(ArgType)]
struct Part {
    line: u32,
}

fn main() {}
