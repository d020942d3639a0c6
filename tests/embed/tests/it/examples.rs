//! The examples run to their end, and tell what they say they tell.

use corio_embed_tests::bounded;

#[path = "../../examples/embed_in_smol.rs"]
mod embed_in_smol;
#[path = "../../examples/embed_in_tokio.rs"]
mod embed_in_tokio;

#[test]
fn embed_in_tokio_ends_by_itself() {
    bounded(|| embed_in_tokio::main().unwrap());
}

#[test]
fn embed_in_smol_ends_by_itself() {
    bounded(|| embed_in_smol::main().unwrap());
}
