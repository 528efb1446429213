#![no_main]

use zerostack_fuzz_targets::{load_vocabularies, tokens};

libfuzzer_sys::fuzz_target!(init: load_vocabularies(), |input: &[u8]| tokens(input));
