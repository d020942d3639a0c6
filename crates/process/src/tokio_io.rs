//! Tokio's `AsyncRead` and `AsyncWrite` of our ends of a child's pipes.
//!
//! Only the traits: nothing of tokio runs, and what is read and written belongs to the loop or the pool it
//! belongs to anyway.

use corio_base::{tokio_read, tokio_write};

use crate::pipes::{ChildStderr, ChildStdin, ChildStdout};

tokio_write!([] ChildStdin, vectored: false);
tokio_read!([] ChildStdout);
tokio_read!([] ChildStderr);
