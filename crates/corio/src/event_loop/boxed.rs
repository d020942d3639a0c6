//! Which callback runs, where its type was boxed away: a timer's, a watcher's.
//!
//! A panic of a call comes with the type of its function. Of a callback that waited in a box, that would
//! be the box; so the type's name waits beside it, and is put here while the callback runs:
//!
//! ```text
//!   call ──▶ CALLING = name ──▶ callback ──┬─ returns ──▶ CALLING = what it was
//!                                          └─ panics ──▶ exception handler: panicked() takes it
//! ```
//!
//! Only the loop's thread calls, and tells of a panic before it calls anything else.

use std::cell::Cell;

std::thread_local! {
    static CALLING: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// A function that calls `callback`, of which a panic is told under `name`.
pub(super) fn named<F: FnOnce()>(name: &'static str, callback: F) -> impl FnOnce() + use<F> {
    move || calling(name, callback)
}

/// Calls `callback` under `name`.
pub(super) fn calling(name: &'static str, callback: impl FnOnce()) {
    let before = CALLING.replace(Some(name));
    callback();
    CALLING.set(before);
}

/// The name of the callback that has panicked, whose call is a function of type `function`.
pub(super) fn panicked(function: &'static str) -> &'static str {
    let name = CALLING.take();
    // A function that was not boxed runs within one that was only if that turns the loop by hand.
    name.filter(|_| function.starts_with(module_path!())).unwrap_or(function)
}
