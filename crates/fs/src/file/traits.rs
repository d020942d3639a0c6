//! The `futures_io` traits of a [`File`], and of `&File`, as std has them.
//!
//! To close a file and hear of it: [`File::close`].

use super::File;
use crate::engine::futures::{futures_read, futures_seek, futures_write};

futures_read!(File, &File);
futures_write!(File, &File);
futures_seek!(File, &File);
