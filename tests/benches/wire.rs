//! The core's speed alone: decode and encode.

use zerostack_tests::bench::{decode, encode};

fn main() -> Result<(), zerostack_core::Error> {
    println!("{}", decode::measure());
    println!("{}", encode::measure()?);
    Ok(())
}
