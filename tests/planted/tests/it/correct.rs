//! Programs that do nothing wrong, within one loop, in ways that a watcher might take for mistakes: futures that are
//! polled again in the next round, a thousand tasks at once, groups in groups, guards that are held across waits,
//! cleanup that takes its time.

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use corio::cancel::{CancelScope, catch, mask};
use corio::sync::{Barrier, Event, Mutex, Queue, RwLock, Semaphore, broadcast, mpsc, watch};
use corio::{
    Builder, TaskGroup, debug, gather, shield, sleep, spawn, spawn_local, timeout, yield_now,
};

use crate::harness::Case;

pub(crate) const CASES: &[Case] = &[
    Case::correct("a select that goes on with the futures of the round before", selects_again),
    Case::correct("a thousand tasks that want the same things", a_thousand),
    Case::correct("groups in groups, with limits in time", groups_in_groups),
    Case::correct("guards that are held across waits", guards),
    Case::correct("cleanup that takes its time", cleans_up),
    Case::correct("a shield around what must go on", shields),
    Case::correct("tasks that wait when the run ends", waits_at_the_end),
    Case::correct("many receivers of one queue, some of which give up", gives_up),
    Case::correct("two runtimes that take turns on one thread", two_runtimes),
    Case::correct("a cancellation that is taken back", takes_back),
];

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
/// What is too long where the watchdog judges: shorter than the time between its looks.
const LIMIT: Duration = Duration::from_millis(300);
/// As long as two looks of the watchdog and some.
const LOOKS: Duration = Duration::from_millis(2500);
/// How many do the same at once.
const MANY: usize = 1000;

/// All limits of the watchdog's.
fn set_limits(limit: Duration) {
    debug::set_hang_limit(limit);
    debug::set_grant_limit(limit);
    debug::set_lock_held_limit(limit);
    debug::set_cancel_limit(limit);
}

/// Each round of a `select!` drops what it made, and keeps what was there before.
fn selects_again() {
    const NUMBERS: usize = 200;
    set_limits(LIMIT);
    corio::run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        let sends = spawn(async move {
            for number in 0..NUMBERS {
                sender.send(number).await.unwrap();
                if number % 20 == 0 {
                    sleep(10 * MS).await;
                }
            }
        });
        let (queue, lock) = (Queue::bounded(1), Mutex::new(0));
        let mut held = Some(lock.lock().await);
        let (mut locking, mut put) = (pin!(lock.lock()), pin!(queue.put(7)));
        let mut ticks = pin!(sleep(5 * MS));
        let (mut sum, mut has_put, mut rounds) = (0, false, 0);
        loop {
            rounds += 1;
            corio::select! {
                number = receiver.recv() => match number {
                    Some(number) => sum += number,
                    None => break,
                },
                () = &mut ticks => ticks.set(sleep(5 * MS)),
                guard = &mut locking, if held.is_some() || rounds < NUMBERS => drop(guard),
                item = &mut put, if !has_put => has_put = item.is_ok(),
                number = queue.get() => assert_eq!(number.unwrap(), 7),
                () = sleep(MS) => {}
            }
            if rounds == NUMBERS / 2 {
                held = None;
                locking.set(lock.lock());
            }
        }
        sends.await.unwrap();
        assert_eq!(sum, NUMBERS * (NUMBERS - 1) / 2);
    });
}

/// A lock, permits, a barrier, an event, news: each wanted by all.
fn a_thousand() {
    set_limits(HOUR);
    corio::run(async {
        let (lock, permits) = (Rc::new(Mutex::new(0)), Rc::new(Semaphore::new(3)));
        let (barrier, event) = (Rc::new(Barrier::new(MANY)), Rc::new(Event::new()));
        let (news, _) = broadcast::channel(1);
        let tasks: Vec<_> = (0..MANY)
            .map(|number| {
                let (lock, permits) = (lock.clone(), permits.clone());
                let (barrier, event) = (barrier.clone(), event.clone());
                let mut heard = news.subscribe();
                spawn_local(async move {
                    let permit = permits.acquire().await.unwrap();
                    *lock.lock().await += number;
                    yield_now().await;
                    drop(permit);
                    barrier.wait().await.unwrap();
                    event.wait().await;
                    heard.recv().await.unwrap()
                })
            })
            .collect();
        while barrier.n_waiting() > 0 || *lock.lock().await < MANY * (MANY - 1) / 2 {
            sleep(MS).await;
        }
        event.set();
        yield_now().await;
        yield_now().await;
        news.send("news").unwrap();
        assert_eq!(gather(tasks).await.unwrap().len(), MANY);
    });
}

/// Three groups deep; some children take too long, and go with their time.
fn groups_in_groups() {
    set_limits(HOUR);
    corio::run(async {
        let done = Rc::new(Cell::new(0));
        let of_all = done.clone();
        let all = TaskGroup::scope(|outer| async move {
            for number in 0..10 {
                let done = of_all.clone();
                outer.spawn_local(async move {
                    let limit = if number % 2 == 0 { HOUR } else { 20 * MS };
                    let of_child = done.clone();
                    let all = TaskGroup::scope(|inner| async move {
                        for delay in 0..5 {
                            let done = of_child.clone();
                            let took = if number % 2 == 0 { delay * MS } else { HOUR };
                            inner.spawn_local(async move {
                                sleep(took).await;
                                done.set(done.get() + 1);
                            });
                        }
                        yield_now().await;
                    });
                    let _ = timeout(limit, all).await;
                });
            }
        });
        all.await.unwrap();
        assert_eq!(done.get(), 25);
    });
}

/// A lock that nobody else wants, readers together, permits that are there to be held, and a lock that goes round.
fn guards() {
    set_limits(LIMIT);
    corio::run(async {
        let own = Mutex::new(());
        let guard = own.lock().await;
        let (shared, permits) = (Rc::new(RwLock::new(0)), Rc::new(Semaphore::new(2)));
        let round = Rc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (shared, permits, round) = (shared.clone(), permits.clone(), round.clone());
                spawn_local(async move {
                    let permit = permits.acquire().await.unwrap();
                    let read = shared.read().await;
                    sleep(LOOKS / 2).await;
                    drop(read);
                    for _ in 0..100 {
                        *round.lock().await += 1;
                        yield_now().await;
                        let mut held = round.lock().await;
                        yield_now().await;
                        *held += 1;
                    }
                    drop(permit);
                })
            })
            .collect();
        gather(tasks).await.unwrap();
        drop(guard);
        *shared.write().await += 1;
        assert_eq!(*round.lock().await, 800);
    });
}

/// A task is cancelled: it says goodbye, under a mask, then it goes.
fn cleans_up() {
    set_limits(HOUR);
    corio::run(async {
        let (goodbyes, mut said) = mpsc::channel(1);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let goodbyes = goodbyes.clone();
                spawn(async move {
                    let scope = CancelScope::new();
                    let body = async {
                        if let Err(cancelled) = catch(sleep(HOUR)).await {
                            let goodbye = timeout(HOUR, async {
                                sleep(MS).await;
                                goodbyes.send("goodbye").await
                            });
                            mask(goodbye).await.unwrap().unwrap();
                            cancelled.resume().await;
                        }
                    };
                    let _ = scope.run(body).await;
                })
            })
            .collect();
        drop(goodbyes);
        yield_now().await;
        tasks.iter().for_each(|task| assert!(task.task().cancel("enough")));
        let mut count = 0;
        while said.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, 20);
        for task in tasks {
            assert!(task.await.unwrap_err().is_cancelled());
        }
    });
}

/// Who waits behind a shield may go; what is behind it goes on, and its value is fetched later.
fn shields() {
    corio::run(async {
        let task = spawn(async {
            sleep(20 * MS).await;
            7
        });
        let id = task.task();
        let waited = timeout(MS, shield(task)).await;
        assert!(waited.is_err());
        while !id.is_done() {
            sleep(MS).await;
        }
    });
}

/// A run that ends while all sorts of tasks wait: they are cancelled, and it waits for what they do then.
fn waits_at_the_end() {
    Builder::new().shutdown_grace(HOUR).run(async {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.clone().lock_owned().await;
        for number in 0..50 {
            let lock = lock.clone();
            drop(spawn(async move {
                match number % 5 {
                    0 => pending().await,
                    1 => sleep(HOUR).await,
                    2 => drop(lock.lock().await),
                    3 => {
                        if let Err(cancelled) = catch(pending::<()>()).await {
                            sleep(MS).await;
                            cancelled.resume().await;
                        }
                    }
                    _ => {
                        let all = TaskGroup::scope(|group| async move {
                            group.spawn(pending::<()>());
                            group.spawn(sleep(HOUR));
                        });
                        all.await.unwrap();
                    }
                }
            }));
        }
        // Some have begun by now, others never will.
        drop(spawn(async {}));
        yield_now().await;
        for _ in 0..10 {
            drop(spawn(pending::<()>()));
        }
        drop(held);
    });
}

/// What is sent goes to who takes it: a receiver that is called and gives up passes it on.
fn gives_up() {
    set_limits(LIMIT);
    corio::run(async {
        let queue = Rc::new(Queue::bounded(1));
        let (value, mut seen) = watch::channel(0);
        let taken = Rc::new(Cell::new(0));
        let takes: Vec<_> = (0..20)
            .map(|number| {
                let (queue, taken) = (queue.clone(), taken.clone());
                spawn_local(async move {
                    loop {
                        let patience = if number % 2 == 0 { HOUR } else { number * MS };
                        match timeout(patience, queue.get()).await {
                            Ok(Ok(())) => taken.set(taken.get() + 1),
                            Ok(Err(_)) => return,
                            Err(_) => yield_now().await,
                        }
                    }
                })
            })
            .collect();
        let counts = spawn_local(async move { while seen.changed().await.is_ok() {} });
        for number in 0..300 {
            queue.put(()).await.unwrap();
            value.send(number).unwrap();
            if number % 10 == 0 {
                sleep(5 * MS).await;
            }
        }
        sleep(LOOKS).await;
        takes.iter().for_each(|task| task.abort());
        counts.abort();
        assert_eq!(taken.get(), 300);
    });
}

/// One is made, and looks at nothing while the other runs: the time is the other one's.
fn two_runtimes() {
    debug::set_slow_poll(5 * LIMIT);
    let [one, other] = [0; 2].map(|_| Builder::new().build().unwrap());
    one.block_on(sleep(MS));
    other.block_on(async {
        for _ in 0..40 {
            let begun = Instant::now();
            while begun.elapsed() < 50 * MS {
                std::hint::spin_loop();
            }
            sleep(MS).await;
        }
    });
    one.block_on(sleep(MS));
    for runtime in [one, other] {
        runtime.shutdown_timeout(HOUR);
    }
}

/// A task is asked to end, and for good reasons goes on; later it waits for long.
fn takes_back() {
    debug::set_cancel_limit(LIMIT);
    corio::run(async {
        let task = spawn(async {
            if let Err(cancelled) = catch(sleep(HOUR)).await {
                cancelled.suppress();
            }
            sleep(LOOKS).await;
        });
        yield_now().await;
        task.task().cancel("perhaps");
        task.await.unwrap();
    });
}
