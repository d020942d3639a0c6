//! A program to look into from outside: every kind of trouble that `corio ps`, `corio top` and the page show.
//!
//! ```sh
//! CORIO_DEBUG=1 CORIO_INSPECT=127.0.0.1:0 cargo run --features inspect --example inspected
//! ```
//!
//! | task | what is to be seen of it |
//! |---|---|
//! | `ticker` | polls, all the time |
//! | `blocker` | a slow poll now and then, with its stack |
//! | `left`, `right` | two locks taken in opposite order: they wait for each other for ever |
//! | `holder`, `reader-1` to `reader-3` | a lock held too long, and who waits for it |
//! | `parent`, `child` | a handle awaited under a limit in time |
//! | `guest <b>` | a name that is no markup |
//!
//! It ends with its standard input. `--tasks N` adds so many that wait; `--stuck` has the loop polled by one
//! that never returns.

use std::sync::Arc;
use std::time::Duration;

use corio::sync::{Event, Mutex};

/// Longer than anybody looks.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

#[derive(Default)]
struct Options {
    tasks: usize,
    stuck: bool,
}

fn options() -> Result<Options, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("tasks") => options.tasks = parser.value()?.parse()?,
            Long("stuck") => options.stuck = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

#[corio::main]
async fn main() -> Result<(), lexopt::Error> {
    let options = options()?;
    ticker();
    quarrel().await;
    readers();
    family();
    named("guest <b>", std::future::pending());
    for _ in 0..options.tasks {
        drop(corio::spawn(corio::sleep(FOR_EVER)));
    }
    if options.stuck {
        // A thread of its own: the loop will not get to it any more.
        std::thread::spawn(|| {
            until_input_ends();
            std::process::exit(0);
        });
        // Tasks come first, so that their waits are known.
        corio::yield_now().await;
        println!("process {}", std::process::id());
        named("stuck", async {
            loop {
                std::thread::park();
            }
        });
    } else {
        println!("process {}", std::process::id());
        named("blocker", blocker());
    }
    let _ = corio::spawn_blocking(until_input_ends).await;
    Ok(())
}

fn until_input_ends() {
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
}

fn named(name: &str, future: impl Future<Output = ()> + Send + 'static) {
    drop(corio::task::Builder::new().name(name).spawn(future));
}

fn ticker() {
    named("ticker", async {
        loop {
            corio::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// Two tasks that take two locks, each beginning with another one.
async fn quarrel() {
    let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    for (name, first, second) in [("left", &one, &two), ("right", &two, &one)] {
        let (first, second) = (Arc::clone(first), Arc::clone(second));
        named(name, async move {
            let _first = first.lock().await;
            corio::yield_now().await;
            let _second = second.lock().await;
        });
    }
    corio::yield_now().await;
}

/// One has the lock and keeps it; three want it.
fn readers() {
    let lock = Arc::new(Mutex::new(0));
    let held = Arc::new(Event::new());
    let (lock_2, held_2) = (Arc::clone(&lock), Arc::clone(&held));
    named("holder", async move {
        let _guard = lock_2.lock().await;
        held_2.set();
        corio::sleep(FOR_EVER).await;
    });
    for number in 1..=3 {
        let (lock, held) = (Arc::clone(&lock), Arc::clone(&held));
        named(&format!("reader-{number}"), async move {
            held.wait().await;
            *lock.lock().await += 1;
        });
    }
}

/// A task that awaits another, but not for ever.
fn family() {
    named("parent", async {
        let child = corio::task::Builder::new().name("child").spawn(corio::sleep(FOR_EVER));
        let _ = corio::timeout(FOR_EVER, child).await;
    });
}

/// More often than not it blocks when somebody looks who looks once a second.
async fn blocker() {
    loop {
        block();
        corio::sleep(Duration::from_millis(330)).await;
    }
}

/// What no task should do: its loop's other tasks wait meanwhile.
#[inline(never)]
fn block() {
    std::thread::sleep(Duration::from_millis(400));
}
