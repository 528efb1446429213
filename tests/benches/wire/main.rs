//! The core's speed alone: decode and encode. With the name of a dialect, a size and the number of a
//! column, one reading of its recorded streams in pieces of that size by that way, for callgrind.

mod decode;
mod encode;
mod rival;

fn main() -> Result<(), zerostack_core::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    if let [dialect, size, way] = arguments.as_slice() {
        let (size, way) = (size.parse().unwrap_or(usize::MAX), way.parse().unwrap_or(0));
        decode::read_once(dialect, size, way);
        return Ok(());
    }
    decode::print();
    println!("\n{}", encode::measure()?);
    println!("{}", zerostack_tests::bench::fields::measure());
    Ok(())
}
