//! Tokio's `AsyncRead` and `AsyncWrite` of the standard streams.
//!
//! Only the traits: nothing of tokio runs, and what is read and written belongs to the loop or the pool it
//! belongs to anyway.

use corio_base::{tokio_read, tokio_write};

use super::{Stderr, Stdin, Stdout};

tokio_read!([] Stdin);
tokio_write!([] Stdout, vectored: false);
tokio_write!([] Stderr, vectored: false);
