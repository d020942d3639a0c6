//! The queues: orders, bounds, cancelled waits, unfinished tasks, shutting down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio_base::park::block_on;
use corio_sync::queue::{TryGetError, TryPutError};
use corio_sync::{LifoQueue, PriorityQueue, Queue};

use crate::util::{Polled, waiting};

#[test]
fn three_orders() {
    let (fifo, lifo, priority) =
        (Queue::unbounded(), LifoQueue::unbounded(), PriorityQueue::unbounded());
    for item in [2, 3, 1] {
        fifo.try_put(item).unwrap();
        lifo.try_put(item).unwrap();
        priority.try_put(item).unwrap();
    }
    assert_eq!([(); 3].map(|()| fifo.try_get().unwrap()), [2, 3, 1]);
    assert_eq!([(); 3].map(|()| lifo.try_get().unwrap()), [1, 3, 2]);
    assert_eq!([(); 3].map(|()| priority.try_get().unwrap()), [1, 2, 3]);
    assert_eq!(priority.try_get(), Err(TryGetError::Empty));
}

/// Compared by the first part alone.
#[derive(Debug)]
struct Ranked(u8, usize);
impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Ranked {}

#[test]
fn equals_keep_their_order() {
    let queue = PriorityQueue::unbounded();
    for came in 0..100 {
        queue.try_put(Ranked((came % 2) as u8, came)).unwrap();
    }
    let order: Vec<_> = (0..100).map(|_| queue.try_get().unwrap().1).collect();
    let expected: Vec<_> = (0..100).step_by(2).chain((1..100).step_by(2)).collect();
    assert_eq!(order, expected);
}

#[test]
fn what_it_shows() {
    let queue = Queue::bounded(1);
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1]");
    let getters = [waiting(queue.get()), waiting(queue.get())];
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1, getters:2]");
    drop(getters);
    queue.try_put('a').unwrap();
    let _putter = waiting(queue.put('b'));
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1, items:1, putters:1, tasks:1]");
    assert!(queue.is_full() && !queue.is_empty() && queue.maxsize() == Some(1));
    queue.shutdown(false);
    assert_eq!(format!("{queue:?}"), "Queue [maxsize:1, items:1, tasks:1, shutdown]");
    assert_eq!(format!("{:?}", LifoQueue::<u8>::default()), "LifoQueue [maxsize:0]");
    assert_eq!(format!("{:?}", PriorityQueue::<u8>::default()), "PriorityQueue [maxsize:0]");
    assert_eq!(Queue::<u8>::default().maxsize(), None);
}

#[test]
#[should_panic(expected = "or `unbounded`")]
fn no_room_at_all_is_a_mistake() {
    let _ = Queue::<u8>::bounded(0);
}

#[test]
fn getters_wait_in_order() {
    let queue = Queue::unbounded();
    let (mut one, mut two) = (waiting(queue.get()), waiting(queue.get()));
    queue.try_put(1).unwrap();
    assert_eq!((one.wakes(), two.wakes(), queue.len()), (1, 0, 1));
    queue.try_put(2).unwrap();
    assert_eq!((one.ready(), two.ready()), (Ok(1), Ok(2)));
}

#[test]
fn putters_wait_for_room_in_order() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)));
    let (mut two, mut three) = (waiting(queue.put(2)), waiting(queue.put(3)));
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!((two.wakes(), three.wakes()), (1, 0));
    two.ready().unwrap();
    assert!(three.poll().is_pending());
    assert_eq!(queue.try_get(), Ok(2));
    three.ready().unwrap();
    assert_eq!(queue.try_get(), Ok(3));
}

#[test]
fn a_chance_that_is_not_used_goes_to_the_next() {
    let queue = Queue::bounded(1);
    let (one, mut two) = (waiting(queue.get()), waiting(queue.get()));
    queue.try_put(1).unwrap();
    drop(one);
    assert_eq!(two.ready(), Ok(1));

    queue.try_put(1).unwrap();
    let (one, mut two) = (waiting(queue.put(2)), waiting(queue.put(3)));
    assert_eq!(queue.try_get(), Ok(1));
    drop(one);
    two.ready().unwrap();
    assert_eq!(queue.try_get(), Ok(3));
}

#[test]
fn who_lost_its_item_keeps_its_place() {
    let queue = Queue::bounded(1);
    let (mut one, mut two) = (waiting(queue.get()), waiting(queue.get()));
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_get(), Ok(1), "asyncio lets it be taken");
    assert!(one.poll().is_pending());
    queue.try_put(2).unwrap();
    assert_eq!(two.wakes(), 0);
    assert_eq!(one.ready(), Ok(2));
    queue.try_put(3).unwrap();
    assert_eq!(two.ready(), Ok(3));

    queue.try_put(1).unwrap();
    let (mut one, two) = (waiting(queue.put(2)), waiting(queue.put(3)));
    queue.try_get().unwrap();
    queue.try_put(8).unwrap();
    assert!(one.poll().is_pending());
    queue.try_get().unwrap();
    assert_eq!(two.wakes(), 0);
    one.ready().unwrap();
}

#[test]
fn tasks_are_counted() {
    let queue = Queue::unbounded();
    assert!(queue.task_done().is_err());
    Polled::new(queue.join()).ready();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let (mut join, mut other) = (waiting(queue.join()), waiting(queue.join()));
    queue.try_get().unwrap();
    queue.try_get().unwrap();
    queue.task_done().unwrap();
    assert!(join.poll().is_pending());
    queue.task_done().unwrap();
    join.ready();
    other.ready();
    let error = queue.task_done().unwrap_err();
    assert!(error.to_string().contains("once for each item"), "{error}");
}

#[test]
fn shut_down_lets_the_rest_out() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let mut putter = waiting(queue.put(2));
    let mut join = waiting(queue.join());
    queue.shutdown(false);
    assert_eq!(putter.ready().unwrap_err().into_inner(), 2);
    assert_eq!(queue.try_put(3), Err(TryPutError::ShutDown(3)));
    assert_eq!(Polled::new(queue.put(3)).ready().unwrap_err().into_inner(), 3);
    assert!(queue.is_shut_down());
    assert_eq!(Polled::new(queue.get()).ready(), Ok(1));
    assert!(Polled::new(queue.get()).ready().is_err());
    assert_eq!(queue.try_get(), Err(TryGetError::ShutDown));
    assert!(join.poll().is_pending());
    queue.task_done().unwrap();
    join.ready();
}

#[test]
fn shut_down_empty_wakes_all_getters() {
    let queue = Queue::<u8>::unbounded();
    let mut getters: Vec<_> = (0..3).map(|_| waiting(queue.get())).collect();
    queue.shutdown(false);
    for getter in &mut getters {
        assert!(getter.ready().is_err());
    }
    queue.shutdown(true);
}

/// Uses the queue when it is dropped.
struct Uses(Arc<Queue<Option<Uses>>>, Arc<AtomicUsize>);
impl Drop for Uses {
    fn drop(&mut self) {
        let _ = self.0.try_put(None);
        self.1.fetch_add(self.0.len() + 1, Ordering::SeqCst);
    }
}

#[test]
fn shut_down_at_once_drops_outside_the_lock_and_frees_join() {
    let (queue, dropped) = (Arc::new(Queue::unbounded()), Arc::new(AtomicUsize::new(0)));
    for _ in 0..3 {
        queue.try_put(Some(Uses(queue.clone(), dropped.clone()))).unwrap();
    }
    let got = queue.try_get().unwrap();
    let mut join = waiting(queue.join());
    queue.shutdown(true);
    assert_eq!((dropped.load(Ordering::SeqCst), queue.len()), (2, 0));
    assert!(join.poll().is_pending(), "one is in work");
    queue.task_done().unwrap();
    join.ready();
    drop(got);
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn a_put_is_for_one_item() {
    let queue = Queue::unbounded();
    let mut put = Polled::new(queue.put(1));
    put.ready().unwrap();
    let _ = put.poll();
}

/// A panic in `Ord` harms the item's place, not the queue.
#[test]
fn items_that_cannot_be_compared() {
    #[derive(PartialEq, Eq)]
    struct Bad;
    impl Ord for Bad {
        fn cmp(&self, _: &Self) -> std::cmp::Ordering {
            panic!("an order that panics, as this test wants");
        }
    }
    impl PartialOrd for Bad {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    let queue = PriorityQueue::unbounded();
    queue.try_put(Bad).unwrap();
    let put = std::panic::AssertUnwindSafe(|| queue.try_put(Bad));
    assert!(std::panic::catch_unwind(put).is_err());
    assert_eq!(format!("{queue:?}"), "PriorityQueue [maxsize:0, items:2, tasks:2]");
}

/// Random steps: nothing is lost or doubled, the bound holds, nobody sleeps beside an item.
#[test]
fn random_steps() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let maxsize = random.usize(1..4);
        let queue = Queue::bounded(maxsize);
        let (mut getters, mut putters, mut next, mut got) = (vec![], vec![], 0, vec![]);
        let mut given_up = 0;
        for _ in 0..100 {
            match random.u8(0..8) {
                0 => {
                    putters.push((next, waiting_or(queue.put(next))));
                    next += 1;
                }
                1 => getters.push(waiting_or(queue.get())),
                2 if queue.try_put(next).is_ok() => next += 1,
                3 => got.extend(queue.try_get()),
                4 if !getters.is_empty() => {
                    let getter = getters.swap_remove(random.usize(0..getters.len()));
                    got.extend(done(getter).and_then(Result::ok));
                }
                5 if !putters.is_empty() => {
                    let (item, putter) = putters.swap_remove(random.usize(0..putters.len()));
                    if done(putter).is_none() {
                        got.push(item);
                        given_up += 1;
                    }
                }
                _ => {}
            }
            assert!(queue.len() <= maxsize);
        }
        // Whoever can go on does, by its own wakes alone.
        loop {
            let before = (getters.len(), putters.len());
            getters.retain_mut(|getter| match getter.step() {
                Some(item) => {
                    got.extend(item);
                    false
                }
                None => true,
            });
            putters.retain_mut(|(_, putter)| putter.step().is_none());
            if before == (getters.len(), putters.len()) {
                break;
            }
        }
        assert!(getters.is_empty() || queue.is_empty(), "seed {seed}: a getter beside an item");
        assert!(putters.is_empty() || queue.is_full(), "seed {seed}: a putter beside room");
        got.extend(putters.iter().map(|&(item, _)| item));
        drop(putters);
        got.extend(std::iter::from_fn(|| queue.try_get().ok()));
        got.sort_unstable();
        assert_eq!(got, (0..next).collect::<Vec<_>>(), "seed {seed}, {given_up} given up");
    }
}

/// A future that was polled once, and what it gave.
struct Step<F: Future> {
    future: Polled<F>,
    output: Option<F::Output>,
    woken: usize,
}

fn waiting_or<F: Future>(future: F) -> Step<F> {
    let mut future = Polled::new(future);
    let output = match future.poll() {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    };
    Step { future, output, woken: 0 }
}

impl<F: Future> Step<F> {
    /// Its output, if it has one; it is polled only if it was woken.
    fn step(&mut self) -> Option<F::Output> {
        if self.output.is_none() && self.future.wakes() > self.woken {
            self.woken = self.future.wakes();
            if let std::task::Poll::Ready(output) = self.future.poll() {
                self.output = Some(output);
            }
        }
        self.output.take()
    }
}

/// Polls half of them for the last time, and drops all.
fn done<F: Future>(mut step: Step<F>) -> Option<F::Output> {
    if step.woken.is_multiple_of(2) { step.step() } else { step.output }
}

#[test]
fn threads_hand_over_everything() {
    const ITEMS: usize = 2000;
    let (queue, sum) = (Queue::bounded(3), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Ok(item) = block_on(queue.get()) {
                    sum.fetch_add(item, Ordering::Relaxed);
                    queue.task_done().unwrap();
                    // Comes, waits or not, and gives up.
                    if let std::task::Poll::Ready(Ok(item)) = Polled::new(queue.get()).poll() {
                        sum.fetch_add(item, Ordering::Relaxed);
                        queue.task_done().unwrap();
                    }
                }
            });
        }
        for item in 0..ITEMS {
            block_on(queue.put(item)).unwrap();
        }
        block_on(queue.join());
        queue.shutdown(false);
    });
    assert_eq!(sum.into_inner(), ITEMS * (ITEMS - 1) / 2);
}
