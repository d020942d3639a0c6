//! What an open file is at: whose turn it is, the bytes between the program and the pool, and the error
//! that nobody has been told yet.
//!
//! ```text
//!              ┌──1 read: nothing at hand──▶ Reading ──2 end_read─────────────────────────┐
//!              │                                                                          │
//!     Idle ────┼──3 write──────────────────▶ Writing ──5 settle: none is left─────────────┼──▶ Idle
//!      ▲       │                             │     ▲ └─6 end_write: lost is set───────────┤
//!      │       │                             └─────┘                                      │
//!      │       │                      4 next_output: what came meanwhile                  │
//!      │       └──7 begin, seek───────────▶ Busy ────8 end, end_seek──────────────────────┘
//!      │
//!      └── 9 take_lost: the next operation, whichever it is, is told, and does nothing else
//! ```
//!
//! In `Reading`, `Writing` and `Busy` one job of the pool is under way, and nobody else uses the file's
//! position: whoever comes waits. Only writes do not: they are taken into `output` while there is room,
//! and the job of before takes them along. So `output` has bytes in `Writing` only, and an idle file has
//! nothing that is not written.
//!
//! The position of the descriptor is ahead of the program's by what `input` has and the program has not
//! read. Before anything else is done at the position, the job takes it back by so much.
//!
//! This file does no I/O, wakes nobody, and is used under the lock of its owner ([`super::Engine`]).

use std::io::{self, SeekFrom};
use std::task::Waker;

use corio_base::WakeBatch;

/// How much a read asks the system for at least. Copying so much takes some 6 µs, about what the trip to
/// another thread takes.
pub(crate) const READ_BYTES_MIN: usize = 64 * 1024;

/// How much it asks for at most of its own accord: twice as much each time, while reads follow each other and
/// come back full. What is copied out of it soon should still be in the cache of a core.
const READ_AHEAD_MAX: usize = 256 * 1024;

/// How much it asks for at most, however large the caller's buffer is: copied twice in the cache of a
/// core, and long enough (100 µs) for the trip not to count.
pub(crate) const READ_BYTES_MAX: usize = 512 * 1024;

/// How many bytes of a program may wait to be written, beside as many that are being written.
pub(crate) const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// Who uses the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Idle,
    Reading,
    Writing,
    Busy,
}

/// What has been read ahead: `bytes[at..end]`.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    /// How much the last read asked for, if it got that, and nobody has been elsewhere since.
    in_a_row: usize,
}

impl Input {
    /// The room for a read whose caller could take `wanted` bytes.
    pub(crate) fn room(&mut self, wanted: usize) -> &mut [u8] {
        let ahead = (2 * self.in_a_row).clamp(READ_BYTES_MIN, READ_AHEAD_MAX);
        let bytes = wanted.clamp(ahead, READ_BYTES_MAX);
        if self.bytes.len() < bytes {
            self.bytes.resize(bytes, 0);
        }
        self.in_a_row = bytes;
        &mut self.bytes[..bytes]
    }
}

/// An error, before it is known of which file.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) operation: &'static str,
    pub(crate) error: io::Error,
    /// Bytes that had been taken.
    pub(crate) lost: u64,
}

/// How an attempt went.
#[must_use]
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    Done(T),
    Failed(Problem),
    /// Ask again when woken.
    Wait,
}

/// How an attempt to read went.
#[must_use]
#[derive(Debug)]
pub(crate) enum Read {
    Attempt(Attempt<usize>),
    /// Edge 1: fill this, and ask again.
    Start(Input),
}

/// How an attempt to write went.
#[must_use]
#[derive(Debug)]
pub(crate) enum Write {
    Attempt(Attempt<usize>),
    /// Edge 3: so many bytes were taken, and are to be written by a job.
    Start(usize),
}

/// How an attempt to seek went.
#[must_use]
#[derive(Debug)]
pub(crate) enum Seek {
    Attempt(Attempt<u64>),
    /// Edge 7: seek, and ask again.
    Start,
}

#[derive(Debug)]
pub(crate) struct State {
    stage: Stage,
    input: Input,
    /// The last read has found the end: the next one says so.
    ended: bool,
    /// Why the last read has found nothing, for the next one.
    read_error: Option<io::Error>,
    output: Vec<u8>,
    /// How many bytes were ever taken.
    accepted: u64,
    /// How many of them have been written, or lost.
    settled: u64,
    lost: Option<Problem>,
    /// What has become of a seek that is asked for again.
    sought: Option<(SeekFrom, io::Result<u64>)>,
    /// Who could be told of an error.
    pub(crate) handles: usize,
    waiters: Vec<Waker>,
}

impl State {
    pub(crate) fn new() -> Self {
        State {
            stage: Stage::Idle,
            input: Input::default(),
            ended: false,
            read_error: None,
            output: Vec::new(),
            accepted: 0,
            settled: 0,
            lost: None,
            sought: None,
            handles: 0,
            waiters: Vec::new(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Gives bytes that have been read to `take`, which says how many of them it took.
    pub(crate) fn read(&mut self, take: &mut dyn FnMut(&[u8]) -> usize) -> Read {
        if self.stage != Stage::Idle {
            return Read::Attempt(Attempt::Wait);
        }
        if let Some(problem) = self.take_lost() {
            return Read::Attempt(Attempt::Failed(problem));
        }
        if self.unread() > 0 {
            let taken = take(&self.input.bytes[self.input.at..self.input.end]);
            self.input.at += taken;
            return Read::Attempt(Attempt::Done(taken));
        }
        if let Some(error) = self.read_error.take() {
            return Read::Attempt(Attempt::Failed(Problem { operation: "read", error, lost: 0 }));
        }
        if std::mem::take(&mut self.ended) {
            return Read::Attempt(Attempt::Done(0));
        }
        self.sought = None;
        self.stage = Stage::Reading;
        Read::Start(std::mem::take(&mut self.input))
    }

    /// Edge 2.
    pub(crate) fn end_read(
        &mut self,
        mut input: Input,
        result: io::Result<usize>,
        wakers: &mut WakeBatch,
    ) {
        (input.at, input.end) = (0, 0);
        match result {
            Ok(0) => self.ended = true,
            Ok(bytes) => input.end = bytes,
            Err(error) => self.read_error = Some(error),
        }
        if input.end < input.in_a_row {
            input.in_a_row = 0;
        }
        self.input = input;
        self.become_idle(wakers);
    }

    /// How many bytes were read ahead.
    pub(crate) fn unread(&self) -> usize {
        self.input.end - self.input.at
    }

    /// The descriptor is where the program is, or about to go elsewhere.
    pub(crate) fn forget_input(&mut self) {
        (self.input.at, self.input.end, self.input.in_a_row) = (0, 0, 0);
        self.ended = false;
        self.read_error = None;
    }

    /// Takes as much of `bytes` as there is room for.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Write {
        if matches!(self.stage, Stage::Reading | Stage::Busy) {
            return Write::Attempt(Attempt::Wait);
        }
        if let Some(problem) = self.take_lost() {
            return Write::Attempt(Attempt::Failed(problem));
        }
        let taken = bytes.len().min(OUTPUT_BYTES_MAX - self.output.len());
        if taken == 0 {
            let nothing = bytes.is_empty();
            return Write::Attempt(if nothing { Attempt::Done(0) } else { Attempt::Wait });
        }
        self.output.extend_from_slice(&bytes[..taken]);
        self.accepted += taken as u64;
        self.sought = None;
        if self.stage == Stage::Writing {
            return Write::Attempt(Attempt::Done(taken));
        }
        self.stage = Stage::Writing;
        Write::Start(taken)
    }

    /// Edges 4 and 5: what is to be written next, in exchange for what has been.
    pub(crate) fn next_output(
        &mut self,
        mut written: Vec<u8>,
        wakers: &mut WakeBatch,
    ) -> Option<Vec<u8>> {
        if !self.settle(written.len(), wakers) {
            return None;
        }
        written.clear();
        Some(std::mem::replace(&mut self.output, written))
    }

    /// So many bytes have been written. `true`: there are more, and there is about to be room.
    pub(crate) fn settle(&mut self, bytes: usize, wakers: &mut WakeBatch) -> bool {
        self.settled += bytes as u64;
        let more = !self.output.is_empty();
        if !more {
            self.stage = Stage::Idle;
        }
        self.wake_all(wakers);
        more
    }

    /// Edge 6: `unwritten` bytes and all that came after them are lost. What is returned has nobody to
    /// be told.
    #[must_use]
    pub(crate) fn end_write(
        &mut self,
        unwritten: usize,
        error: io::Error,
        wakers: &mut WakeBatch,
    ) -> Option<Problem> {
        let lost = (unwritten + self.output.len()) as u64;
        self.output.clear();
        self.settled = self.accepted;
        self.lost = Some(Problem { operation: "write to", error, lost });
        self.become_idle(wakers);
        self.report()
    }

    /// How many bytes were ever taken: see [`State::flush`].
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Whether the first `bytes` that were taken have been written.
    pub(crate) fn flush(&mut self, bytes: u64) -> Attempt<()> {
        match self.take_lost() {
            Some(problem) => Attempt::Failed(problem),
            None if self.settled >= bytes => Attempt::Done(()),
            None => Attempt::Wait,
        }
    }

    /// Edge 7: the file is the caller's alone.
    pub(crate) fn begin(&mut self) -> Attempt<()> {
        if self.stage != Stage::Idle {
            return Attempt::Wait;
        }
        if let Some(problem) = self.take_lost() {
            return Attempt::Failed(problem);
        }
        self.sought = None;
        self.stage = Stage::Busy;
        Attempt::Done(())
    }

    /// Edge 8.
    pub(crate) fn end(&mut self, wakers: &mut WakeBatch) {
        self.become_idle(wakers);
    }

    /// Edge 7, and what came of it when it is asked for again.
    pub(crate) fn seek(&mut self, to: SeekFrom) -> Seek {
        if let Some((asked, result)) = self.sought.take()
            && asked == to
        {
            return Seek::Attempt(match result {
                Ok(position) => Attempt::Done(position),
                Err(error) => Attempt::Failed(Problem { operation: "seek in", error, lost: 0 }),
            });
        }
        match self.begin() {
            Attempt::Done(()) => Seek::Start,
            Attempt::Failed(problem) => Seek::Attempt(Attempt::Failed(problem)),
            Attempt::Wait => Seek::Attempt(Attempt::Wait),
        }
    }

    /// Edge 8.
    pub(crate) fn end_seek(
        &mut self,
        to: SeekFrom,
        result: io::Result<u64>,
        wakers: &mut WakeBatch,
    ) {
        self.sought = Some((to, result));
        self.become_idle(wakers);
    }

    /// Edge 9.
    pub(crate) fn take_lost(&mut self) -> Option<Problem> {
        self.lost.take()
    }

    /// The error that nobody is left to be told.
    #[must_use]
    pub(crate) fn report(&mut self) -> Option<Problem> {
        if self.handles == 0 { self.lost.take() } else { None }
    }

    /// Has `waker` woken when something changes, and gives back what it does not keep.
    #[must_use = "to be dropped outside the lock"]
    pub(crate) fn wait(&mut self, waker: Waker) -> Option<Waker> {
        if self.waiters.iter().any(|other| other.will_wake(&waker)) {
            return Some(waker);
        }
        self.waiters.push(waker);
        None
    }

    fn become_idle(&mut self, wakers: &mut WakeBatch) {
        self.stage = Stage::Idle;
        self.wake_all(wakers);
    }

    fn wake_all(&mut self, wakers: &mut WakeBatch) {
        self.waiters.drain(..).for_each(|waker| wakers.push(waker));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a read asks for, which gets `result`.
    fn read(state: &mut State, wanted: usize, result: impl FnOnce(usize) -> usize) -> usize {
        let nothing_taken = &mut |_: &[u8]| unreachable!("nothing is left");
        let Read::Start(mut input) = state.read(nothing_taken) else { panic!("{state:?}") };
        let asked = input.room(wanted).len();
        let mut wakers = WakeBatch::new();
        state.end_read(input, Ok(result(asked)), &mut wakers);
        // The caller takes it.
        state.input.at = state.input.end;
        asked
    }

    #[test]
    fn reads_in_a_row_ask_for_more_each_time() {
        let mut state = State::new();
        let full = |asked| asked;
        let mut asked = || read(&mut state, 1, full) / 1024;
        assert_eq!([asked(), asked(), asked(), asked()], [64, 128, 256, 256]);
        // A caller who wants more gets more, and does not change what is asked for without.
        assert_eq!(read(&mut state, 300 * 1024, full), 300 * 1024);
        assert_eq!(read(&mut state, usize::MAX, full), READ_BYTES_MAX);
        assert_eq!(read(&mut state, 1, full), READ_AHEAD_MAX);
    }

    #[test]
    fn one_that_comes_back_short_or_a_seek_begins_anew() {
        let mut state = State::new();
        read(&mut state, 1, |asked| asked);
        read(&mut state, 1, |_| 10);
        assert_eq!(read(&mut state, 1, |asked| asked), READ_BYTES_MIN);
        state.forget_input();
        assert_eq!(read(&mut state, 1, |asked| asked), READ_BYTES_MIN);
    }
}
