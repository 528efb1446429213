use zerostack_core::tool::typed::{ArgType, ToolArgs};

/// A tuple.
#[derive(ToolArgs)]
#[tool(name = "pair")]
struct Pair(u32, u32);

/// An enum.
#[derive(ToolArgs)]
#[tool(name = "choice")]
enum Choice {
    A,
}

#[derive(ArgType)]
enum Values {
    Line(u32),
}

#[derive(ArgType)]
enum Never {}

#[derive(ArgType)]
union Both {
    a: u32,
}

fn main() {}
