//! Stacks that are longer than most, or are not the thread's own.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use crate::support::{STACK, Until, check, listen, report_of};

fn watched() {
    listen();
    corio_watchdog::ensure_started();
}

#[inline(never)]
fn spins_at_the_end(until: &Until) {
    while until.goes_on() {
        std::hint::spin_loop();
    }
}

#[inline(never)]
fn goes_down(depth: usize, until: &Until) {
    let room = std::hint::black_box([depth as u8; 64]);
    match depth {
        0 => spins_at_the_end(until),
        _ => goes_down(depth - 1, until),
    }
    std::hint::black_box(room);
}

#[test]
fn recursion_is_told_once() {
    watched();
    let report = report_of(STACK, |until| goes_down(200, until), || {});
    check(
        &report,
        &["it::unusual::spins_at_the_end at ", "it::unusual::goes_down at ", "(200 times)\n"],
    );
    assert!(!report.contains("deeper frames"), "{report}");
}

#[test]
fn what_is_deeper_than_the_copy_is_said_to_be_missing() {
    watched();
    // Once more where the report came while it was still on its way down: a slow machine under a sanitizer takes
    // longer for that than a poll may.
    let mut reports = (0..20).map(|_| report_of(16 << 20, |until| goes_down(5_000, until), || {}));
    let report = reports.find(|report| report.contains("spins_at_the_end"));
    let report = report.expect("it comes to the end, at some time");
    check(
        &report,
        &["it::unusual::spins_at_the_end at ", "it::unusual::goes_down at ", " times)\n"],
    );
    assert!(
        report.ends_with("\n  ... deeper frames, beyond the 256 KiB that are looked at"),
        "{report}"
    );
}

thread_local! {
    /// For `on_another_stack`, which gets no arguments.
    static UNTIL: Cell<*const Until> = const { Cell::new(ptr::null()) };
}

extern "C" fn on_another_stack() {
    // SAFETY: set by `changes_stacks`, which returns after this.
    spins_at_the_end(unsafe { &*UNTIL.get() });
}

/// Polls on a stack that the C library knows nothing of, as generators in other languages do.
#[cfg(target_env = "gnu")]
#[inline(never)]
fn changes_stacks(until: &Until) {
    UNTIL.set(until);
    let mut memory = vec![0_u8; 256 * 1024];
    let mut here = MaybeUninit::<libc::ucontext_t>::zeroed();
    let mut there = MaybeUninit::<libc::ucontext_t>::zeroed();
    // SAFETY: the new context is made from a valid one, its stack is there until it has returned to `here`.
    unsafe {
        assert_eq!(libc::getcontext(there.as_mut_ptr()), 0);
        let context = &mut *there.as_mut_ptr();
        context.uc_stack.ss_sp = memory.as_mut_ptr().cast();
        context.uc_stack.ss_size = memory.len();
        context.uc_link = here.as_mut_ptr();
        libc::makecontext(context, on_another_stack, 0);
        assert_eq!(libc::swapcontext(here.as_mut_ptr(), context), 0);
    }
}

#[cfg(target_env = "gnu")]
#[test]
fn a_stack_that_is_not_the_threads_own() {
    watched();
    let report = report_of(STACK, changes_stacks, || {});
    check(&report, &["it::unusual::spins_at_the_end at ", "it::unusual::on_another_stack at "]);
}
