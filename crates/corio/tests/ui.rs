//! What the compiler says of misuse, word for word. `TRYBUILD=overwrite` writes it anew.
//!
//! With all features, for it names a trait by its path where another one of that name is about.
#![cfg(all(feature = "inspect", feature = "tls", feature = "tokio-io", feature = "watchdog"))]

#[test]
fn misuse_is_told_where_it_stands() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
