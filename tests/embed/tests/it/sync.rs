//! `corio-sync` in other runtimes: what waits is woken by whoever it is, on whatever thread.

use std::sync::Arc;

use corio_embed_tests::Host;
use corio_sync::{Barrier, Event, Notify, Queue, Semaphore};

in_every_host! {
    a_queue_between_tasks,
    an_event_for_many,
    notifications_by_turns,
    a_barrier_round_after_round,
    permits_pass_from_task_to_task,
}

fn a_queue_between_tasks<H: Host>() {
    const ITEMS: usize = 500;
    H::block_on(async {
        let queue = Arc::new(Queue::bounded(3));
        let work = |queue: Arc<Queue<usize>>| async move {
            let mut sum = 0;
            while let Ok(item) = queue.get().await {
                sum += item;
                queue.task_done().unwrap();
            }
            sum
        };
        let workers = [H::spawn(work(Arc::clone(&queue))), H::spawn(work(Arc::clone(&queue)))];
        for item in 0..ITEMS {
            queue.put(item).await.unwrap();
        }
        queue.join().await;
        queue.shutdown(false);
        let mut sum = 0;
        for worker in workers {
            sum += worker.await;
        }
        assert_eq!(sum, ITEMS * (ITEMS - 1) / 2);
    });
}

fn an_event_for_many<H: Host>() {
    H::block_on(async {
        let shared = Arc::new((Event::new(), Semaphore::new(0)));
        let wait = |shared: Arc<(Event, Semaphore)>| async move {
            shared.1.add_permits(1);
            shared.0.wait().await;
        };
        let tasks: Vec<_> = (0..50).map(|_| H::spawn(wait(Arc::clone(&shared)))).collect();
        shared.1.acquire_many(50).await.unwrap().forget();
        shared.0.set();
        for task in tasks {
            task.await;
        }
    });
}

fn notifications_by_turns<H: Host>() {
    const TURNS: usize = 500;
    H::block_on(async {
        let shared = Arc::new((Notify::new(), Notify::new()));
        let other = Arc::clone(&shared);
        let task = H::spawn(async move {
            for _ in 0..TURNS {
                other.0.notified().await;
                other.1.notify_one();
            }
        });
        for _ in 0..TURNS {
            shared.0.notify_one();
            shared.1.notified().await;
        }
        task.await;
    });
}

fn a_barrier_round_after_round<H: Host>() {
    const PARTIES: usize = 4;
    const ROUNDS: usize = 100;
    H::block_on(async {
        let barrier = Arc::new(Barrier::new(PARTIES));
        let meet = |barrier: Arc<Barrier>| async move {
            let mut sum = 0;
            for _ in 0..ROUNDS {
                sum += barrier.wait().await.unwrap().index();
            }
            sum
        };
        let tasks: Vec<_> = (0..PARTIES).map(|_| H::spawn(meet(Arc::clone(&barrier)))).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        assert_eq!(sum, ROUNDS * PARTIES * (PARTIES - 1) / 2);
    });
}

fn permits_pass_from_task_to_task<H: Host>() {
    H::block_on(async {
        let semaphore = Arc::new(Semaphore::new(2));
        let take = |semaphore: Arc<Semaphore>| async move {
            for _ in 0..100 {
                drop(semaphore.acquire().await.unwrap());
            }
        };
        let tasks: Vec<_> = (0..8).map(|_| H::spawn(take(Arc::clone(&semaphore)))).collect();
        for task in tasks {
            task.await;
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}
