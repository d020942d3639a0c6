//! Callbacks for signals. They reach the whole process, so each test has one of its own.

use std::time::Duration;

use corio::signal::SignalKind;
use corio::{Builder, EventLoop};

use crate::sockets::until;
use crate::support::{Seen, implements};
use crate::test_runners::{assert_passed, in_child};

const HERE: &str = "test_events::event_loop_tests_mixin::signals::";

/// Sends a signal to this process.
fn raise(kind: SignalKind) {
    let (number, own) = (format!("-{}", kind.as_raw()), std::process::id().to_string());
    let status = std::process::Command::new("kill").args([number, own]).status();
    assert!(status.unwrap().success());
}

#[test]
fn test_add_signal_handler() {
    assert_passed(in_child(&format!("{HERE}test_add_signal_handler"), None, || {
        corio::run(async {
            let event_loop = EventLoop::current();
            assert!(!implements!(&'static str: Into<SignalKind>), "a number is asked for");
            for number in [-1, 0, 1_000] {
                let kind = SignalKind::from_raw(number);
                assert!(event_loop.add_signal_handler(kind, || ()).is_err(), "{number}");
            }
            for kind in [SignalKind::from_raw(9), SignalKind::from_raw(19)] {
                let error = event_loop.add_signal_handler(kind, || ()).unwrap_err();
                assert!(error.to_string().contains(&kind.to_string()), "{error}");
                assert!(!event_loop.remove_signal_handler(kind));
            }
            let seen = Seen::new();
            let push = seen.clone();
            let kind = SignalKind::user_defined1();
            event_loop.add_signal_handler(kind, move || push.push(())).unwrap();
            raise(kind);
            until(|| seen.len() == 1).await;
            assert!(event_loop.remove_signal_handler(kind));
            assert!(!event_loop.remove_signal_handler(kind));
        });
    }));
}

/// It is called while the loop waits for something else.
#[test]
fn test_signal_handling_while_selecting() {
    let name = format!("{HERE}test_signal_handling_while_selecting");
    assert_passed(in_child(&name, None, || {
        let runtime = Builder::new().build().unwrap();
        let event_loop = runtime.event_loop();
        let seen = Seen::new();
        let (push, stops) = (seen.clone(), event_loop.clone());
        let kind = SignalKind::user_defined1();
        event_loop
            .add_signal_handler(kind, move || {
                push.push(());
                stops.stop();
            })
            .unwrap();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            raise(kind);
        });
        event_loop.run_forever().unwrap();
        thread.join().unwrap();
        assert_eq!(seen.len(), 1);
    }));
}

#[test]
fn test_signal_handling_args() {
    assert_passed(in_child(&format!("{HERE}test_signal_handling_args"), None, || {
        corio::run(async {
            let seen = Seen::new();
            let push = seen.clone();
            let some_args = ("moons", 79);
            let kind = SignalKind::user_defined2();
            let callback = move || push.push(some_args);
            EventLoop::current().add_signal_handler(kind, callback).unwrap();
            raise(kind);
            until(|| seen.len() == 1).await;
            assert_eq!(seen.all(), [("moons", 79)]);
        });
    }));
}
