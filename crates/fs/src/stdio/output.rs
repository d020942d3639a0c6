//! Standard output and standard error.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, SeekFrom, Write};
use std::panic::Location;
use std::sync::{Arc, OnceLock};

use corio_blocking::current;
use corio_trace::action::Deed;
use rustix::event::PollFlags;

use super::patiently;
use crate::deeds::{
    StderrFlushDeed, StderrWriteAllDeed, StderrWriteDeed, StdoutFlushDeed, StdoutWriteAllDeed,
    StdoutWriteDeed,
};
use crate::engine::futures::futures_write;
use crate::engine::{Engine, Inner, Target};
use crate::error::Name;

/// The descriptor itself: std's own stream would keep what it could not write, and try again later what was
/// reported as lost.
struct Output;

impl Target for Output {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let stdout = io::stdout();
        // What was printed before comes first. That this fails is its printer's to know.
        let _ = stdout.lock().flush();
        patiently(&stdout, PollFlags::OUT, || Ok(rustix::io::write(&stdout, bytes)?))
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::NotSeekable.into())
    }
}

/// std's has no buffer.
struct Errors;

impl Target for Errors {
    fn read(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let stderr = io::stderr();
        patiently(&stderr, PollFlags::OUT, || Ok(rustix::io::write(&stderr, bytes)?))
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::NotSeekable.into())
    }
}

/// The standard output of the process.
///
/// ```
/// # corio_base::park::block_on(async {
/// let stdout = corio_fs::stdout();
/// stdout.write_all(b"a line\n").await?;
/// stdout.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// **All handles are one stream**: bytes come out in the order they were taken, each write in one piece as
/// long as the buffer, of 256 KiB, has room for it. What was printed with `print!` before comes before.
///
/// **A write is over** when its bytes are in the buffer; a job of the pool is under way with them. Its error
/// comes to the next operation of any handle, or to [`flush`](Stdout::flush), and to the log (target
/// `corio::fs`) when no handle is left to be told. The end of `corio::run` waits for what was taken; where
/// another executor runs, or the process ends by `exit`, end with `flush().await`.
///
/// # Cancel safety
/// What was taken will be written.
#[derive(Clone)]
pub struct Stdout {
    engine: Engine<Output>,
}

/// The standard error of the process; as [`Stdout`], for descriptor 2.
#[derive(Clone)]
pub struct Stderr {
    engine: Engine<Errors>,
}

/// The standard output of the process: see [`Stdout`].
#[track_caller]
pub fn stdout() -> Stdout {
    static OUTPUT: OnceLock<Arc<Inner<Output>>> = OnceLock::new();
    let (name, place) = (Name::Text("standard output"), Location::caller());
    let inner = OUTPUT.get_or_init(|| Inner::new(Output, name, current::pool, place));
    Stdout { engine: Engine::new(inner.clone()) }
}

/// The standard error of the process: see [`Stderr`].
#[track_caller]
pub fn stderr() -> Stderr {
    static ERRORS: OnceLock<Arc<Inner<Errors>>> = OnceLock::new();
    let (name, place) = (Name::Text("standard error"), Location::caller());
    let inner = ERRORS.get_or_init(|| Inner::new(Errors, name, current::pool, place));
    Stderr { engine: Engine::new(inner.clone()) }
}

impl Stdout {
    /// Takes some of `bytes`, and says how many.
    ///
    /// # Errors
    /// What an earlier write has failed with; this one is not begun then.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        StdoutWriteDeed::doing(async move { write(&self.engine, bytes).await })
    }

    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// As [`Stdout::write`].
    ///
    /// # Cancel safety
    /// Cancelled, it has taken some of them.
    #[track_caller]
    pub fn write_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> {
        StdoutWriteAllDeed::doing(async move { write_all(&self.engine, bytes).await })
    }

    /// Waits until what was taken before has been given to the system.
    ///
    /// # Errors
    /// What it has failed with.
    #[track_caller]
    pub fn flush(&self) -> impl Future<Output = io::Result<()>> {
        StdoutFlushDeed::doing(async move { flush(&self.engine).await })
    }
}

impl Stderr {
    /// Takes some of `bytes`, and says how many.
    ///
    /// # Errors
    /// What an earlier write has failed with; this one is not begun then.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        StderrWriteDeed::doing(async move { write(&self.engine, bytes).await })
    }

    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// As [`Stderr::write`].
    ///
    /// # Cancel safety
    /// Cancelled, it has taken some of them.
    #[track_caller]
    pub fn write_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> {
        StderrWriteAllDeed::doing(async move { write_all(&self.engine, bytes).await })
    }

    /// Waits until what was taken before has been given to the system.
    ///
    /// # Errors
    /// What it has failed with.
    #[track_caller]
    pub fn flush(&self) -> impl Future<Output = io::Result<()>> {
        StderrFlushDeed::doing(async move { flush(&self.engine).await })
    }
}

async fn write<T: Target>(engine: &Engine<T>, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|context| engine.poll_write(context, bytes)).await
}

async fn write_all<T: Target>(engine: &Engine<T>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = write(engine, bytes).await?;
        bytes = &bytes[taken..];
    }
    Ok(())
}

async fn flush<T: Target>(engine: &Engine<T>) -> io::Result<()> {
    let bytes = engine.accepted();
    poll_fn(|context| engine.poll_flush(context, bytes)).await
}

futures_write!(Stdout, Stderr);

impl fmt::Debug for Stdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdout")
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stderr")
    }
}
