//! Which context is the current one, and where a task keeps its own.
//!
//! ```text
//!   Context::run, a call ── entered ──▶ that one
//!   a task is being polled ───────────▶ the task's, in its More
//!   otherwise ────────────────────────▶ the thread's
//! ```
//!
//! What is entered counts for the task that entered it: another one that is polled within has its own.
//! Nothing happens at a poll; who asks looks which task is the current one.
#![expect(unsafe_code, reason = "what is entered is reached by pointer while it is entered")]

use std::cell::{Cell, OnceCell};
use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use corio_base::current;

use super::Context;
use super::map::{Map, Value, VarId};
use crate::bound::{Raw, header};
use crate::more;
use crate::task::current_raw;

/// Whether a variable was ever set, or a task given a context.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// What was entered last on a thread, and by whom.
#[derive(Clone, Copy)]
struct Entered {
    /// The task that was current; null outside any.
    task: *const (),
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Nothing,
    Given(*const Context),
    /// That of a call, which is not the current task while it runs.
    OfCall(Raw),
}

const NOTHING: Entered = Entered { task: ptr::null(), what: What::Nothing };

#[cfg(not(loom))]
std::thread_local! {
    static ENTERED: Cell<Entered> = const { Cell::new(NOTHING) };
    static OF_THREAD: OnceCell<Context> = const { OnceCell::new() };
}

#[cfg(loom)]
::loom::thread_local! {
    static ENTERED: Cell<Entered> = Cell::new(NOTHING);
    static OF_THREAD: OnceCell<Context> = OnceCell::new();
}

/// A task's own context. It is made when somebody asks for it or sets a variable; before, there is
/// only what was inherited, and nobody else knows of it.
#[derive(Debug, Default)]
pub(crate) struct Own {
    inherited: Map,
    context: OnceLock<Context>,
}

impl Own {
    pub(crate) fn inheriting(inherited: Map) -> Own {
        Own { inherited, context: OnceLock::new() }
    }

    pub(crate) fn given(context: Context) -> Own {
        Own { inherited: Map::EMPTY, context: OnceLock::from(context) }
    }

    pub(crate) fn context(&self) -> Context {
        self.context.get_or_init(|| Context::of(self.inherited.clone())).clone()
    }

    fn find(&self, id: VarId) -> Option<Value> {
        match self.context.get() {
            Some(context) => context.find(id),
            None => self.inherited.get(id).cloned(),
        }
    }

    fn map(&self) -> Map {
        self.context.get().map_or_else(|| self.inherited.clone(), Context::map)
    }
}

/// From now on spawns look for what there is to inherit.
pub(crate) fn note_use() {
    // Relaxed: a thread sees its own store, and whoever gets a context from another thread got it by
    // something that orders more than this.
    if !IN_USE.load(Ordering::Relaxed) {
        IN_USE.store(true, Ordering::Relaxed);
    }
}

/// Whether there may be something to inherit.
#[inline(always)]
pub(crate) fn is_in_use() -> bool {
    // Relaxed: see `note_use`.
    IN_USE.load(Ordering::Relaxed)
}

/// The current context's place.
enum Place<'a> {
    Given(&'a Context),
    Task(Raw),
    Thread,
}

/// Calls `f` with the current context's place.
fn with_place<R>(f: impl FnOnce(Place<'_>) -> R) -> R {
    let entered = ENTERED.with(Cell::get);
    if entered.task == current::task() {
        match entered.what {
            // SAFETY: entered, and `within`, `within_call` and `Each::run` take it out before it goes.
            What::Given(context) => return f(Place::Given(unsafe { &*context })),
            What::OfCall(call) => return f(Place::Task(call)),
            What::Nothing => {}
        }
    }
    f(current_raw().map_or(Place::Thread, Place::Task))
}

/// The value that the variable `id` is set to in the current context.
pub(crate) fn find(id: VarId) -> Option<Value> {
    if !is_in_use() {
        return None;
    }
    with_place(|place| match place {
        Place::Given(context) => context.find(id),
        Place::Task(task) => more::get(header(task))?.own().find(id),
        Place::Thread => of_thread().find(id),
    })
}

/// The current context.
pub(crate) fn current() -> Context {
    with_place(|place| match place {
        Place::Given(context) => context.clone(),
        Place::Task(task) => more::get_or_new(header(task)).own().context(),
        Place::Thread => of_thread(),
    })
}

/// The values of the current context.
pub(crate) fn current_map() -> Map {
    if !is_in_use() {
        return Map::EMPTY;
    }
    with_place(|place| match place {
        Place::Given(context) => context.map(),
        Place::Task(task) => {
            more::get(header(task)).map(|more| more.own().map()).unwrap_or_default()
        }
        Place::Thread => of_thread().map(),
    })
}

/// This thread's context; at the thread's end, when it is gone, an empty one.
fn of_thread() -> Context {
    OF_THREAD.try_with(|slot| slot.get_or_init(Context::new).clone()).unwrap_or_default()
}

/// Calls `f` with `context` as the current one. No use of variables: what is in it was set before, or is set
/// in it by `f`, and both are noted.
pub(crate) fn within<R>(context: &Context, f: impl FnOnce() -> R) -> R {
    enter(What::Given(context), f)
}

/// Calls `f`, within which contexts are entered by [`Each`].
pub(crate) fn within_each<R>(f: impl FnOnce(&Each) -> R) -> R {
    enter(What::Nothing, || f(&Each(PhantomData)))
}

/// The right to enter contexts one after the other, at the price of a pointer each: made by
/// [`Context::run_each`].
#[derive(Debug)]
pub struct Each(PhantomData<*const ()>);

impl Each {
    /// Calls `f` with `context` as the current one. Not within another call of the same.
    #[inline(always)]
    pub fn run<R>(&self, context: &Context, f: impl FnOnce() -> R) -> R {
        set_what(What::Given(context));
        let _leave = LeaveOne;
        f()
    }
}

/// Leaves a context that was entered by [`Each`] when dropped.
struct LeaveOne;

impl Drop for LeaveOne {
    #[inline(always)]
    fn drop(&mut self) {
        set_what(What::Nothing);
    }
}

/// What was entered last is another thing now, by the same task.
#[inline(always)]
fn set_what(what: What) {
    ENTERED.with(|slot| slot.set(Entered { what, ..slot.get() }));
}

/// Calls `f` with that of `call` as the current one; the call is there until `f` returns.
pub(crate) fn within_call<R>(call: Raw, f: impl FnOnce() -> R) -> R {
    enter(What::OfCall(call), f)
}

fn enter<R>(what: What, f: impl FnOnce() -> R) -> R {
    let entered = Entered { task: current::task(), what };
    let _leave = Leave(ENTERED.with(|slot| slot.replace(entered)));
    f()
}

/// Leaves a context when dropped: what was entered before is so again.
struct Leave(Entered);

impl Drop for Leave {
    fn drop(&mut self) {
        ENTERED.with(|slot| slot.set(self.0));
    }
}
