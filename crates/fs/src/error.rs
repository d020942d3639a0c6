//! What went wrong with which file.
//!
//! The system's errors name neither. So each error of this crate is an `io::Error` of the same kind around
//! a [`PathError`], which has the path, the operation and the system's own error.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What an operation is done to.
#[derive(Clone, Debug)]
pub(crate) enum Name {
    Path(Arc<Path>),
    /// From one path to another.
    Paths(Arc<Path>, Arc<Path>),
    /// What has no path.
    Text(&'static str),
}

impl Name {
    pub(crate) fn path(path: &Path) -> Name {
        Name::Path(path.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Path(path) => write!(f, "{path:?}"),
            Name::Paths(from, to) => write!(f, "{from:?} to {to:?}"),
            Name::Text(text) => f.write_str(text),
        }
    }
}

/// What is inside every `io::Error` of this crate: the operation, the path, and the system's error.
///
/// ```
/// use corio_fs::PathError;
///
/// # corio_base::park::block_on(async {
/// let error = corio_fs::read("/no/such/file").await.unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert!(error.to_string().starts_with("could not read \"/no/such/file\": "));
///
/// let inside = PathError::of(&error).unwrap();
/// assert_eq!(inside.path().unwrap().to_str(), Some("/no/such/file"));
/// assert_eq!(inside.os_error().raw_os_error(), Some(2));
/// # });
/// ```
#[derive(Debug)]
pub struct PathError {
    operation: &'static str,
    name: Name,
    lost: u64,
    source: io::Error,
}

impl PathError {
    /// What is inside `error`, if it is one of this crate's.
    pub fn of(error: &io::Error) -> Option<&PathError> {
        error.get_ref()?.downcast_ref()
    }

    /// What was to be done: `read`, `write`, `create the folder`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The file or folder; that which was to be moved or copied, where there are two. `None` for what
    /// has no path: a standard stream, a file made from a descriptor.
    pub fn path(&self) -> Option<&Path> {
        match &self.name {
            Name::Path(path) | Name::Paths(path, _) => Some(path),
            Name::Text(_) => None,
        }
    }

    /// Where it was to be moved or copied to.
    pub fn other_path(&self) -> Option<&Path> {
        match &self.name {
            Name::Paths(_, to) => Some(to),
            Name::Path(_) | Name::Text(_) => None,
        }
    }

    /// How many bytes that an earlier write had taken are not in the file: 0, except where a write
    /// failed after it had been answered.
    pub fn bytes_lost(&self) -> u64 {
        self.lost
    }

    /// The system's error, with its number.
    pub fn os_error(&self) -> &io::Error {
        &self.source
    }

    /// An `io::Error` around it, of the kind of `source`.
    pub(crate) fn wrap(operation: &'static str, name: &Name, source: io::Error) -> io::Error {
        Self::wrap_lost(operation, name, source, 0)
    }

    pub(crate) fn wrap_lost(
        operation: &'static str,
        name: &Name,
        source: io::Error,
        lost: u64,
    ) -> io::Error {
        let kind = source.kind();
        io::Error::new(kind, PathError { operation, name: name.clone(), lost, source })
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {} {}", self.operation, self.name)?;
        if self.lost > 0 {
            write!(f, ", and {} bytes that had been taken are lost", self.lost)?;
        }
        write!(f, ": {}", self.source)
    }
}

impl Error for PathError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
