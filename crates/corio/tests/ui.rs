//! What the compiler says of misuse, word for word. `TRYBUILD=overwrite` writes it anew.

#[test]
fn misuse_is_told_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
