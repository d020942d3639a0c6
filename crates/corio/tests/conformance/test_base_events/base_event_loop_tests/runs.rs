//! Running a loop by hand, and the pool of its jobs.

use std::io::Write as _;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use corio::blocking::{Config, JobExecutor};
use corio::event_loop::RunError;
use corio::process::Command;
use corio::signal::SignalKind;
use corio::{Builder, EventLoop, spawn_blocking};

use crate::sockets::LONG;
use crate::support::{Seen, errors_logged, implements, runtime};
use crate::test_runners::{assert_passed, in_child, interrupt_self};

const MS: Duration = Duration::from_millis(1);

#[test]
fn test_run_until_complete_type_error() {
    assert!(!implements!(&'static str: Future));
}

/// The handle of another loop's task is no error: it is ready when that loop has run the task.
#[test]
fn test_run_until_complete_loop() {
    let (one, other) = (runtime(), runtime());
    let task = other.event_loop().create_task(async { 7 });
    other.block_on(async { corio::yield_now().await });
    assert_eq!(one.event_loop().run_until_complete(task).unwrap().unwrap(), 7);
}

#[test]
fn test_run_until_complete_loop_orphan_future_close_loop() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let stops = event_loop.clone();
    event_loop.call_soon(move || stops.stop());
    let stopped = event_loop.run_until_complete(corio::sleep(100 * MS));
    assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
    // What was left of the first run does not end the second.
    let begun = event_loop.time();
    event_loop.run_until_complete(corio::sleep(200 * MS)).unwrap();
    assert_eq!(event_loop.time() - begun, 200 * MS);
}

#[test]
fn test_run_until_complete_baseexception() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let run = || event_loop.run_until_complete(async { panic!("KeyboardInterrupt") });
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"KeyboardInterrupt"));
    let seen = Seen::new();
    let (push, stops) = (seen.clone(), event_loop.clone());
    event_loop.call_soon(move || {
        push.push("called");
        stops.stop();
    });
    event_loop.run_forever().unwrap();
    assert_eq!(seen.all(), ["called"], "the loop is none the worse");
}

/// No signal is thrown through a loop: a handler stops it.
#[test]
fn test_run_forever_keyboard_interrupt() {
    let test = "test_base_events::base_event_loop_tests::runs::test_run_forever_keyboard_interrupt";
    assert_passed(in_child(test, None, || {
        let runtime = Builder::new().build().unwrap();
        let event_loop = runtime.event_loop();
        let stops = event_loop.clone();
        event_loop.add_signal_handler(SignalKind::interrupt(), move || stops.stop()).unwrap();
        event_loop.call_soon(interrupt_self);
        event_loop.run_forever().unwrap();
        assert!(!event_loop.is_running());
        assert_eq!(event_loop.run_until_complete(async { 1 }).unwrap(), 1);
    }));
}

/// What was found ready before the loop stopped is called once.
#[test]
fn test_single_selecter_event_callback_after_stopping() {
    let runtime = Builder::new().build().unwrap();
    let event_loop = runtime.event_loop();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let seen = Seen::new();
    let (push, inside, own) = (seen.clone(), event_loop.clone(), reader.try_clone().unwrap());
    let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
    writer.write_all(b"x").unwrap();
    let callback = move || {
        let _open = &own;
        push.push(());
        assert!(inside.remove_reader(&fd));
    };
    event_loop.add_reader(&reader, callback).unwrap();
    for _ in 0..2 {
        let stops = event_loop.clone();
        event_loop.call_soon(move || stops.stop());
        event_loop.run_forever().unwrap();
        assert_eq!(seen.len(), 1);
    }
}

#[test]
fn test_run_once() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let seen = Seen::new();
    let push = seen.clone();
    event_loop.call_soon(move || push.push(()));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(seen.len(), 1);
}

/// When the loop is made, and later.
#[test]
fn test_set_default_executor() {
    let name = async || {
        let name = spawn_blocking(|| std::thread::current().name().map(str::to_owned));
        name.await.unwrap().unwrap_or_default()
    };
    let config = Config::new().thread_name("at first");
    let names = Builder::new().blocking(config).run(async move {
        let first = name().await;
        let pool = Config::new().thread_name("later").build();
        EventLoop::current().set_default_executor(&pool);
        [first, name().await]
    });
    assert!(names[0].starts_with("at first") && names[1].starts_with("later"), "{names:?}");
}

#[test]
fn test_set_default_executor_error() {
    assert!(!implements!(String: Into<Config>));
    assert!(!implements!(String: JobExecutor));
}

#[test]
fn test_shutdown_default_executor_timeout() {
    let (open, wait) = channel::<()>();
    let begun = Instant::now();
    let errors = errors_logged(|| {
        Builder::new().shutdown_grace(10 * MS).run(async {
            let (started, has_started) = channel();
            drop(spawn_blocking(move || {
                started.send(()).unwrap();
                let _ = wait.recv();
            }));
            while has_started.try_recv().is_err() {
                corio::yield_now().await;
            }
        });
    });
    assert!((10 * MS..LONG).contains(&begun.elapsed()));
    assert!(errors.iter().any(|error| error.contains("runs.rs")), "who is stuck: {errors:?}");
    drop(open);
}

#[test]
fn test_env_var_debug() {
    let test = "test_base_events::base_event_loop_tests::runs::test_env_var_debug";
    for (value, is_on) in [(Some("1"), true), (Some("0"), false), (None, false)] {
        let output = in_child(test, value, || {
            corio::run(async { println!("debug mode: {}", EventLoop::current().debug()) });
        });
        let Some(output) = output else { return };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_passed(Some(output));
        assert!(said.contains(&format!("debug mode: {is_on}")), "{value:?}: {said}");
    }
}

/// There is one form of each argument, which the types say; what no type forbids is an error.
#[corio::test]
async fn test_subprocess_exec_invalid_args() {
    assert!(!implements!(i32: AsRef<std::ffi::OsStr>));
    let error = Command::new("ls\0-l").spawn().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(Command::new("").spawn().is_err());
}

#[corio::test]
async fn test_subprocess_shell_invalid_args() {
    let error = corio::process::create_subprocess_shell("ls\0-l").spawn().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
