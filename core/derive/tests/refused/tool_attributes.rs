use zerostack_core::tool::typed::ArgType;

#[derive(ArgType)]
#[tool(name = "read")]
struct Named {}

#[derive(ArgType)]
#[tool(title = "read")]
struct Titled {}

#[derive(ArgType)]
struct Field {
    /// One.
    #[tool(name = "a")]
    a: u32,
}

fn main() {}
