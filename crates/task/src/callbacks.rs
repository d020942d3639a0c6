//! What is to be called when a task has ended.
//!
//! A callback waits in the task until its end, and then has its turn as a [`Call`] of the task's home: in
//! the next turn, in the order in which they were added, each in the context in which it was added. One
//! that is added after the end has its turn all the same.
//!
//! **The race** of one that is added on another thread with the task's end, which looks for callbacks
//! once, after it has said that it is done:
//!
//! - A bound task's end costs no fence, so it may miss the callback while the adder misses the end.
//!   Therefore the adder sends the home a mail: opened after the end, it looks once more.
//! - The end of a free task and the adder's `touch` are both read-modify-writes of one word. The
//!   adder's first: the end sees the callback. The end's first: the adder sees the end.
//!
//! Whoever finds callbacks after the end takes them all out under their lock, so each has one turn.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use corio_base::current;

use crate::bound::{self, Raw, header};
use crate::call::{self, CallPanic};
use crate::context::place;
use crate::free::State;
use crate::header::Flavour;
use crate::home::Schedule;
use crate::join;
use crate::mail::Mail;
use crate::more;
use crate::quietly;
use crate::spawn::{self, Description, Spawn};
use crate::task::Task;
use crate::waker;

/// A callback of a task, by which it can be [taken back](Task::remove_done_callback).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

/// The callbacks of one task, in order.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    last_id: u64,
    waiting: Vec<Callback>,
}

type Function = Box<dyn FnOnce(&Task) + Send>;

struct Callback {
    id: CallbackId,
    function: Function,
    /// Its place, and the context it was added in.
    about: Description,
    /// Somebody awaited the task already, and is woken before.
    after_joiner: bool,
}

impl Callbacks {
    fn add(&mut self, callback: impl FnOnce(CallbackId) -> Callback) -> CallbackId {
        self.last_id += 1;
        let id = CallbackId(self.last_id);
        self.waiting.push(callback(id));
        id
    }

    fn remove(&mut self, id: CallbackId) -> Option<Callback> {
        let at = self.waiting.iter().position(|callback| callback.id == id)?;
        Some(self.waiting.remove(at))
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

/// [`Task::add_done_callback`].
pub(crate) fn add(task: Raw, spawn: Spawn, function: Function) -> CallbackId {
    let about = spawn.describe_call();
    let header = header(task);
    let is_bound = header.flavour == Flavour::Bound;
    let is_here = is_bound && header.home.is_here();
    let after_joiner = is_here && bound::has_joiner(task);
    let add = |id| Callback { id, function, about, after_joiner };
    let id = more::get_or_new(header).add_callback(|callbacks| callbacks.add(add));
    if is_bound && !is_here {
        waker::add_ref(task);
        bound::post(task, Mail::callbacks(task));
    } else if if is_bound { bound::is_done(task) } else { State(&header.word).touch() } {
        flush(task);
    }
    id
}

/// [`Task::remove_done_callback`].
pub(crate) fn remove(task: Raw, id: CallbackId) -> bool {
    let removed = more::get(header(task)).and_then(|more| more.with_callbacks(|c| c.remove(id)));
    // What it has captured is dropped here, without the lock.
    removed.is_some()
}

/// A bound task has ended: gives its callbacks their turns, and wakes whoever awaits it at the place in
/// their order at which he came.
#[cold]
#[inline(never)]
pub(crate) fn task_ended(task: Raw) {
    let waiting = take(task);
    let first = waiting.iter().position(|callback| callback.after_joiner).unwrap_or(waiting.len());
    let mut waiting = waiting.into_iter();
    waiting.by_ref().take(first).for_each(|callback| schedule(task, callback));
    bound::wake_joiner(task);
    waiting.for_each(|callback| schedule(task, callback));
}

/// Gives the callbacks of a task that has ended their turns.
pub(crate) fn flush(task: Raw) {
    take(task).into_iter().for_each(|callback| schedule(task, callback));
}

/// A mail about callbacks found the home closed. Gives up one reference.
pub(crate) fn answer_away(task: Raw) {
    if header(task).home.is_here() {
        return bound::open_callbacks(task);
    }
    join::await_last_look(task);
    flush(task);
    bound::release(task);
}

fn take(task: Raw) -> Vec<Callback> {
    let take = |callbacks: &mut Callbacks| std::mem::take(&mut callbacks.waiting);
    more::get(header(task)).map(|more| more.with_callbacks(take)).unwrap_or_default()
}

fn schedule(task: Raw, callback: Callback) {
    let Callback { function, about, .. } = callback;
    let home = &header(task).home;
    let of = Task::of(task);
    let function = move || function(&of);
    if !home.schedule().has_turns() {
        return call_here(home.schedule(), about, function);
    }
    // One reference, the home's: nobody has a handle. What a free task left goes by mail, also from
    // here: it must not overtake what was left on another thread. A home that is being closed hands
    // out no more references of its own, and refuses what comes by mail.
    let is_bound = header(task).flavour == Flavour::Bound;
    match home.local().filter(|local| is_bound && !local.closing.get()) {
        Some(local) => {
            let call = spawn::call_here(about, home.clone_here(local), local, 1, function);
            call::arrive(call, false);
        }
        None => {
            let call = spawn::call_away(about, home.clone_away(), 0, 1, function);
            bound::post(call, Mail::spawned(call));
        }
    }
}

/// Calls what was left for the end of a job, on the thread that ended it.
fn call_here(home: &dyn Schedule, about: Description, function: impl FnOnce()) {
    let (cold, more) = about;
    let type_name = std::any::type_name_of_val(&function);
    let call = || match more {
        Some(more) => place::within(&more.own().context(), function),
        None => function(),
    };
    if let Err(payload) = current::outside(|| catch_unwind(AssertUnwindSafe(call))) {
        let panic = CallPanic::new(cold.location, type_name, payload);
        quietly(|| current::outside(|| home.call_panicked(panic)));
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("id", &self.id)
            .field("location", &self.about.0.location)
            .finish()
    }
}
