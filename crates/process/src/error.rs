//! What goes wrong with children, in words: which one, what was tried, and what helps.
//!
//! All of it comes inside an `io::Error` of the system's kind.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use corio_signal::SignalKind;
use rustix::io::Errno;

use crate::exit::Exit;

/// A program could not be started; in the `io::Error` of [`Command::spawn`](crate::Command::spawn), whose
/// kind is the system's.
///
/// ```
/// let error = corio_process::Command::new("no-such-program").spawn().unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
/// assert!(error.to_string().starts_with("cannot start `no-such-program`: "));
/// ```
#[derive(Debug)]
pub struct SpawnError {
    program: OsString,
    folder: Option<PathBuf>,
    source: io::Error,
}

impl SpawnError {
    pub(crate) fn error(program: &OsStr, folder: Option<&Path>, source: io::Error) -> io::Error {
        let kind = source.kind();
        let folder = folder.map(Path::to_owned);
        io::Error::new(kind, SpawnError { program: program.to_owned(), folder, source })
    }

    /// Which program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// What the system said.
    pub fn get_ref(&self) -> &io::Error {
        &self.source
    }

    /// What helps, where the system's words do not say.
    fn remedy(&self) -> Option<String> {
        let errno = self.source.raw_os_error().map(Errno::from_raw_os_error)?;
        Some(match errno {
            Errno::MFILE => {
                "each child takes a descriptor and one for each pipe: raise the limit (ulimit -n), or \
                 run fewer at once"
                    .to_owned()
            }
            Errno::NFILE => "the whole system is out of descriptors: run fewer at once".to_owned(),
            Errno::AGAIN => {
                "the limit on processes is reached: raise it (ulimit -u), or run fewer at once"
                    .to_owned()
            }
            Errno::NOENT => match &self.folder {
                Some(folder) => format!(
                    "the program, its interpreter (#!) or its folder `{}` is missing",
                    folder.display()
                ),
                None => "the program or its interpreter (#!) is missing".to_owned(),
            },
            _ => return None,
        })
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot start `{}`: {}", self.program.display(), self.source)?;
        match self.remedy() {
            Some(remedy) => write!(f, ": {remedy}"),
            None => Ok(()),
        }
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// A child has ended, and nobody knows how: its status was taken by somebody else. In the `io::Error` of
/// [`Child::wait`](crate::Child::wait).
///
/// asyncio says 255 of such a child; here it is an error, which cannot be taken for a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLost {
    id: u32,
    program: OsString,
    errno: i32,
}

impl StatusLost {
    pub(crate) fn new(exit: &Exit, errno: i32) -> Self {
        StatusLost { id: exit.id(), program: exit.program().to_owned(), errno }
    }

    /// The number the child had.
    pub fn id(&self) -> u32 {
        self.id
    }
}

impl fmt::Display for StatusLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, program) = (self.id, self.program.display());
        if self.errno != Errno::CHILD.raw_os_error() {
            let error = io::Error::from_raw_os_error(self.errno);
            return write!(
                f,
                "the system does not say how child {id} (`{program}`) ended: {error}"
            );
        }
        write!(
            f,
            "child {id} (`{program}`) has ended, and its status was taken by somebody else: wait for \
             particular children only (no `waitpid(-1)` beside corio), and do not have SIGCHLD ignored",
        )
    }
}

impl Error for StatusLost {}

impl From<StatusLost> for io::Error {
    fn from(lost: StatusLost) -> io::Error {
        io::Error::other(lost)
    }
}

/// A signal was not sent.
pub(crate) fn cannot_signal(exit: &Exit, kind: SignalKind, error: io::Error) -> io::Error {
    let (id, program) = (exit.id(), exit.program().display());
    io::Error::new(error.kind(), format!("cannot send {kind} to child {id} (`{program}`): {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_start_is_named_with_what_helps() {
        let check = |errno: Errno, folder: Option<&str>, expected: &str| {
            let error = SpawnError::error(OsStr::new("prog"), folder.map(Path::new), errno.into());
            assert_eq!(error.kind(), io::Error::from(errno).kind());
            let text = error.to_string();
            assert!(text.starts_with("cannot start `prog`: ") && text.contains(expected), "{text}");
        };
        check(Errno::MFILE, None, "raise the limit (ulimit -n)");
        check(Errno::NFILE, None, "the whole system");
        check(Errno::AGAIN, None, "raise it (ulimit -u)");
        check(Errno::NOENT, Some("/nowhere"), "or its folder `/nowhere` is missing");
        check(Errno::NOENT, None, "(os error 2): the program or its interpreter");
        check(Errno::ACCESS, None, "ermission denied");
    }
}
