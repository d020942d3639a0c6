//! What debug mode costs while it is off: no allocation, at any poll or wait.
//!
//! Every action is done a few times and many times, and both must come to the same number of allocations: what
//! is left is that of the beginning, and a single one is none. Counted is what this thread allocates, and the
//! loop runs on it. A binary of its own: the counter is the allocator of the whole process, and so is the
//! switch.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use corio::sync::{Mutex, Notify, mpsc};
use corio::{Builder, Clock, Runtime};
use futures::FutureExt;
use futures::future::LocalBoxFuture;

/// So often that what is made for the first time has been made, of blocks of 32 slots more than one.
const FEW: usize = 100;
/// So often that one allocation in a thousand would be seen.
const MANY: usize = FEW + 1000;
/// Longer than the test takes, so that it never fires.
const HOUR: Duration = Duration::from_secs(3600);

/// Something done so many times.
type Action = Box<dyn Fn(usize) -> LocalBoxFuture<'static, ()>>;

fn action<F: Future<Output = ()> + 'static>(begin: impl Fn(usize) -> F + 'static) -> Action {
    Box::new(move |times| begin(times).boxed_local())
}

/// How many allocations the loop makes meanwhile.
fn made(runtime: &Runtime, action: &Action, times: usize) -> u64 {
    measure(|| runtime.block_on(action(times))).count_total
}

/// How many allocations are made by doing it once more, 1000 times over.
fn made_by_a_thousand(runtime: &Runtime, action: &Action) -> u64 {
    // What is kept for later use grows to its size.
    made(runtime, action, MANY);
    let few = made(runtime, action, FEW);
    made(runtime, action, MANY).checked_sub(few).expect("more is not done with less")
}

async fn yields(times: usize) {
    for _ in 0..times {
        corio::yield_now().await;
    }
}

/// Two tasks want one lock, and each gets it from the other.
async fn locks(times: usize) {
    let lock = Arc::new(Mutex::new(0));
    let other = Arc::clone(&lock);
    let task = corio::spawn_local(async move {
        for _ in 0..times {
            *other.lock().await += 1;
        }
    });
    for _ in 0..times {
        let mut guard = lock.lock().await;
        corio::yield_now().await;
        *guard += 1;
    }
    task.await.unwrap();
    assert_eq!(*lock.lock().await, 2 * times);
}

/// From task to task, through a channel that is full or empty most of the time.
async fn passes(times: usize) {
    let (sender, mut receiver) = mpsc::channel(1);
    let task = corio::spawn_local(async move {
        for number in 0..times {
            sender.send(number).await.unwrap();
        }
    });
    for number in 0..times {
        assert_eq!(receiver.recv().await, Some(number));
    }
    task.await.unwrap();
}

/// Each is polled twice and given up.
async fn sleeps(times: usize) {
    for _ in 0..times {
        let mut sleep = std::pin::pin!(corio::sleep(HOUR));
        assert!(futures::poll!(&mut sleep).is_pending());
        corio::yield_now().await;
        assert!(futures::poll!(&mut sleep).is_pending());
    }
}

/// Each ends by itself, which on a clock that jumps takes no time.
async fn sleeps_that_end(times: usize) {
    for _ in 0..times {
        corio::sleep(HOUR).await;
    }
}

/// To a task that lives as long as the runtime, and is there before every switch, and back.
fn calls(runtime: &Runtime) -> Action {
    let (there, back) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
    let (asked, answer) = (Rc::clone(&there), Rc::clone(&back));
    drop(runtime.spawn_local(async move {
        loop {
            asked.notified().await;
            answer.notify_one();
        }
    }));
    action(move |times| {
        let (there, back) = (Rc::clone(&there), Rc::clone(&back));
        async move {
            for _ in 0..times {
                there.notify_one();
                back.notified().await;
            }
        }
    })
}

fn actions(runtime: &Runtime) -> Vec<(&'static str, Action)> {
    vec![
        ("yields", action(yields)),
        ("locks", action(locks)),
        ("passes", action(passes)),
        ("sleeps", action(sleeps)),
        ("calls", calls(runtime)),
    ]
}

fn check_none(runtime: &Runtime, actions: &[(&str, Action)], when: &str) {
    assert!(!corio::debug::is_enabled());
    for (name, action) in actions {
        assert_eq!(made_by_a_thousand(runtime, action), 0, "{name}, {when}");
    }
}

#[test]
fn off_nothing_is_allocated_for_it() {
    corio::debug::set(false);
    let real = Builder::new().build().unwrap();
    let jumping = Builder::new().clock(Clock::virtual_time()).build().unwrap();
    let on_real = actions(&real);
    let mut on_jumping = actions(&jumping);
    on_jumping.push(("sleeps that end", action(sleeps_that_end)));
    let both = [(&real, on_real), (&jumping, on_jumping)];

    for (runtime, actions) in &both {
        check_none(runtime, actions, "never on");
    }
    for _ in 0..2 {
        corio::debug::set(true);
        for (runtime, actions) in &both {
            for (_, action) in actions {
                made(runtime, action, FEW);
            }
        }
        corio::debug::set(false);
        for (runtime, actions) in &both {
            check_none(runtime, actions, "after it was on");
        }
    }
}

/// That the test above can fail.
#[test]
fn an_allocation_is_seen() {
    let runtime = Builder::new().build().unwrap();
    let boxes = action(|times| async move {
        for number in 0..times {
            std::hint::black_box(Box::new(number));
            corio::yield_now().await;
        }
    });
    assert_eq!(made_by_a_thousand(&runtime, &boxes), 1000);
}
