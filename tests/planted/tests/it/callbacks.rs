//! Callbacks that panic, and those who should be told of it and panic, too.

use std::fmt;
use std::io::{Write, pipe};
use std::rc::Rc;
use std::time::Duration;

use corio::blocking::Config;
use corio::event_loop::ExceptionContext;
use corio::signal::SignalKind;
use corio::{Builder, EventLoop, Handle, spawn};

use crate::harness::{Case, Told};

const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::error("corio::loop").case(name, says, bug, fixed)
}

const fn of_jobs(
    name: &'static str,
    says: &'static [&'static str],
    bug: fn(),
    fixed: fn(),
) -> Case {
    Told::error("corio::blocking").case(name, says, bug, fixed)
}

const EXCEPTION: &[&str] =
    &["Exception in callback ", " at ", file!(), "\nhandle: ", "panicked with: \"oops\""];
const BROKEN: &[&str] = &["Unhandled error in exception handler", "broken", "oops"];

pub(crate) const CASES: &[Case] = &[
    case(
        "call_soon",
        EXCEPTION,
        || {
            with_loop(|event_loop| {
                event_loop.call_soon(|| panic!("oops"));
            })
        },
        || {
            with_loop(|event_loop| {
                event_loop.call_soon(|| {});
            })
        },
    ),
    case(
        "call_later",
        EXCEPTION,
        || {
            with_loop(|event_loop| {
                let _ = event_loop.call_later(Duration::from_millis(1), || panic!("oops"));
            })
        },
        || {
            with_loop(|event_loop| {
                let _ = event_loop.call_later(Duration::from_millis(1), || {});
            })
        },
    ),
    case(
        "a call from another thread",
        EXCEPTION,
        || from_another_thread(|| panic!("oops")),
        || {
            from_another_thread(|| {});
        },
    ),
    case(
        "the callback of a task's end",
        EXCEPTION,
        || {
            with_loop(|_| {
                spawn(async {}).task().add_done_callback(|_| panic!("oops"));
            })
        },
        || {
            with_loop(|_| {
                spawn(async {}).task().add_done_callback(|task| assert!(task.is_done()));
            })
        },
    ),
    case("a reader", EXCEPTION, || reader(|| panic!("oops")), || reader(|| {})),
    case(
        "the handler of a signal",
        EXCEPTION,
        || {
            with_loop(|event_loop| {
                event_loop.add_signal_handler(SignalKind::hangup(), || panic!("oops")).unwrap();
                hang_up();
            })
        },
        || {
            with_loop(|event_loop| {
                event_loop.add_signal_handler(SignalKind::hangup(), || {}).unwrap();
                hang_up();
            })
        },
    ),
    case(
        "an exception handler",
        BROKEN,
        || {
            with_loop(|event_loop| {
                event_loop.set_exception_handler(Some(Rc::new(|_, _| panic!("broken"))));
                event_loop.call_soon(|| panic!("oops"));
            })
        },
        || {
            with_loop(|event_loop| {
                // One that does what it can.
                event_loop
                    .set_exception_handler(Some(Rc::new(|_, context| drop(context.to_string()))));
                event_loop.call_exception_handler(&ExceptionContext::new("told by hand"));
            })
        },
    ),
    case(
        "an error that has no words",
        &["Exception in default exception handler", "no words"],
        || {
            with_loop(|event_loop| {
                let mut context = ExceptionContext::new("told by hand");
                context.error = Some(Box::new(Mute));
                event_loop.call_exception_handler(&context);
            });
        },
        || {
            with_loop(|event_loop| {
                event_loop.set_exception_handler(Some(Rc::new(|_, _| {})));
                event_loop.call_exception_handler(&ExceptionContext::new("told by hand"));
            })
        },
    ),
    case(
        "an exception without a message",
        &["Unhandled exception in event loop"],
        || {
            with_loop(|event_loop| event_loop.call_exception_handler(&ExceptionContext::default()));
        },
        || with_loop(|_| {}),
    ),
    of_jobs(
        "the callback of a job's end",
        &["a callback of a job", "oops"],
        || {
            job_ends(|| panic!("oops"));
        },
        || job_ends(|| {}),
    ),
    of_jobs(
        "what a thread of the pool begins with",
        &["the `on_thread_start` of a blocking pool panicked"],
        || begins_threads_with(|| panic!("oops")),
        || begins_threads_with(|| {}),
    ),
];

/// Has a loop asked for something, and gives it time to do it.
fn with_loop(ask: fn(&EventLoop)) {
    corio::run(async move {
        ask(&EventLoop::current());
        corio::sleep(Duration::from_millis(300)).await;
    });
}

fn from_another_thread(call: fn()) {
    corio::run(async move {
        let handle = Handle::current();
        let asks = std::thread::spawn(move || drop(handle.call_soon_threadsafe(call)));
        corio::spawn_blocking(|| asks.join().unwrap()).await.unwrap();
        corio::yield_now().await;
    });
}

fn reader(call: fn()) {
    corio::run(async move {
        let (from, mut to) = pipe().unwrap();
        let event_loop = EventLoop::current();
        event_loop.add_reader(&from, call).unwrap();
        to.write_all(b"!").unwrap();
        corio::sleep(Duration::from_millis(300)).await;
        event_loop.remove_reader(&from);
    });
}

/// Sends this process a SIGHUP.
fn hang_up() {
    let mut kill = std::process::Command::new("kill");
    assert!(kill.args(["-HUP", &std::process::id().to_string()]).status().unwrap().success());
}

fn job_ends(call: fn()) {
    let pool = Config::new().build();
    let (begin, begun) = std::sync::mpsc::channel::<()>();
    let job = pool.spawn(move || begun.recv());
    job.task().add_done_callback(move |_| call());
    begin.send(()).unwrap();
    assert!(pool.shutdown(Duration::from_secs(10)).is_empty());
    drop(job);
}

fn begins_threads_with(hook: fn()) {
    Builder::new().blocking(Config::new().on_thread_start(hook)).run(async {
        corio::spawn_blocking(|| {}).await.unwrap();
    });
}

/// An error that panics when it is asked for its words.
#[derive(Debug)]
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no words")
    }
}

impl std::error::Error for Mute {}
