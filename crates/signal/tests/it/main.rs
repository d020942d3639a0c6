//! Signals as the process gets them. Each test sends itself some, so one at a time: here SIGINT, for
//! Ctrl-C, in `streams` others.

#[path = "../shared/default_actions.rs"]
mod default_actions;
mod forked;
mod streams;
#[path = "../../../base/tests/shared/telling.rs"]
mod telling;
#[path = "../../../trace/tests/shared/waits.rs"]
mod waits;

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use corio_base::park::block_on;
use corio_signal::{CtrlC, ctrl_c};
use corio_trace::book;
use rustix::process::{Signal, getpid, kill_process};

use telling::telling;
use waits::waits_in_a_task;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends SIGINT and waits until everybody who waits now has been told: the system may run the
/// handler on another thread, a little later.
fn press_ctrl_c() {
    let told = ctrl_c();
    send_sigint();
    block_on(told).expect("Ctrl-C");
}

fn send_sigint() {
    kill_process(getpid(), Signal::INT).expect("a process may signal itself");
}

fn is_pending(future: &mut CtrlC) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context).is_pending()
}

#[test]
fn a_signal_before_the_first_poll_is_not_lost() {
    let _alone = alone();
    let waiting = ctrl_c();
    press_ctrl_c();
    block_on(waiting).expect("Ctrl-C");
}

#[test]
fn a_signal_wakes_who_waits() {
    let _alone = alone();
    let (tell, waits) = std::sync::mpsc::channel();
    let presser = std::thread::spawn(move || {
        waits.recv().expect("it is polled");
        press_ctrl_c();
    });
    block_on(telling(ctrl_c(), || tell.send(()).unwrap())).expect("Ctrl-C");
    presser.join().expect("no panic");
}

#[test]
fn each_waiter_is_told_once() {
    let _alone = alone();
    let (first, second) = (ctrl_c(), ctrl_c());
    press_ctrl_c();
    block_on(first).expect("Ctrl-C");
    let mut later = ctrl_c();
    block_on(second).expect("Ctrl-C");
    assert!(is_pending(&mut later), "made after the signal");
}

#[test]
fn a_dropped_waiter_takes_nothing_from_others() {
    let _alone = alone();
    let (dropped, kept) = (ctrl_c(), ctrl_c());
    drop(dropped);
    press_ctrl_c();
    block_on(kept).expect("Ctrl-C");
    // Nobody waits; the process lives on all the same.
    press_ctrl_c();
}

#[test]
fn more_signals_than_the_pipe_holds_block_nobody() {
    let _alone = alone();
    let waiting = ctrl_c();
    for _ in 0..70_000 {
        send_sigint();
    }
    // The last of them may still be under way: it is the first of these, or joins it.
    press_ctrl_c();
    press_ctrl_c();
    block_on(waiting).expect("Ctrl-C");
}

#[test]
fn a_waiter_gives_its_descriptors_back() {
    let _alone = alone();
    drop(ctrl_c());
    let open = || std::fs::read_dir("/dev/fd").expect("a list of descriptors").count();
    let before = open();
    for _ in 0..100 {
        let mut waiting = ctrl_c();
        assert!(is_pending(&mut waiting));
    }
    assert_eq!(open(), before);
}

#[test]
fn polled_after_it_was_ready_it_says_where_it_was_made() {
    let _alone = alone();
    let mut waiting = ctrl_c();
    press_ctrl_c();
    block_on(&mut waiting).expect("Ctrl-C");
    assert!(format!("{waiting:?}").starts_with("CtrlC(done, made at "));
    let again = std::thread::spawn(move || is_pending(&mut waiting)).join().expect_err("a panic");
    let text = again.downcast_ref::<String>().expect("a formatted message");
    assert!(text.contains("tests/it/main.rs") && text.contains("after it was ready"), "{text}");
}

#[test]
fn what_it_waits_for_is_recorded() {
    let _alone = alone();
    corio_trace::set_enabled(true);
    let mut waiting = ctrl_c();
    let line = line!() - 1;
    let (pending, waits) = waits_in_a_task(|| is_pending(&mut waiting));
    assert!(pending);
    corio_trace::set_enabled(false);
    {
        let [wait] = &waits()[..] else { panic!("one wait") };
        let kind = book::NodeKind::Wait(corio_trace::WaitKind::Signal);
        assert_eq!((wait.kind, wait.object, wait.place.line()), (kind, 2, line));
    }
    assert_eq!(corio_trace::take_last_wait(), None, "the pipe is nobody's business");
    drop(waiting);
    assert!(waits().is_empty());
}

#[test]
fn it_may_be_moved_between_threads() {
    fn is_send_and_sync<T: Send + Sync + 'static>(_: &T) {}
    let _alone = alone();
    let waiting = ctrl_c();
    is_send_and_sync(&waiting);
    press_ctrl_c();
    std::thread::spawn(|| block_on(waiting)).join().expect("no panic").expect("Ctrl-C");
}
