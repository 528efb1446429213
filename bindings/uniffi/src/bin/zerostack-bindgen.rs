//! `zerostack-bindgen generate --library FILE --language LANGUAGE --out-dir DIR`: writes the
//! sources that go with a built library. The same version of uniffi as the library's own.

fn main() {
    uniffi::uniffi_bindgen_main();
}
