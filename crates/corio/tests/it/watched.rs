//! What a program in debug mode is told while a poll of it still runs, and what follows the settings when they
//! are changed in the middle of a run.
//!
//! Logger, switch and watchdog are the process's, so each test runs in a process of its own. The logger holds
//! the watchdog at the line that has the stack until the poll is over: a slow machine gives no second line.

use std::hint::black_box;
use std::io::{Read, Write, pipe};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use corio::net::resolve::{AddrInfoHints, NameInfoFlags, getaddrinfo, getnameinfo};
use corio::{Builder, debug, yield_now};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::util::{HOUR, assert_passed, in_child, inside_child};

/// How long anything here is waited for.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What was said, and how often a poll with a stack has begun and ended.
struct Said {
    lines: Vec<(Level, String, String)>,
    stacks: u32,
    ended: u32,
}

static SAID: Mutex<Said> = Mutex::new(Said { lines: Vec::new(), stacks: 0, ended: 0 });
static CHANGED: Condvar = Condvar::new();

/// Changes what was said, and waits until it is as it should be.
fn said<T>(change: impl FnOnce(&mut Said) -> T, is_awaited: impl Fn(&Said) -> bool) -> T {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let changed = change(&mut said);
    CHANGED.notify_all();
    let waited = CHANGED.wait_timeout_while(said, WAIT_MAX, |said| !is_awaited(said));
    let (said, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    // Outside the lock, that the others can go on.
    drop(said);
    assert!(!timeout.timed_out(), "nothing came within {WAIT_MAX:?}");
    changed
}

struct Keeps;

impl Log for Keeps {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let text = record.args().to_string();
        let has_stack = text.contains("; it is here:\n");
        let line = (record.level(), record.target().to_owned(), text);
        if has_stack {
            let keep = |said: &mut Said| {
                said.lines.push(line);
                said.stacks += 1;
            };
            said(keep, |said| said.ended >= said.stacks);
        } else {
            said(|said| said.lines.push(line), |_| true);
        }
    }

    fn flush(&self) {}
}

/// Lines of this target about this, since the last call.
fn lines_of(target: &str, about: &str) -> Vec<(Level, String)> {
    let lines = said(|said| std::mem::take(&mut said.lines), |_| true);
    let wanted = lines.into_iter().filter(|line| line.1 == target && line.2.contains(about));
    wanted.map(|(level, _, text)| (level, text)).collect()
}

fn alone(test: &str, body: fn()) {
    if !inside_child() {
        return assert_passed(&in_child(&format!("watched::{test}"), &[]));
    }
    log::set_logger(&Keeps).expect("one test a process");
    log::set_max_level(LevelFilter::Info);
    body();
}

/// Whether nobody has been told of the poll that runs now.
fn is_untold() -> bool {
    said(|said| said.stacks == said.ended, |_| true)
}

#[inline(never)]
fn sleeps() {
    while is_untold() {
        thread::sleep(Duration::from_millis(100));
    }
}

#[inline(never)]
fn locks() {
    let (lock, held) = (Mutex::new(0), mpsc::channel());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            held.0.send(()).unwrap();
            until_told();
        });
        held.1.recv().unwrap();
        *lock.lock().unwrap() += 1;
    });
}

#[inline(never)]
fn computes() {
    let mut sum = 0_u64;
    while is_untold() {
        for _ in 0..1_000_000 {
            sum = black_box(sum.wrapping_mul(31).wrapping_add(7));
        }
    }
}

#[inline(never)]
fn reads() {
    let (mut reader, mut writer) = pipe().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            until_told();
            writer.write_all(b"late").unwrap();
        });
        // The call goes on after the signal.
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 4);
    });
}

/// On another thread, until the poll that runs now has been told of.
fn until_told() {
    said(|_| (), |said| said.stacks > said.ended);
}

/// A task of this name does it; what was said of it then.
async fn told_of(name: &str, work: fn()) -> Vec<(Level, String)> {
    let task = corio::task::Builder::new().name(name).spawn(async move { work() });
    task.await.unwrap();
    // In another poll: the watchdog takes it for no part of that one.
    said(|said| said.ended = said.stacks, |_| true);
    lines_of("corio::slow", &format!("Executing <Task name='{name}' "))
}

/// Exactly one line while it ran, with these words, and exactly one after it.
#[track_caller]
fn check(told: &[(Level, String)], words: &[&str]) {
    let is_stack = |line: &&(Level, String)| line.1.contains(" it is here:\n");
    let stacks: Vec<_> = told.iter().filter(is_stack).collect();
    let [(level, text)] = stacks[..] else { panic!("one stack is to be told: {told:#?}") };
    assert_eq!(*level, Level::Warn);
    let spawned_at = format!(" spawned at {}:", file!());
    assert!(text.ends_with(" frames of the runtime"), "{text}");
    for ours in ["corio_task::", "crates/task/src/", "crates/executor/src/"] {
        assert!(!text.contains(ours), "{ours} is counted, not shown: {text}");
    }
    for part in
        [&spawned_at, " seconds and still runs"].iter().copied().chain(words.iter().copied())
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let after: Vec<_> = told.iter().filter(|line| line.1.ends_with(" seconds")).collect();
    assert!(after.len() == 1 && after[0].0 == Level::Warn, "{told:#?}");
}

#[test]
fn what_blocks_is_named_while_it_does() {
    alone("what_blocks_is_named_while_it_does", || {
        Builder::new().debug(true).run(async {
            let told = told_of("sleeping", sleeps).await;
            check(&told, &["sleep at library/std/", "it::watched::sleeps at ", file!()]);
            let told = told_of("locking", locks).await;
            check(&told, &["lock at library/std/", "it::watched::locks", file!()]);
            let told = told_of("computing", computes).await;
            check(&told, &["it::watched::computes at ", file!()]);
            let told = told_of("reading", reads).await;
            check(&told, &["read", "it::watched::reads", file!()]);
        });
    });
}

/// Longer than a poll should take, but not longer than what is set in its place.
fn pauses() {
    thread::sleep(Duration::from_millis(200));
}

#[test]
fn a_task_that_ends_before_its_stack_is_made_out_keeps_its_name() {
    alone("a_task_that_ends_before_its_stack_is_made_out_keeps_its_name", || {
        Builder::new().debug(true).run(async {
            // The process's first stack, for which debug information is read: that takes longer than the poll.
            let task = corio::task::Builder::new().name("brief").spawn(async { pauses() });
            task.await.unwrap();
            let is_told = |said: &Said| said.lines.iter().any(|line| line.2.contains(" here:\n"));
            said(|said| said.ended = u32::MAX, is_told);
            let told = lines_of("corio::slow", " here:\n");
            assert!(told[0].1.starts_with("Executing <Task name='brief' spawned at "), "{told:?}");
        });
    });
}

/// What was said of polls of the task `older`.
fn of_the_older() -> Vec<(Level, String)> {
    lines_of("corio::slow", "Executing <Task name='older' ")
}

/// A poll of the task `older`, of which the watchdog tells.
async fn blocks_and_is_told_of() {
    sleeps();
    yield_now().await;
    said(|said| said.ended = said.stacks, |_| true);
    check(&of_the_older(), &["it::watched::sleeps at "]);
}

/// A poll of the task `older` that takes long, and of which nobody tells; `why` not.
async fn pauses_untold(why: &str) {
    pauses();
    yield_now().await;
    assert_eq!(of_the_older(), [], "{why}");
}

#[test]
fn the_switch_and_the_limit_may_be_turned_in_the_middle_of_a_run() {
    alone("the_switch_and_the_limit_may_be_turned_in_the_middle_of_a_run", || {
        const DEFAULT: Duration = Duration::from_millis(100);
        Builder::new().debug(false).run(async move {
            // All in one task, which is older than the switch.
            let steps = corio::task::Builder::new().name("older").spawn(async move {
                pauses_untold("off").await;

                debug::set(true);
                yield_now().await;
                blocks_and_is_told_of().await;

                debug::set_slow_poll(HOUR);
                yield_now().await;
                pauses_untold("shorter than an hour").await;

                debug::set_slow_poll(DEFAULT);
                yield_now().await;
                blocks_and_is_told_of().await;

                debug::set(false);
                yield_now().await;
                pauses_untold("off again").await;
            });
            steps.await.unwrap();
        });
    });
}

#[test]
fn the_systems_own_lookups_are_told_of_as_asyncio_tells() {
    alone("the_systems_own_lookups_are_told_of_as_asyncio_tells", || {
        // Whatever the system answers takes longer than that.
        debug::set_slow_poll(Duration::ZERO);
        let ask = || async {
            let home = SocketAddr::from(([127, 0, 0, 1], 80));
            let numbers = NameInfoFlags::NUMERICHOST | NameInfoFlags::NUMERICSERV;
            let hints = AddrInfoHints::default();
            getaddrinfo(Some("127.0.0.1"), Some("80"), hints).await.unwrap();
            let info = lines_of("corio::net", "");
            getnameinfo(home, numbers).await.unwrap();
            [info, lines_of("corio::net", "")]
        };
        assert_eq!(Builder::new().debug(false).run(ask()), [[], []]);
        for told in Builder::new().debug(true).run(ask()) {
            let [(Level::Info, text)] = &told[..] else { panic!("{told:?}") };
            let took = text.strip_prefix("Getting address info 127.0.0.1:80 took ").expect(text);
            let millis: f64 = took.strip_suffix("ms").expect(text).parse().expect(text);
            assert!(millis > 0.0, "{text}");
        }
        debug::set_slow_poll(HOUR);
        assert_eq!(Builder::new().debug(true).run(ask()), [[], []], "it was quick");
    });
}
