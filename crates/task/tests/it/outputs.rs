//! Futures and outputs are dropped exactly once, in whatever order the ends come.

use std::panic::panic_any;

use corio_task::{JoinHandle, Spawn};

use crate::support::{Counted, Drops, Loop, away};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Finish,
    DropHandle,
    Close,
}

const ORDERS: [[Step; 3]; 6] = {
    use Step::{Close, DropHandle, Finish};
    [
        [Finish, DropHandle, Close],
        [Finish, Close, DropHandle],
        [DropHandle, Finish, Close],
        [DropHandle, Close, Finish],
        [Close, Finish, DropHandle],
        [Close, DropHandle, Finish],
    ]
};

#[derive(Clone, Copy, Debug)]
struct Way {
    spawned_away: bool,
    handle_away: bool,
    taken: bool,
    waker_kept: bool,
}

fn ways() -> impl Iterator<Item = Way> {
    (0..16).map(|bits: u8| Way {
        spawned_away: bits & 1 != 0,
        handle_away: bits & 2 != 0,
        taken: bits & 4 != 0,
        waker_kept: bits & 8 != 0,
    })
}

#[test]
fn exactly_once_in_every_order() {
    for order in ORDERS {
        for way in ways() {
            let (futures, outputs) = (Drops::new(), Drops::new());
            run(order, way, &futures, &outputs);
            println!("{order:?} {way:?}");
            futures.assert(1);
            let closed_first = order[0] == Step::Close
                || (order[0] == Step::DropHandle && order[1] == Step::Close);
            // Closed before the end: the output never was; its parts went with the future.
            let _ = closed_first;
            outputs.assert(1);
        }
    }
}

fn run(order: [Step; 3], way: Way, futures: &Drops, outputs: &Drops) {
    let mut l = Loop::new();
    let remote = l.remote();
    let (in_future, output) = (futures.counted(), outputs.counted());
    let (to_test, wakers) = std::sync::mpsc::channel();
    let future = async move {
        let _in_future = in_future;
        let waker = std::future::poll_fn(|context| std::task::Poll::Ready(context.waker().clone()));
        if way.waker_kept {
            to_test.send(waker.await).unwrap();
        }
        output
    };
    let mut handle: Option<JoinHandle<Counted>> = Some(if way.spawned_away {
        away(|| Spawn::new().remote(&remote, future))
    } else {
        Spawn::new().bound(l.home(), future)
    });
    for step in order {
        match step {
            Step::Finish if l.is_open() => l.settle(),
            Step::Finish => {}
            Step::Close => l.close(),
            Step::DropHandle => {
                let handle = handle.take();
                let end = move || {
                    let mut handle = handle;
                    if way.taken {
                        drop(handle.as_mut().unwrap().try_take());
                    }
                    drop(handle);
                };
                if way.handle_away { away(end) } else { end() }
            }
        }
    }
    drop(l);
    if let Ok(waker) = wakers.recv() {
        if way.handle_away { waker.wake() } else { away(|| waker.wake()) }
    }
}

#[test]
fn a_payload_nobody_asks_for_is_dropped_once() {
    for detach_first in [true, false] {
        let l = Loop::new();
        let drops = Drops::new();
        let counted = drops.counted();
        let handle = l.spawn(async move {
            panic_any(counted);
        });
        if detach_first {
            drop(handle);
            l.turn();
        } else {
            l.turn();
            drops.assert(0);
            away(|| drop(handle));
        }
        l.settle();
        drops.assert(1);
        assert_eq!(l.tasks(), 0);
    }
}

/// A task under way to a home that closes, whose handle went at home before it arrived.
#[test]
fn what_a_refused_task_leaves_is_dropped_though_its_handle_is_gone() {
    struct Leave(Option<Counted>);
    impl Drop for Leave {
        fn drop(&mut self) {
            if let Some(counted) = self.0.take() {
                panic_any(counted);
            }
        }
    }
    let mut l = Loop::new();
    let drops = Drops::new();
    let leave = Leave(Some(drops.counted()));
    let handle = Spawn::new().remote(&l.remote(), async move {
        let _leave = leave;
    });
    drop(handle);
    l.close();
    drops.assert(1);
}
