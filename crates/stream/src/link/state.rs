//! What is unsent, and who may send it: everything a link keeps under its lock.
//!
//! **The right to write** is a flag, `is_writing`: who sets it is the only one that calls the
//! connection's writing side, without the lock, and hands the right on to a pump or gives it back when
//! nothing is left to do. Whoever else writes meanwhile appends to the queue.
//!
//! **The race**: bytes are appended, or the connection is closed, while the holder gives the right
//! back. Both happen under the lock: the holder gives it back only in the step that finds nothing left
//! ([`State::next`]), and who finds the right given back takes it.

use std::collections::VecDeque;
use std::io::IoSlice;

use super::phase::{Phase, PhaseWord};
use crate::error::Sticky;
use crate::server::Seat;

/// More than this many unsent bytes make [`drain`](crate::StreamWriter::drain) wait: asyncio's number.
pub const HIGH_WATER_DEFAULT: usize = 64 * 1024;
/// It waits until so many are left: asyncio's, a quarter.
pub const LOW_WATER_DEFAULT: usize = HIGH_WATER_DEFAULT / 4;
/// So many writes after the end are let pass in silence: a program that never looks at `drain` hears of
/// it, one that is about to look does not. asyncio's number.
const WRITES_AFTER_END_SILENT: u32 = 5;
/// An empty queue keeps so much memory.
const KEEP_MAX: usize = HIGH_WATER_DEFAULT;

/// The end of the direction out, alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eof {
    No,
    Asked,
    Done,
}

/// What a write has to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// The right to write is the caller's: try now, then [`State::finish_write`].
    Try,
    /// The bytes are in the queue.
    Queued,
    /// The connection has ended; tell the program that it goes on writing.
    Ended { tell: bool },
    /// The program has ended the direction itself.
    AfterEof,
}

/// What the holder of the right to write has to do next.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Write(VecDeque<u8>),
    Eof,
    Close,
    /// Nothing: the right was given back.
    Rest,
}

/// What [`State::ask`] and its kind have to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The right to write is the caller's: do it.
    Do,
    /// Whoever has the right does it, or it is done.
    Leave,
    /// The connection is broken: end it.
    Abort,
}

#[derive(Debug)]
pub(crate) struct State {
    queue: VecDeque<u8>,
    /// The bytes in the queue, and those the holder of the right has in its hands.
    unsent: usize,
    is_writing: bool,
    eof: Eof,
    is_paused: bool,
    low: usize,
    high: usize,
    writes_after_end: u32,
    /// The connection has ended, and nothing was lost by it.
    pub(crate) all_was_sent: bool,
    pub(crate) error: Option<Sticky>,
    pub(crate) reader_error: Option<Sticky>,
    pub(crate) seat: Option<Seat>,
}

impl State {
    pub(crate) fn new() -> Self {
        State {
            queue: VecDeque::new(),
            unsent: 0,
            is_writing: false,
            eof: Eof::No,
            is_paused: false,
            low: LOW_WATER_DEFAULT,
            high: HIGH_WATER_DEFAULT,
            writes_after_end: 0,
            all_was_sent: false,
            error: None,
            reader_error: None,
            seat: None,
        }
    }

    pub(crate) fn unsent(&self) -> usize {
        self.unsent
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    pub(crate) fn limits(&self) -> (usize, usize) {
        (self.low, self.high)
    }

    /// `true`: who drains may go on.
    pub(crate) fn set_limits(&mut self, low: usize, high: usize) -> bool {
        (self.low, self.high) = (low, high);
        self.is_paused |= self.unsent > high;
        self.resume()
    }

    fn pause(&mut self) {
        self.is_paused |= self.unsent > self.high;
    }

    fn resume(&mut self) -> bool {
        let resumes = self.is_paused && self.unsent <= self.low;
        self.is_paused &= !resumes;
        resumes
    }

    /// A write of `total` bytes begins.
    pub(crate) fn begin_write(
        &mut self,
        phase: Phase,
        bytes: &[IoSlice<'_>],
        total: usize,
    ) -> Begin {
        // First: a mistake of the program is one whether the connection has ended by now or not.
        if self.eof != Eof::No {
            return Begin::AfterEof;
        }
        if phase != Phase::Open {
            self.writes_after_end = self.writes_after_end.saturating_add(1);
            return Begin::Ended { tell: self.writes_after_end == WRITES_AFTER_END_SILENT };
        }
        self.unsent += total;
        if self.is_writing {
            bytes.iter().for_each(|slice| self.queue.extend(slice.iter()));
            self.pause();
            return Begin::Queued;
        }
        self.is_writing = true;
        Begin::Try
    }

    /// The first `taken` of `bytes` were sent; the rest goes before what has been appended meanwhile.
    pub(crate) fn finish_write(&mut self, bytes: &[IoSlice<'_>], taken: usize) {
        self.unsent -= taken;
        let mut skip = taken;
        let mut rest = VecDeque::new();
        for slice in bytes {
            let skipped = skip.min(slice.len());
            skip -= skipped;
            if skipped < slice.len() && self.queue.is_empty() && rest.is_empty() {
                // The queue's own memory, if nobody has appended.
                rest = std::mem::take(&mut self.queue);
            }
            rest.extend(slice[skipped..].iter());
        }
        self.put_first(rest);
        self.pause();
    }

    /// Puts `rest` before what is in the queue.
    fn put_first(&mut self, mut rest: VecDeque<u8>) {
        if rest.is_empty() {
            return;
        }
        rest.append(&mut self.queue);
        self.queue = rest;
    }

    /// What the holder of the right does next; `spare` is an empty queue's memory, to be used again.
    pub(crate) fn next(&mut self, phase: Phase, spare: VecDeque<u8>) -> Next {
        debug_assert!(self.is_writing, "only the holder asks what to do next");
        if phase.is_over() {
            self.is_writing = false;
            return Next::Rest;
        }
        if !self.queue.is_empty() {
            return Next::Write(std::mem::replace(&mut self.queue, spare));
        }
        if self.queue.capacity() == 0 && spare.capacity() <= KEEP_MAX {
            self.queue = spare;
        }
        if phase == Phase::Closing {
            return Next::Close;
        }
        if self.eof == Eof::Asked {
            return Next::Eof;
        }
        self.is_writing = false;
        Next::Rest
    }

    /// The holder has sent so many bytes. `true`: who drains may go on.
    pub(crate) fn sent(&mut self, count: usize) -> bool {
        self.unsent = self.unsent.saturating_sub(count);
        self.resume()
    }

    pub(crate) fn eof_is_done(&mut self) {
        self.eof = Eof::Done;
    }

    /// The direction out is to be ended, after what is unsent.
    pub(crate) fn ask_eof(&mut self, phase: Phase) -> Asked {
        if phase != Phase::Open || self.eof != Eof::No {
            return Asked::Leave;
        }
        self.eof = Eof::Asked;
        self.take_right()
    }

    /// The connection is to be closed, after what is unsent.
    pub(crate) fn ask_close(&mut self, word: &PhaseWord) -> Asked {
        match word.get() {
            Phase::Open => {
                word.set(Phase::Closing);
                self.take_right()
            }
            Phase::Broken => Asked::Abort,
            Phase::Closing | Phase::Lost => Asked::Leave,
        }
    }

    /// Whether the direction out was ended.
    pub(super) fn has_eof(&self) -> bool {
        self.eof != Eof::No
    }

    /// Takes the right to write, if nobody has it. It is given back as a pump's is.
    #[cfg(feature = "tls")]
    #[must_use]
    pub(super) fn try_take_right(&mut self) -> bool {
        self.take_right() == Asked::Do
    }

    fn take_right(&mut self) -> Asked {
        if self.is_writing {
            return Asked::Leave;
        }
        self.is_writing = true;
        Asked::Do
    }

    /// The connection has ended: what is unsent never will be. Gives it back to be dropped.
    pub(crate) fn end(&mut self) -> VecDeque<u8> {
        self.unsent = 0;
        self.is_paused = false;
        std::mem::take(&mut self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(state: &mut State, bytes: &[u8]) -> Begin {
        state.begin_write(Phase::Open, &[IoSlice::new(bytes)], bytes.len())
    }

    fn all(queue: VecDeque<u8>) -> Vec<u8> {
        queue.into()
    }

    fn next(state: &mut State) -> Next {
        state.next(Phase::Open, VecDeque::new())
    }

    #[test]
    fn what_was_not_taken_goes_before_what_came_meanwhile() {
        let mut state = State::new();
        assert_eq!(begin(&mut state, b"abcdef"), Begin::Try);
        assert_eq!(begin(&mut state, b"ghi"), Begin::Queued);
        state.finish_write(&[IoSlice::new(b"abc"), IoSlice::new(b"def")], 2);
        assert_eq!(state.unsent(), 7);
        let Next::Write(queue) = next(&mut state) else { panic!("there is something to write") };
        assert_eq!(all(queue), b"cdefghi");
        assert_eq!(begin(&mut state, b"j"), Begin::Queued);
        assert!(!state.sent(7));
        let Next::Write(queue) = next(&mut state) else { panic!("one byte came meanwhile") };
        assert_eq!(all(queue), b"j");
        assert!(!state.sent(1));
        assert_eq!(next(&mut state), Next::Rest);
        assert_eq!(begin(&mut state, b"k"), Begin::Try);
    }

    #[test]
    fn pauses_above_high_water_and_resumes_at_low() {
        let mut state = State::new();
        assert!(!state.set_limits(2, 4));
        assert_eq!(begin(&mut state, b"abcd"), Begin::Try);
        state.finish_write(&[IoSlice::new(b"abcd")], 0);
        assert!(!state.is_paused(), "not more than the high water");
        assert_eq!(begin(&mut state, b"e"), Begin::Queued);
        assert!(state.is_paused());
        assert!(!state.sent(2));
        assert!(state.is_paused());
        assert!(state.sent(1));
        assert!(!state.is_paused());
        assert!(!state.sent(1), "told once");
        assert_eq!(begin(&mut state, b"fghi"), Begin::Queued);
        assert!(state.is_paused());
        assert!(state.set_limits(8, 9), "new limits let go, too");
    }

    #[test]
    fn end_of_file_and_close_come_after_the_bytes() {
        let mut state = State::new();
        let word = PhaseWord::new();
        assert_eq!(begin(&mut state, b"ab"), Begin::Try);
        assert_eq!(state.ask_eof(word.get()), Asked::Leave, "the writer does it");
        assert_eq!(begin(&mut state, b"c"), Begin::AfterEof);
        state.finish_write(&[IoSlice::new(b"ab")], 1);
        assert!(matches!(next(&mut state), Next::Write(queue) if all(queue.clone()) == b"b"));
        assert!(!state.sent(1));
        assert_eq!(next(&mut state), Next::Eof);
        state.eof_is_done();
        assert_eq!(next(&mut state), Next::Rest);
        assert_eq!(state.ask_close(&word), Asked::Do);
        assert_eq!(state.ask_close(&word), Asked::Leave);
        assert_eq!(state.next(word.get(), VecDeque::new()), Next::Close);
        word.set(Phase::Lost);
        assert_eq!(state.next(word.get(), VecDeque::new()), Next::Rest);
    }

    #[test]
    fn the_fifth_write_after_the_end_is_told_of() {
        let mut state = State::new();
        let mut told = Vec::new();
        for number in 1..=10 {
            if state.begin_write(Phase::Lost, &[], 0) == (Begin::Ended { tell: true }) {
                told.push(number);
            }
        }
        assert_eq!(told, [5]);
    }
}
