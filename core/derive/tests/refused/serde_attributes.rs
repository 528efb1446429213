use zerostack_core::tool::typed::ArgType;

#[derive(ArgType)]
#[serde(untagged)]
enum Untagged {
    A,
}

#[derive(ArgType)]
struct Flat {
    /// Anything.
    #[serde(flatten)]
    value: u32,
}

#[derive(ArgType)]
struct With {
    /// Anything.
    #[serde(deserialize_with = "read")]
    value: u32,
}

#[derive(ArgType)]
#[serde(rename_all = "Title Case")]
struct Cased {
    /// Anything.
    value: u32,
}

fn main() {}
