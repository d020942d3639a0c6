//! Tasks and their contexts: each has a copy of its spawner's, or one that it is given.

use std::time::Duration;

use corio::task::{Builder, Spawn};
use corio::{Context, EventLoop, JoinHandle, context_var, gather, sleep, spawn_local};

use crate::support::turn;

const MS: Duration = Duration::from_millis(1);

context_var! {
    static WORD: &'static str = "nope";
    static NUMBER: i32 = -1;
    static BARE: i32;
}

#[corio::test(virtual_time)]
async fn test_context_1() {
    assert_eq!(WORD.get(), "nope");
    let task = spawn_local(async {
        sleep(10 * MS).await;
        assert_eq!(WORD.get(), "nope", "what the spawner sets later is not seen");
        WORD.set("something else");
    });
    WORD.set("yes");
    assert_eq!(WORD.get(), "yes");
    task.await.unwrap();
    assert_eq!(WORD.get(), "yes", "nor is what the task sets");
}

/// A hundred tasks, and each finds what it has set.
#[test]
fn test_context_3() {
    async fn sub(number: i32) {
        for n in 0..10 {
            NUMBER.set(number + n);
            sleep(fastrand::u32(1..=50) * MS).await;
            assert_eq!(NUMBER.get(), number + n);
        }
    }
    corio::Builder::new().clock(corio::Clock::virtual_time()).run(async {
        let tasks: Vec<_> = (0..100).map(|_| spawn_local(sub(fastrand::i32(0..=10)))).collect();
        gather(tasks).await.unwrap();
    });
    assert_eq!(NUMBER.get(), -1);
}

/// Two tasks in one context, one after the other: what they set stays there.
async fn two_in_one(spawn: impl Fn(Context, i32) -> JoinHandle<()>) {
    let context = Context::copy();
    let mut seen = vec![context.get(&BARE)];
    for value in [1, 2] {
        spawn(context.clone(), value).await.unwrap();
        seen.push(context.get(&BARE));
    }
    assert_eq!(seen, [None, Some(1), Some(2)]);
    assert_eq!(BARE.try_get(), None, "the spawner's is another one");
}

async fn sets(value: i32) {
    turn().await;
    BARE.set(value);
}

#[corio::test(virtual_time)]
async fn test_context_4() {
    two_in_one(|context, value| Builder::new().context(context).spawn_local(sets(value))).await;
}

#[corio::test(virtual_time)]
async fn test_context_5() {
    two_in_one(|context, value| Builder::new().context(context).spawn(sets(value))).await;
}

#[corio::test(virtual_time)]
async fn test_context_6() {
    let event_loop = EventLoop::current();
    two_in_one(|context, value| {
        event_loop.create_task_with(Spawn::new().context(context), sets(value))
    })
    .await;
}

#[corio::test(virtual_time)]
async fn test_get_context() {
    let context = Context::copy();
    let mut task = Builder::new().context(context.clone()).spawn_local(turn());
    (&mut task).await.unwrap();
    assert!(task.task().context().is_same(&context), "the very one, also when the task has ended");
    assert!(!spawn_local(turn()).task().context().is_same(&Context::current()));
}
