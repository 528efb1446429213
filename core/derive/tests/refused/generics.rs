use zerostack_core::tool::typed::ArgType;

#[derive(ArgType)]
struct Of<T> {
    /// Anything.
    value: T,
}

#[derive(ArgType)]
struct Sized<const N: usize> {
    /// Anything.
    value: u32,
}

fn main() {}
