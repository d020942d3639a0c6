//! Signal handlers of a loop. Signals reach the whole process, so each test has one of its own.

use std::future::Ready;
use std::io::ErrorKind;
use std::rc::Rc;

use corio::signal::{SignalKind, signal};
use corio::{Builder, EventLoop};

use crate::recorder::settle;
use crate::sockets::{LONG, until};
use crate::support::{Seen, implements};
use crate::test_runners::{assert_passed, in_child};

/// Runs `work` in a process of its own, the test of this name.
fn alone(test: &str, work: impl AsyncFnOnce()) {
    let test = format!("test_unix_events::selector_event_loop_signal_tests::{test}");
    assert_passed(in_child(&test, None, || corio::run(async { work().await })));
}

/// Sends a signal to this process.
fn raise(kind: SignalKind) {
    let (number, own) = (format!("-{}", kind.as_raw()), std::process::id().to_string());
    let status = std::process::Command::new("kill").args([number, own]).status();
    assert!(status.unwrap().success());
}

/// One that comes when its handler has gone, and somebody else watches, calls nobody.
#[test]
fn test_handle_signal_no_handler() {
    alone("test_handle_signal_no_handler", async || {
        let event_loop = EventLoop::current();
        let kind = SignalKind::user_defined1();
        event_loop.add_signal_handler(kind, || panic!("it is removed")).unwrap();
        let _watches = signal(kind).unwrap();
        assert!(event_loop.remove_signal_handler(kind));
        raise(kind);
        settle().await;
    });
}

/// A loop on any thread has its handlers.
#[test]
fn test_add_signal_handler_setup_error() {
    alone("test_add_signal_handler_setup_error", async || {
        let there = corio::to_thread(|| {
            Builder::new().build().unwrap().event_loop().run_until_complete(async {
                let seen = Seen::new();
                let push = seen.clone();
                let kind = SignalKind::user_defined1();
                EventLoop::current().add_signal_handler(kind, move || push.push(())).unwrap();
                raise(kind);
                until(|| seen.len() == 1).await;
            })
        });
        there.await.unwrap().unwrap();
    });
}

/// A coroutine is no callback.
#[test]
fn test_add_signal_handler_coroutine_error() {
    assert!(!implements!(Ready<()>: FnMut()));
}

#[corio::test]
async fn test_add_signal_handler_install_error() {
    let event_loop = EventLoop::current();
    for kind in [SignalKind::kill(), SignalKind::from_raw(19)] {
        let kept = Rc::new(());
        let keeps = kept.clone();
        let error = event_loop.add_signal_handler(kind, move || drop(keeps.clone())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(&kind.to_string()), "{error}");
        assert_eq!(Rc::strong_count(&kept), 1, "the callback is dropped");
    }
}

#[corio::test]
async fn test_add_signal_handler_install_error3() {
    let event_loop = EventLoop::current();
    for number in [0, -1, 1_000] {
        let kind = SignalKind::from_raw(number);
        assert!(event_loop.add_signal_handler(kind, || ()).is_err());
        assert!(!event_loop.remove_signal_handler(kind), "nothing is left of it");
    }
}

#[test]
fn test_remove_signal_handler() {
    alone("test_remove_signal_handler", async || {
        let event_loop = EventLoop::current();
        let kind = SignalKind::hangup();
        event_loop.add_signal_handler(kind, || ()).unwrap();
        assert!(event_loop.remove_signal_handler(kind));
        assert!(!event_loop.remove_signal_handler(kind));
    });
}

/// Of two kinds one is removed; the other goes on. Ctrl-C cancels the run again, as before.
#[test]
fn test_remove_signal_handler_2() {
    alone("test_remove_signal_handler_2", async || {
        let event_loop = EventLoop::current();
        let seen = Seen::new();
        let push = seen.clone();
        event_loop.add_signal_handler(SignalKind::interrupt(), || ()).unwrap();
        event_loop.add_signal_handler(SignalKind::hangup(), move || push.push(())).unwrap();
        assert!(event_loop.remove_signal_handler(SignalKind::interrupt()));
        raise(SignalKind::interrupt());
        let pressed = corio::cancel::catch(corio::sleep(LONG)).await;
        pressed.expect_err("the default effect is that of the run").suppress();
        raise(SignalKind::hangup());
        until(|| seen.len() == 1).await;
    });
}

/// A closed loop lets go of its handlers.
#[test]
fn test_close() {
    let name = "test_unix_events::selector_event_loop_signal_tests::test_close";
    assert_passed(in_child(name, None, || {
        let runtime = Builder::new().build().unwrap();
        let event_loop = runtime.event_loop();
        let kept = Rc::new(());
        for kind in [SignalKind::hangup(), SignalKind::child()] {
            let keeps = kept.clone();
            event_loop.add_signal_handler(kind, move || drop(keeps.clone())).unwrap();
        }
        assert_eq!(Rc::strong_count(&kept), 3);
        event_loop.close().unwrap();
        assert_eq!(Rc::strong_count(&kept), 1);
        assert!(!event_loop.remove_signal_handler(SignalKind::hangup()));
    }));
}
