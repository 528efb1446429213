//! What the derives cannot express is a compile error that states what to do.

#[test]
fn what_cannot_be_expressed_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
