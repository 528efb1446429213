//! What a panic does on bare metal. No call of this library panics; the language wants a handler.

#[panic_handler]
fn stop(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
