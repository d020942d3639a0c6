//! Standard input.
//!
//! A read of a terminal may wait for ever, and nothing can end it. So it is a job of a pool that has one
//! thread, is the process's own and is never closed: no runtime's end waits for it, and the process ends
//! with the thread in it.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, SeekFrom};
use std::panic::Location;
use std::sync::{Arc, OnceLock};

use corio_blocking::{Config, Pool};
use rustix::event::PollFlags;

use super::patiently;
use crate::engine::futures::futures_read;
use crate::engine::{Engine, Inner, Target};
use crate::error::Name;

/// std's, whose buffer may have something that was read before.
struct Input;

impl Target for Input {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let stdin = io::stdin();
        patiently(&stdin, PollFlags::IN, || stdin.lock().read(buffer))
    }

    fn write(&self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::Unsupported.into())
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(ErrorKind::NotSeekable.into())
    }
}

/// Never closed, so never waited for.
fn pool() -> Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Config::new().threads_max(1).thread_name("corio-stdin").build()).clone()
}

/// The standard input of the process.
///
/// ```no_run
/// # corio_base::park::block_on(async {
/// let mut line = [0; 80];
/// let read = corio_fs::stdin().read(&mut line).await?;
/// println!("{}", String::from_utf8_lossy(&line[..read]));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// Line by line it is read through a buffer, such as `corio::io::BufReader`, whose `lines()` give a
/// stream.
///
/// **All handles are one stream**: bytes go to whoever asks first. What was read and nobody took, because
/// its reader was cancelled, is kept for the next. Nothing is read before somebody asks. A read that
/// was asked for and then cancelled goes on: the next input comes here, not to a child process.
///
/// **At the end** of a run, or of the process, a read that still waits is in nobody's way. If the input was
/// closed before the program began, a read finds the end.
///
/// # Cancel safety
/// A cancelled read loses nothing.
#[derive(Clone)]
pub struct Stdin {
    engine: Engine<Input>,
}

/// The standard input of the process: see [`Stdin`].
#[track_caller]
pub fn stdin() -> Stdin {
    static INPUT: OnceLock<Arc<Inner<Input>>> = OnceLock::new();
    let (name, place) = (Name::Text("standard input"), Location::caller());
    let inner = INPUT.get_or_init(|| Inner::new(Input, name, pool, place));
    Stdin { engine: Engine::new(inner.clone()) }
}

impl Stdin {
    /// Reads what there is, or waits for something: 0 is the end.
    ///
    /// # Errors
    /// The system's.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| self.engine.poll_read_into(context, buffer)).await
    }

    /// Appends all that comes, up to the end, to `bytes`, and says how much that was.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Cancel safety
    /// What was read by then is in `bytes`.
    pub async fn read_to_end(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let before = bytes.len();
        loop {
            let read = poll_fn(|context| {
                self.engine.poll_read(context, 0, &mut |input| {
                    bytes.extend_from_slice(input);
                    input.len()
                })
            });
            if read.await? == 0 {
                return Ok(bytes.len() - before);
            }
        }
    }
}

futures_read!(Stdin);

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdin")
    }
}
