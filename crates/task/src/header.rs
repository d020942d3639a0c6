//! The part of a task that does not know its future's type.
//!
//! | field | who reads | who writes | under what |
//! |---|---|---|---|
//! | `vtable`, `home`, `flavour`, `cold` | anybody | the maker | written once, before the task is shared |
//! | `more` | anybody | anybody, once | atomic; [`crate::more`] |
//! | `word` | anybody | anybody | atomic; [`crate::ledger`] (bound) or [`crate::free`] (free) |
//! | `flags`, `refs`, `slot` | bound: the home's thread | the same | being that thread |
//! | `done` | anybody | bound: the home's thread, once; free: who completes | Release, Acquire; free: under the word's COMPLETE |
//! | `call` | anybody | the maker, then anybody by [`crate::call`] | atomic; 0: this is a task, no call |
//! | `next` | who holds the task's `Runnable` | the same | there is one `Runnable` |
//! | `joiner` | bound: the home's thread; free: by the word's JOINER bit | the same | see [`crate::join`] |
//!
//! A header is 88 bytes; with a future of 16 bytes that
//! makes a block of 104, which common allocators serve from 112 bytes with nothing wasted.
#![expect(unsafe_code, reason = "a header is written where it will stand, field by field")]

use std::panic::Location;
use std::ptr::{self, NonNull};
use std::task::{Context, Waker};

use corio_base::loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32};

use crate::home::HomeRef;
use crate::join::JoinError;
use crate::local::Local;
use crate::more::More;
use crate::pool::Shape;

/// Which of the two state machines a task has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flavour {
    /// Polled, completed and dropped on its home's thread only.
    Bound,
    /// May be polled on any thread, one at a time.
    Free,
}

/// What every task begins with.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) vtable: &'static Vtable,
    pub(crate) home: HomeRef,
    pub(crate) word: AtomicU32,
    pub(crate) refs: Local<u32>,
    pub(crate) slot: Local<u32>,
    pub(crate) flags: Local<u8>,
    pub(crate) done: AtomicU8,
    pub(crate) flavour: Flavour,
    pub(crate) call: AtomicU8,
    pub(crate) next: Local<Option<NonNull<Header>>>,
    pub(crate) joiner: Local<Option<Waker>>,
    pub(crate) cold: Cold,
    /// What few tasks have; null until one does.
    pub(crate) more: AtomicPtr<More>,
}

/// What a new task's header is made of.
pub(crate) struct Birth {
    pub(crate) vtable: &'static Vtable,
    pub(crate) home: HomeRef,
    pub(crate) flavour: Flavour,
    pub(crate) word: u32,
    pub(crate) refs: u32,
    pub(crate) flags: u8,
    /// What a call begins as; 0 for a task.
    pub(crate) call: u8,
    pub(crate) cold: Cold,
    pub(crate) more: Option<Box<More>>,
}

impl Header {
    /// Makes a header at `at`, field by field: made elsewhere and moved, its stores would be read
    /// back in other sizes than they were written, which stalls for longer than all of it takes.
    ///
    /// # Safety
    /// `at` is memory for a header, and the caller's alone.
    #[inline(always)]
    pub(crate) unsafe fn write_at(at: *mut Header, birth: Birth) {
        // SAFETY: the caller's claim, for each of the fields.
        unsafe {
            (&raw mut (*at).vtable).write(birth.vtable);
            (&raw mut (*at).home).write(birth.home);
            (&raw mut (*at).word).write(AtomicU32::new(birth.word));
            (&raw mut (*at).refs).write(Local::new(birth.refs));
            (&raw mut (*at).slot).write(Local::new(0));
            (&raw mut (*at).flags).write(Local::new(birth.flags));
            (&raw mut (*at).done).write(AtomicU8::new(0));
            (&raw mut (*at).flavour).write(birth.flavour);
            (&raw mut (*at).call).write(AtomicU8::new(birth.call));
            (&raw mut (*at).next).write(Local::new(None));
            (&raw mut (*at).joiner).write(Local::new(None));
            (&raw mut (*at).cold.id).write(birth.cold.id);
            (&raw mut (*at).cold.parent).write(birth.cold.parent);
            (&raw mut (*at).cold.location).write(birth.cold.location);
            let more = birth.more.map_or(ptr::null_mut(), Box::into_raw);
            (&raw mut (*at).more).write(AtomicPtr::new(more));
        }
    }

    /// Makes this the header of a new task of the same home, with a handle; for a task that nobody
    /// else has.
    #[inline]
    pub(crate) fn renew(&mut self, cold: Cold, more: Option<Box<More>>, flags: u8) {
        self.refs = Local::new(2);
        self.flags = Local::new(flags);
        self.done = AtomicU8::new(0);
        self.cold = cold;
        if let Some(more) = more {
            // It has none: such a block is not used again.
            self.more = AtomicPtr::new(Box::into_raw(more));
        }
    }
}

/// What is written once, at spawn, and read by people.
#[derive(Debug)]
pub(crate) struct Cold {
    pub(crate) id: u64,
    /// The id of the task that spawned this one; 0 if none did.
    pub(crate) parent: u64,
    pub(crate) location: &'static Location<'static>,
}

/// What a poll, or the drop of a future, came to. But for `Pending` the future has been dropped and what
/// it left is stored. The number is what the header's `done` says afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Polled {
    Pending = 0,
    Returned = 1,
    Panicked = 2,
    Cancelled = 3,
}

impl Polled {
    /// What a header's `done` says.
    pub(crate) fn of_ended(done: u8) -> Option<Polled> {
        [Polled::Returned, Polled::Panicked, Polled::Cancelled]
            .into_iter()
            .find(|&ended| ended as u8 == done)
    }
}

/// What depends on the future's type.
pub(crate) struct Vtable {
    /// Polls the future.
    pub(crate) poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> Polled,
    /// Drops the future and stores `error` as the output, or what the destructor panicked with.
    pub(crate) cancel: unsafe fn(NonNull<Header>, JoinError) -> Polled,
    /// Where, from the block's beginning, the future and then the output is.
    pub(crate) stage_offset: usize,
    /// Looks at the output where it lies: the error that stands in place of one, or null.
    pub(crate) look_at_error: unsafe fn(NonNull<Header>) -> *const JoinError,
    /// Drops the output where it lies; [`crate::unseen`] is the way to it.
    pub(crate) drop_output: unsafe fn(NonNull<Header>),
    /// Drops the output and stores an error in its place.
    pub(crate) replace_output: unsafe fn(NonNull<Header>, JoinError),
    /// What the block was asked for with.
    pub(crate) shape: Shape,
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) future_size: usize,
}

#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Header>() == 88);
