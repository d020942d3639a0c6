//! Signal handlers of a loop. Real signals are sent to this process, so one test at a time.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use corio::signal::{SignalKind, signal};
use corio::{Builder, EventLoop};

use crate::default_actions;
use crate::util::{Log, bounded, panic_text};

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `main` on a loop, and no other test beside it.
fn on_a_loop(main: impl AsyncFnOnce() + Send + 'static) {
    let _alone = alone();
    bounded(|| corio::run(async { main().await }));
}

/// Sends a signal to this process, and waits until everybody who watches now has been told.
async fn send(kind: SignalKind) {
    let mut told = signal(kind).unwrap();
    let (number, own) = (format!("-{}", kind.as_raw()), std::process::id().to_string());
    assert!(Command::new("kill").args([number, own]).status().unwrap().success());
    told.recv().await.unwrap();
    // The loop takes in all that it is told at once; what that queues runs in the turn after.
    for _ in 0..3 {
        corio::yield_now().await;
    }
}

#[test]
fn a_handler_is_called_on_its_loop_each_time() {
    on_a_loop(async || {
        let event_loop = EventLoop::current();
        let log = Log::default();
        let push = log.clone();
        let handler = move || {
            assert!(corio::task::current().is_none() && EventLoop::current().is_running());
            push.push("called");
        };
        event_loop.add_signal_handler(SignalKind::user_defined1(), handler).unwrap();
        assert!(log.take().is_empty());
        for _ in 0..3 {
            send(SignalKind::user_defined1()).await;
            assert_eq!(log.take(), ["called"]);
        }
        assert!(event_loop.remove_signal_handler(SignalKind::user_defined1()));
        assert!(!event_loop.remove_signal_handler(SignalKind::user_defined1()));
        send(SignalKind::user_defined1()).await;
        assert!(log.take().is_empty());
    });
}

#[test]
fn a_second_handler_takes_the_first_ones_place_and_no_signal_is_lost() {
    on_a_loop(async || {
        let event_loop = EventLoop::current();
        let log = Log::default();
        let add = |name: &'static str| {
            let (push, on_drop) = (log.clone(), log.on_drop(name));
            let callback = move || {
                let _ = &on_drop;
                push.push(format!("{name} is called"));
            };
            event_loop.add_signal_handler(SignalKind::user_defined2(), callback).unwrap();
        };
        add("first");
        // It has come, and the loop has not looked yet.
        let own = std::process::id().to_string();
        assert!(Command::new("kill").args(["-USR2", &own]).status().unwrap().success());
        add("second");
        assert_eq!(log.take(), ["first"], "it is dropped");
        send(SignalKind::user_defined2()).await;
        let lines = log.take();
        assert!(!lines.is_empty() && lines.iter().all(|line| line == "second is called"));
        event_loop.remove_signal_handler(SignalKind::user_defined2());
        assert_eq!(log.take(), ["second"]);
    });
}

#[test]
fn a_handler_has_the_context_in_which_it_was_added() {
    corio::context_var! {
        static WHO: &'static str = "nobody";
    }
    on_a_loop(async || {
        let seen = Rc::new(Cell::new(""));
        let sees = seen.clone();
        WHO.set("the adder");
        let event_loop = EventLoop::current();
        event_loop.add_signal_handler(SignalKind::hangup(), move || sees.set(WHO.get())).unwrap();
        WHO.set("somebody else");
        send(SignalKind::hangup()).await;
        assert_eq!(seen.get(), "the adder");
    });
}

#[test]
fn a_handler_that_panics_is_told_of_and_goes_on() {
    on_a_loop(async || {
        let event_loop = EventLoop::current();
        let log = Log::default();
        let push = log.clone();
        event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
            push.push(context.panic_message().unwrap());
        })));
        event_loop.add_signal_handler(SignalKind::user_defined1(), || panic!("oops")).unwrap();
        for _ in 0..2 {
            send(SignalKind::user_defined1()).await;
            assert_eq!(log.take(), ["oops"]);
        }
    });
}

#[test]
fn a_handler_may_remove_itself_and_add_another() {
    on_a_loop(async || {
        let log = Log::default();
        let (first, event_loop) = (log.clone(), EventLoop::current());
        let kind = SignalKind::window_change();
        let handler = move || {
            first.push("first");
            let (second, event_loop) = (first.clone(), EventLoop::current());
            assert!(event_loop.remove_signal_handler(kind));
            event_loop.add_signal_handler(kind, move || second.push("second")).unwrap();
        };
        event_loop.add_signal_handler(kind, handler).unwrap();
        send(kind).await;
        send(kind).await;
        assert_eq!(log.take(), ["first", "second"]);
    });
}

#[test]
fn loops_of_any_threads_have_handlers_of_their_own() {
    let _alone = alone();
    bounded(|| {
        let other = |from: &'static str| {
            let (ready, is_ready) = std::sync::mpsc::channel();
            let thread = std::thread::spawn(move || {
                corio::run(async move {
                    let (promise, came) = corio::eventual::<&'static str, ()>();
                    let resolve = move || drop(promise.set_result(from));
                    let event_loop = EventLoop::current();
                    event_loop.add_signal_handler(SignalKind::hangup(), resolve).unwrap();
                    ready.send(()).unwrap();
                    came.await.unwrap()
                })
            });
            is_ready.recv().unwrap();
            thread
        };
        let (first, second) = (other("first"), other("second"));
        corio::run(send(SignalKind::hangup()));
        assert_eq!((first.join().unwrap(), second.join().unwrap()), ("first", "second"));
    });
}

#[test]
fn it_ends_a_loop_that_runs_by_hand() {
    let _alone = alone();
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let event_loop = runtime.event_loop();
        let stops = event_loop.clone();
        event_loop.add_signal_handler(SignalKind::user_defined1(), move || stops.stop()).unwrap();
        let killer = std::thread::spawn(|| corio::run(send(SignalKind::user_defined1())));
        event_loop.run_forever().unwrap();
        killer.join().unwrap();
        event_loop.close().unwrap();
        let add = || event_loop.add_signal_handler(SignalKind::hangup(), || ());
        let text = panic_text(|| add().map_err(drop));
        assert!(text.contains("EventLoop::add_signal_handler was called on a loop that is closed"));
    });
}

#[test]
fn what_cannot_be_handled_is_an_error() {
    corio::run(async {
        let event_loop = EventLoop::current();
        for kind in [SignalKind::kill(), SignalKind::stop(), SignalKind::from_raw(1000)] {
            let error = event_loop.add_signal_handler(kind, || ()).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
            assert!(!event_loop.remove_signal_handler(kind));
        }
    });
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
fn removed() {
    let runtime = Builder::new().build().unwrap();
    let event_loop = runtime.event_loop();
    runtime.block_on(async {
        let kind = SignalKind::terminate();
        let watch = signal(kind).unwrap();
        EventLoop::current().add_signal_handler(kind, || ()).unwrap();
        assert!(EventLoop::current().remove_signal_handler(kind));
        // Somebody still watches.
        send(kind).await;
        drop(watch);
        // Added again, it is a handler, and with the loop's end none.
        let told = Rc::new(Cell::new(false));
        let tells = told.clone();
        EventLoop::current().add_signal_handler(kind, move || tells.set(true)).unwrap();
        send(kind).await;
        assert!(told.get());
        println!("so far");
    });
    drop((event_loop, runtime));
    let own = std::process::id().to_string();
    Command::new("kill").args(["-TERM", &own]).status().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(20));
    println!("survived");
}

#[test]
fn a_signal_whose_handler_is_removed_has_its_default_action_again() {
    use std::os::unix::process::ExitStatusExt;
    default_actions::restore();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "signals::removed", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("so far") && !out.contains("survived"), "{output:?}");
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
}
