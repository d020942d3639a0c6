//! The buffer for a copy of a stack, made beforehand, and whose it is at the moment.
//!
//! | field | who writes | who reads | while |
//! |---|---|---|---|
//! | `bounds` | the asker, in `ask` | the handler, in `fill` | the state says so |
//! | `registers`, `bytes`, `len` | the handler, in `fill` | the asker, in `read` | the state says so |
//! | `state` | both, by its transitions | both | |
#![expect(unsafe_code, reason = "the buffer is the watchdog's or a signal handler's, by turns")]

use std::cell::UnsafeCell;
use std::fmt;
use std::ops::Range;

use crate::stack::copy::{self, Pieces, STACK_BYTES};
use crate::stack::registers::Registers;
use crate::state::{GivenUp, RequestState};

/// The word and the buffer.
pub(super) struct Slot {
    state: RequestState,
    copy: UnsafeCell<StackCopy>,
}

// SAFETY: the content is reached by whoever the state says has it, one at a time.
unsafe impl Sync for Slot {}

/// A copy of the innermost part of a thread's stack, and its registers.
pub(super) struct StackCopy {
    /// Whether the handler reads by itself, within these bounds; else the kernel reads.
    by_bounds: bool,
    bounds: Option<Range<usize>>,
    registers: Registers,
    bytes: Box<[u8]>,
    len: usize,
    pieces: Pieces,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("state", &self.state).finish_non_exhaustive()
    }
}

impl StackCopy {
    pub(super) fn registers(&self) -> Registers {
        self.registers
    }

    /// The eight bytes that stood at this address, if they were copied.
    pub(super) fn word(&self, address: u64) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.registers.sp)?).ok()?;
        let bytes = self.bytes[..self.len].get(at..)?.first_chunk()?;
        Some(u64::from_ne_bytes(*bytes))
    }

    /// Whether the stack may be longer than what was copied.
    pub(super) fn is_full(&self) -> bool {
        self.len == self.bytes.len()
    }
}

impl Slot {
    /// For the handler: whether a stack is asked for and nobody has begun to copy it.
    pub(super) fn is_asked(&self) -> bool {
        self.state.is_asked()
    }

    /// For the handler: copies registers and stack, if this request still stands.
    pub(super) fn fill(&self, number: u32, registers: Registers) {
        if !self.state.begin(number) {
            return;
        }
        // SAFETY: `begin` has given the buffer to this handler, until `finish`.
        let copy = unsafe { &mut *self.copy.get() };
        copy.registers = registers;
        let from = registers.sp as usize;
        copy.len = match &copy.bounds {
            // SAFETY: the bounds are those of the stack of this thread, which is here and nowhere else; what
            // is above the stack pointer is there.
            Some(bounds) if copy.by_bounds => unsafe {
                copy::within(bounds, from, &mut copy.bytes)
            },
            None if copy.by_bounds => 0,
            _ => copy.pieces.copy(from, &mut copy.bytes).unwrap_or(0),
        };
        self.state.finish(number);
    }
}

/// The right to ask: there is one for each slot, so one asks at a time.
#[derive(Debug)]
pub(super) struct Asker(&'static Slot);

impl Asker {
    /// A new slot. It is never freed: a handler may come at any time.
    pub(super) fn new(by_bounds: bool) -> Asker {
        let copy = StackCopy {
            by_bounds,
            bounds: None,
            registers: Registers::default(),
            bytes: vec![0; STACK_BYTES].into_boxed_slice(),
            len: 0,
            pieces: Pieces::new(),
        };
        Asker(Box::leak(Box::new(Slot { state: RequestState::new(), copy: UnsafeCell::new(copy) })))
    }

    /// The slot, for handlers.
    pub(super) fn slot(&self) -> &'static Slot {
        self.0
    }

    /// Makes a request for the stack of a thread, which lies within `bounds` where those are needed; `None`
    /// while an older one is still being answered.
    pub(super) fn ask(&mut self, bounds: Option<Range<usize>>) -> Option<u32> {
        self.0.state.ask(|| {
            // SAFETY: within `ask` the buffer is the asker's, and `&mut self` says there is one.
            unsafe { (*self.0.copy.get()).bounds = bounds };
        })
    }

    /// Whether the copy is there.
    pub(super) fn is_done(&self, number: u32) -> bool {
        self.0.state.is_done(number)
    }

    /// Withdraws the request.
    pub(super) fn give_up(&mut self, number: u32) -> GivenUp {
        self.0.state.give_up(number)
    }

    /// Calls `f` with the copy; `None` if it is not there.
    pub(super) fn read<R>(&self, number: u32, f: impl FnOnce(&StackCopy) -> R) -> Option<R> {
        // SAFETY: done, the buffer is the asker's until it asks again, which takes `&mut self`.
        self.is_done(number).then(|| f(unsafe { &*self.0.copy.get() }))
    }
}
