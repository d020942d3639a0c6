//! Tokio's `AsyncRead` and `AsyncWrite` of a duplex.
//!
//! Only the traits: nothing of tokio runs, and what is read and written belongs to the loop or the pool it
//! belongs to anyway.

use corio_base::{tokio_read, tokio_write};

use super::DuplexStream;

tokio_read!([] DuplexStream);
tokio_write!([] DuplexStream, vectored: true);
tokio_read!([] & DuplexStream);
tokio_write!([] &DuplexStream, vectored: true);
