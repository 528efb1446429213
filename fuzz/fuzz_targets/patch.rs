#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| zerostack_fuzz_targets::patch(input));
