use zerostack_core::tool::typed::ArgType;

#[derive(ArgType)]
struct Twice {
    /// One.
    a: u32,
    /// Two.
    #[serde(rename = "a")]
    b: u32,
}

#[derive(ArgType)]
#[serde(rename_all = "lowercase")]
enum Two {
    Ab,
    AB,
}

fn main() {}
