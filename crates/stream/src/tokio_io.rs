//! Tokio's I/O traits of readers and writers.
//!
//! Only the traits: nothing of tokio runs, and what is read and written belongs to the loop or the pool it
//! belongs to anyway.

use corio_base::{tokio_buf_read, tokio_read, tokio_write};

use crate::reader::StreamReader;
use crate::writer::StreamWriter;

tokio_read!([] StreamReader);
tokio_buf_read!([] StreamReader);
tokio_write!([] StreamWriter, vectored: true);
