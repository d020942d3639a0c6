//! Any signal as a stream. Each test sends real ones to this process, so one at a time.

use std::ffi::c_int;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use corio_base::park::block_on;
use corio_reactor::{Reactor, current};
use corio_signal::{Signal, SignalKind, UnwatchableSignal, signal};
use futures_core::Stream;
use rustix::process::{Signal as Sent, getpid, kill_process};

use crate::alone;

/// Sends a signal to this process, and waits until everybody who watches now has been told.
fn send(sent: Sent) {
    let mut told = signal(SignalKind::from_raw(sent.as_raw())).expect("it is watched");
    kill_process(getpid(), sent).expect("a process may signal itself");
    block_on(told.recv()).expect("it comes");
}

fn is_pending(signal: &mut Signal) -> bool {
    signal.poll_recv(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn one_before_the_first_poll_is_not_lost() {
    let _alone = alone();
    let mut stream = signal(SignalKind::hangup()).unwrap();
    send(Sent::HUP);
    block_on(stream.recv()).unwrap();
    assert!(is_pending(&mut stream));
}

#[test]
fn several_are_one() {
    let _alone = alone();
    let mut stream = signal(SignalKind::user_defined1()).unwrap();
    for _ in 0..200 {
        send(Sent::USR1);
    }
    block_on(stream.recv()).unwrap();
    assert!(is_pending(&mut stream), "two hundred signals, one item");
    send(Sent::USR1);
    block_on(stream.recv()).unwrap();
}

#[test]
fn each_stream_hears_of_its_kind_and_no_other() {
    let _alone = alone();
    let mut first = signal(SignalKind::user_defined1()).unwrap();
    let mut second = signal(SignalKind::user_defined1()).unwrap();
    let mut other = signal(SignalKind::user_defined2()).unwrap();
    drop(signal(SignalKind::user_defined1()).unwrap());
    send(Sent::USR1);
    block_on(first.recv()).unwrap();
    block_on(second.recv()).unwrap();
    assert!(is_pending(&mut other));
}

#[test]
fn a_given_up_wait_loses_nothing() {
    let _alone = alone();
    let mut stream = signal(SignalKind::window_change()).unwrap();
    {
        let mut recv = pin!(stream.recv());
        assert!(recv.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        send(Sent::WINCH);
    }
    block_on(stream.recv()).unwrap();
}

#[test]
fn it_is_a_stream_that_never_ends() {
    let _alone = alone();
    let mut stream = signal(SignalKind::user_defined2()).unwrap();
    let mut next = || {
        let mut context = Context::from_waker(Waker::noop());
        pin!(&mut stream).poll_next(&mut context)
    };
    assert!(next().is_pending());
    send(Sent::USR2);
    assert!(matches!(next(), Poll::Ready(Some(Ok(())))));
    assert!(next().is_pending());
}

#[test]
fn any_thread_may_watch_and_be_woken() {
    let _alone = alone();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let mut stream = signal(SignalKind::hangup()).unwrap();
        assert!(is_pending(&mut stream));
        ready.send(()).unwrap();
        block_on(stream.recv())
    });
    is_ready.recv().unwrap();
    send(Sent::HUP);
    waiter.join().unwrap().unwrap();
}

#[test]
fn none_is_lost_between_a_look_and_the_sleep() {
    const ROUNDS: usize = 500;
    let _alone = alone();
    let mut streams = [(); 2].map(|()| signal(SignalKind::user_defined2()).unwrap());
    let (go, is_time) = std::sync::mpsc::channel();
    let sender = std::thread::spawn(move || {
        for () in is_time {
            kill_process(getpid(), Sent::USR2).expect("a process may signal itself");
        }
    });
    for _ in 0..ROUNDS {
        go.send(()).unwrap();
        streams.iter_mut().for_each(|stream| block_on(stream.recv()).unwrap());
    }
    drop(go);
    sender.join().unwrap();
    assert!(streams.iter_mut().all(is_pending), "each was told once");
}

#[test]
fn it_outlives_the_loop_it_was_made_on() {
    let _alone = alone();
    let reactor = Reactor::new().unwrap();
    let installed = current::install(reactor.handle());
    let mut stream = signal(SignalKind::user_defined1()).unwrap();
    assert!(is_pending(&mut stream));
    drop(installed);
    // What came before the loop ended is kept.
    send(Sent::USR1);
    drop(reactor);
    block_on(stream.recv()).unwrap();
    assert!(is_pending(&mut stream));
    send(Sent::USR1);
    block_on(stream.recv()).unwrap();
}

#[test]
fn a_child_that_ends_is_a_signal() {
    let _alone = alone();
    let mut stream = signal(SignalKind::child()).unwrap();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    block_on(stream.recv()).unwrap();
    child.wait().unwrap();
}

#[test]
fn what_cannot_be_watched_is_a_typed_error() {
    for kind in [SignalKind::kill(), SignalKind::stop(), SignalKind::from_raw(libc::SIGSEGV)] {
        let error = signal(kind).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<UnwatchableSignal>());
        assert_eq!(inner.expect("its type").kind(), kind);
    }
    assert_eq!(signal(SignalKind::from_raw(-1)).unwrap_err().kind(), ErrorKind::InvalidInput);
}

static OTHERS: AtomicUsize = AtomicUsize::new(0);

extern "C" fn others(_: c_int) {
    OTHERS.fetch_add(1, Ordering::SeqCst);
}

#[test]
#[expect(unsafe_code, reason = "others install handlers by hand")]
fn handlers_of_others_go_on_being_called() {
    let _alone = alone();
    let number = libc::SIGURG;
    let handler: extern "C" fn(c_int) = others;
    // SAFETY: the handler changes one atomic.
    unsafe { libc::signal(number, handler as libc::sighandler_t) };
    let mut stream = signal(SignalKind::from_raw(number)).unwrap();
    send(Sent::URG);
    block_on(stream.recv()).unwrap();
    assert_eq!(OTHERS.load(Ordering::SeqCst), 1);
    drop(stream);
    // Also when nobody of ours listens.
    send(Sent::URG);
    assert_eq!(OTHERS.load(Ordering::SeqCst), 2);
}

#[test]
#[expect(unsafe_code, reason = "foreign code forks")]
fn what_a_forked_process_is_told_is_not_told_here() {
    let _alone = alone();
    let mut stream = signal(SignalKind::user_defined1()).unwrap();
    // SAFETY: the child makes three system calls, all of them async-signal-safe.
    let child = unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::kill(libc::getpid(), libc::SIGUSR1);
            libc::_exit(0);
        }
        child
    };
    let child = rustix::process::Pid::from_raw(child).expect("it forks");
    let options = rustix::process::WaitOptions::empty();
    let (_, status) = rustix::process::waitpid(Some(child), options).unwrap().unwrap();
    assert!(status.exited(), "the handler ran there and did nothing");
    assert!(is_pending(&mut stream));
    send(Sent::USR1);
    block_on(stream.recv()).unwrap();
}

#[test]
fn it_shows_its_kind_and_records_its_wait() {
    let _alone = alone();
    let mut stream = signal(SignalKind::hangup()).unwrap();
    let line = line!() - 1;
    let text = format!("{stream:?}");
    assert!(text.starts_with("Signal(SIGHUP, made at ") && text.contains("streams.rs"), "{text}");
    assert_eq!(stream.kind(), SignalKind::hangup());
    corio_trace::set_enabled(true);
    assert!(is_pending(&mut stream));
    corio_trace::set_enabled(false);
    let wait = corio_trace::take_last_wait().expect("a record");
    assert_eq!((wait.kind, wait.object), (corio_trace::WaitKind::Signal, 1));
    assert_eq!(wait.place.line(), line);
}

#[test]
fn descriptors_are_given_back() {
    let _alone = alone();
    drop(signal(SignalKind::hangup()).unwrap());
    let open = || std::fs::read_dir("/dev/fd").expect("a list of descriptors").count();
    let before = open();
    for _ in 0..50 {
        assert!(is_pending(&mut signal(SignalKind::hangup()).unwrap()));
    }
    assert_eq!(open(), before);
}
