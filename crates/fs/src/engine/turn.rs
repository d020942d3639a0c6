//! A turn at the file: what a job of the pool does there.
//!
//! Nothing of it belongs to the caller, so who is cancelled or dropped leaves a turn that ends by itself:
//! what was read stays for the next read, and what was to be written is written.
//!
//! A pool that has no room for the job sends it to a spare one, which is the process's own. A pool that is
//! closed while the job stands in its queue drops it. Then a read and a seek are told so; what was to be
//! written goes to the spare pool as well, and who drops it waits for that, for [`WAIT_MAX`]: at the end of
//! a runtime there is nobody else who would, and bytes that were taken must not vanish with the process.

use std::io::{self, ErrorKind, SeekFrom};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use corio_blocking::{Config, Job, Pool, is_cancelled};

use super::state::Input;
use super::{Inner, TARGET, Target};

/// How many buffers one job writes before it goes to the end of the pool's queue: a program that writes
/// without pause may not keep a thread for itself where a pool has few.
const OUTPUTS_PER_JOB_MAX: usize = 16;

/// How long the end of a runtime waits for bytes that its pool has no time for. A disk takes milliseconds
/// for the 512 KiB there can be at most; what takes this long is a pipe that nobody reads, and the log is
/// told of it.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// For what the pool of its runtime cannot take. Never closed.
fn spare_pool() -> Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| Config::new().thread_name("corio-fs").build()).clone()
}

pub(super) enum Work {
    /// With how much the caller could take.
    Read(Input, usize),
    Write,
    Seek(SeekFrom),
}

/// A job before it has run. Dropped, it ends as its work can.
pub(super) struct Turn<T: Target> {
    inner: Arc<Inner<T>>,
    work: Option<Work>,
    /// It was dropped before.
    is_rescued: bool,
}

impl<T: Target> Turn<T> {
    pub(super) fn new(inner: Arc<Inner<T>>, work: Work) -> Self {
        Turn { inner, work: Some(work), is_rescued: false }
    }

    /// Gives it to the pool. It may have been dropped there when this returns.
    pub(super) fn spawn(self) {
        let (job, pool) = (self.job(), (self.inner.pool)());
        match job.clone().try_spawn_on(&pool, move || self.run()) {
            Ok(handle) => drop(handle),
            Err(full) => drop(job.spawn_on(&spare_pool(), full.into_inner())),
        }
    }

    fn job(&self) -> Job {
        let does = match &self.work {
            Some(Work::Read(..)) => "read",
            Some(Work::Write) => "write to",
            Some(Work::Seek(_)) | None => "seek in",
        };
        Job::new().name(format!("{does} {}", self.inner.name))
    }

    fn run(mut self) {
        let inner = self.inner.clone();
        match self.work.take() {
            Some(Work::Read(input, wanted)) => inner.read(input, wanted),
            Some(Work::Write) => {
                while inner.write_some(OUTPUTS_PER_JOB_MAX) {
                    // A pool that is being closed has no queue any more, but waits for this job.
                    if !is_cancelled() {
                        return Turn::new(inner, Work::Write).spawn();
                    }
                }
            }
            Some(Work::Seek(to)) => inner.seek(to),
            None => {}
        }
    }

    /// What was to be written is written elsewhere, and waited for.
    #[cold]
    fn rescue(inner: Arc<Inner<T>>) {
        let turn = Turn { inner: inner.clone(), work: Some(Work::Write), is_rescued: true };
        let (written, is_written) = channel();
        let job = turn.job().spawn_on(&spare_pool(), move || {
            turn.run();
            let _ = written.send(());
        });
        drop(job);
        if is_written.recv_timeout(WAIT_MAX) == Err(RecvTimeoutError::Timeout) {
            corio_trace::report_error(
                TARGET,
                format_args!(
                    "what was written to {} when its runtime ended is still on its way after \
                     {WAIT_MAX:?}, and lost if the process ends: is there somebody who reads it?",
                    inner.name,
                ),
            );
        }
    }
}

impl<T: Target> Drop for Turn<T> {
    fn drop(&mut self) {
        match self.work.take() {
            Some(Work::Read(input, _)) => {
                self.inner.change(|state, wakers| state.end_read(input, Err(refused()), wakers));
            }
            Some(Work::Write) if self.is_rescued => {
                // The system has no thread left.
                while self.inner.write_some(OUTPUTS_PER_JOB_MAX) {}
            }
            Some(Work::Write) => Self::rescue(self.inner.clone()),
            Some(Work::Seek(to)) => {
                self.inner.change(|state, wakers| state.end_seek(to, Err(refused()), wakers));
            }
            None => {}
        }
    }
}

fn refused() -> io::Error {
    io::Error::other("the blocking pool did not do it: its runtime is ending")
}

impl<T: Target> Inner<T> {
    fn read(&self, mut input: Input, wanted: usize) {
        let room = input.room(wanted);
        let result = uninterrupted(|| self.target.read(room));
        self.change(|state, wakers| state.end_read(input, result, wakers));
    }

    fn seek(&self, to: SeekFrom) {
        let result = self.rewind().and_then(|()| self.target.seek(to));
        self.change(|state, wakers| {
            if result.is_ok() {
                // It may have found the end where it was.
                state.forget_input();
            }
            state.end_seek(to, result, wakers);
        });
    }

    /// Writes what there is, `outputs_max` buffers at most. `true`: there is more.
    fn write_some(&self, outputs_max: usize) -> bool {
        let mut output = Vec::new();
        for _ in 0..outputs_max {
            let next = self.change(|state, wakers| state.next_output(output, wakers));
            let Some(next) = next else { return false };
            output = next;
            let (written, result) = match self.rewind() {
                Ok(()) => self.write_all(&output),
                Err(error) => (0, Err(error)),
            };
            if let Err(error) = result {
                let left = output.len() - written;
                let unheard = self.change(|state, wakers| state.end_write(left, error, wakers));
                if let Some(problem) = unheard {
                    self.report(problem);
                }
                return false;
            }
        }
        self.change(|state, wakers| state.settle(output.len(), wakers))
    }

    fn write_all(&self, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        while written < bytes.len() {
            match uninterrupted(|| self.target.write(&bytes[written..])) {
                Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) => return (written, Err(error)),
            }
        }
        (written, Ok(()))
    }

    /// Takes the descriptor back to where the program is. What has no position (a pipe, a terminal) keeps
    /// what was read: nothing else is read there.
    fn rewind(&self) -> io::Result<()> {
        let unread = self.state().unread();
        if unread > 0 {
            match self.target.seek(SeekFrom::Current(-(unread as i64))) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotSeekable => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.state().forget_input();
        Ok(())
    }
}

/// Makes the call again when a signal has interrupted it.
fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The file is its owner's alone until it is dropped.
pub(crate) struct Exclusive<T: Target>(Arc<Inner<T>>);

impl<T: Target> Exclusive<T> {
    pub(super) fn new(inner: Arc<Inner<T>>) -> Self {
        Exclusive(inner)
    }

    pub(crate) fn target(&self) -> &T {
        &self.0.target
    }

    /// On a thread that may block: takes the descriptor to where the program is.
    pub(crate) fn rewind(&self) -> io::Result<()> {
        self.0.rewind()
    }
}

impl<T: Target> Drop for Exclusive<T> {
    fn drop(&mut self) {
        self.0.change(|state, wakers| state.end(wakers));
    }
}
