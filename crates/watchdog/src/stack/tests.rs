//! Stacks of real threads, asked for one after another.
#![expect(unsafe_code, reason = "threads block signals and set errno")]

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};

use corio_trace::pulse::Registered;

use super::*;

/// The handler has one slot a process: tests of this binary take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As the watchdog's thread has them; what they leak on purpose stays in reach, for leak checkers.
fn stacks_with(config: &Config) -> Stacks {
    static KEPT: Mutex<Vec<&slot::Slot>> = Mutex::new(Vec::new());
    let stacks = Stacks::new(config);
    let slot = stacks.way.as_ref().ok().map(|way| way.asker.slot());
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).extend(slot);
    stacks
}

/// A copy, also where the machine does other things and lets the thread run later than the watchdog waits.
fn copied(stacks: &mut Stacks, pulse: &Arc<Pulse>) -> Copied {
    let tries = (0..50).map(|_| stacks.copy(pulse, || true));
    tries.flatten().next().expect("the thread answers in one of fifty times")
}

/// Between a thread that works and who watches it.
struct Work {
    goes_on: AtomicBool,
    has_begun: AtomicBool,
}

/// Runs `work`, which calls `spins_here`, on a thread with a pulse until `watch` has returned.
fn with_thread(work: impl FnOnce(&Work) + Send, watch: impl FnOnce(&Arc<Pulse>)) {
    let shared = Work { goes_on: AtomicBool::new(true), has_begun: AtomicBool::new(false) };
    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let shared = &shared;
        scope.spawn(move || {
            let registered: Registered = Pulse::register(0);
            tell.send(registered.thread().tid).unwrap();
            work(shared);
        });
        let tid = told.recv().unwrap();
        let find = |all: &[Arc<Pulse>]| all.iter().find(|pulse| pulse.thread().tid == tid).cloned();
        let pulse = pulse::with_all(find).unwrap();
        // Also when the test fails, so that it fails and does not hang.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Release);
            }
        }
        let _stop = Stop(&shared.goes_on);
        while !shared.has_begun.load(Ordering::Acquire) {
            thread::yield_now();
        }
        watch(&pulse);
    });
}

#[inline(never)]
fn spins_here(work: &Work) {
    work.has_begun.store(true, Ordering::Release);
    while work.goes_on.load(Ordering::Acquire) {
        std::hint::spin_loop();
    }
}

fn names(stack: &Stack) -> Vec<&str> {
    stack.frames.iter().map(|frame| frame.name.as_str()).collect()
}

fn has(stack: &Stack, name: &str) -> bool {
    names(stack).iter().any(|found| found.ends_with(name))
}

#[test]
fn a_thousand_signals_in_a_row_change_nothing_for_the_thread() {
    let _turn = turn();
    const ERRNO: i32 = 4242;
    let work = |work: &Work| {
        // SAFETY: the thread's own errno, here and below.
        unsafe { *libc::__errno_location() = ERRNO };
        spins_here(work);
        // SAFETY: as above.
        assert_eq!(unsafe { *libc::__errno_location() }, ERRNO, "a handler left its own");
    };
    with_thread(work, |pulse| {
        for reader in [StackReader::Kernel, StackReader::Bounds] {
            let mut stacks = stacks_with(&Config::new().stack_reader(reader));
            for round in 0..500 {
                let copied = copied(&mut stacks, pulse);
                if round % 100 == 0 {
                    let stack = stacks.make_out(&copied);
                    assert!(has(&stack, "spins_here"), "{reader:?}: {stack:#?}");
                    assert_eq!(stack.cut, None, "{stack:#?}");
                }
            }
        }
    });
}

/// Has `work` interrupted, over and over, where it takes locks of the C library's: a handler that took one of
/// them, or allocated, would wait for its own thread.
fn interrupt_often(work: fn(&Work), name: &str) {
    const SIGNALS: u32 = 500;
    let _turn = turn();
    with_thread(work, |pulse| {
        let mut stacks = stacks_with(&Config::new());
        let mut named = 0;
        for round in 0..SIGNALS {
            let copied = copied(&mut stacks, pulse);
            if round % 100 == 0 {
                named += u32::from(has(&stacks.make_out(&copied), name));
            }
        }
        assert!(named > 0, "no stack has {name}");
    });
}

#[inline(never)]
fn allocates_here(work: &Work) {
    work.has_begun.store(true, Ordering::Release);
    // From what a thread keeps for itself up to what the kernel is asked for each time.
    for size in [16, 3000, 40_000, 300_000].into_iter().cycle() {
        if !work.goes_on.load(Ordering::Acquire) {
            break;
        }
        drop(std::hint::black_box(Vec::<u8>::with_capacity(size)));
    }
}

#[test]
fn a_thread_that_allocates_goes_on_after_each_signal() {
    interrupt_often(allocates_here, "allocates_here");
}

#[inline(never)]
fn lists_modules_here(work: &Work) {
    extern "C" fn next(_: *mut libc::dl_phdr_info, _: usize, _: *mut libc::c_void) -> i32 {
        0
    }
    work.has_begun.store(true, Ordering::Release);
    while work.goes_on.load(Ordering::Acquire) {
        // SAFETY: the function looks at nothing it is given.
        unsafe { libc::dl_iterate_phdr(Some(next), ptr::null_mut()) };
    }
}

#[test]
fn a_thread_that_holds_the_linkers_lock_goes_on_after_each_signal() {
    interrupt_often(lists_modules_here, "lists_modules_here");
}

#[test]
fn a_thread_that_answers_late_does_not_answer_for_another() {
    let _turn = turn();
    let unblock = AtomicBool::new(false);
    let mask = |how| {
        // SAFETY: a set of signals is made and used.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&mut set);
            libc::sigaddset(&mut set, libc::SIGURG);
            libc::pthread_sigmask(how, &set, ptr::null_mut());
        }
    };
    #[inline(never)]
    fn other(work: &Work) {
        spins_here(work);
    }
    let mut stacks = stacks_with(&Config::new());
    with_thread(
        |work| {
            mask(libc::SIG_BLOCK);
            spins_here(work);
            mask(libc::SIG_UNBLOCK);
            unblock.store(true, Ordering::Release);
        },
        |deaf| {
            let unanswered = stacks.copy(deaf, || true);
            let Err(NoStack::Because(reason)) = unanswered else { panic!("{unanswered:?}") };
            assert!(
                reason.starts_with("its thread has not answered SIGURG within 0.1 s"),
                "{reason}"
            );
            with_thread(other, |awake| {
                let copied = copied(&mut stacks, awake);
                assert!(has(&stacks.make_out(&copied), "other"));
            });
        },
    );
    assert!(unblock.load(Ordering::Acquire), "the late signal came and did nothing");
    with_thread(other, |awake| {
        let copied = copied(&mut stacks, awake);
        assert!(has(&stacks.make_out(&copied), "other"));
    });
}

#[test]
fn a_poll_that_is_over_gives_no_stack() {
    let _turn = turn();
    let mut stacks = stacks_with(&Config::new());
    with_thread(spins_here, |pulse| {
        assert_eq!(stacks.copy(pulse, || false).unwrap_err(), NoStack::Over);
        let asked = std::cell::Cell::new(0);
        let once = || asked.replace(asked.get() + 1) == 0;
        assert_eq!(stacks.copy(pulse, once).unwrap_err(), NoStack::Over);
    });
    // Its thread has ended.
    let mut gone = None;
    with_thread(spins_here, |pulse| gone = Some(Arc::clone(pulse)));
    assert_eq!(stacks.copy(&gone.unwrap(), || true).unwrap_err(), NoStack::Over);
}

#[test]
fn turned_off_there_are_none() {
    let mut stacks = stacks_with(&Config::new().without_stacks());
    with_thread(spins_here, |pulse| {
        let reason = NoStack::Because("stacks are turned off".to_owned());
        assert_eq!(stacks.copy(pulse, || true).unwrap_err(), reason);
    });
}
