//! A session is small, and its size is known when it is compiled.

use zerostack_core::{Request, Session, SessionConfig};

#[test]
fn a_session_takes_little_beside_its_memory() {
    let config = size_of::<SessionConfig<'_>>();
    let lent = size_of::<Session<SessionConfig<'_>, &mut [u8]>>() - config;
    let array = size_of::<Session<SessionConfig<'_>, [u8; 4096]>>() - config - 4096;
    let request = size_of::<Request<'_>>();
    println!("64 bits: {lent} bytes beside a lent slice, {array} beside an array");
    println!("64 bits: {request} bytes of a request that is being written");
    // On 32 bits it is a little less; the firmware image is measured in no_panic.rs.
    assert!(lent <= 512 && array <= 512);
    assert!(request <= 512);
}
