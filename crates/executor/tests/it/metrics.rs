//! What a loop counts, against programs of which it is known: how often, from where, and when it shows.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use corio_base::busy::BusyTime;
use corio_base::park::ThreadPark;
use corio_base::{Park, Parked, Time, Unparker, Wait};
use corio_executor::cadence::POLLS_BETWEEN_LOOKS_MAX;
use corio_executor::{Executor, Guest, RuntimeMetrics, yield_now};
use corio_trace::metrics;

use crate::support::{FakePark, Slot, away, executor, park_that_wakes_twice, wait_in, wake};

/// For who looks at all loops of the process, by which they are measured, and for who makes one that nobody is to
/// look at.
fn all_loops() -> MutexGuard<'static, ()> {
    static ALL_LOOPS: Mutex<()> = Mutex::new(());
    ALL_LOOPS.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn yields(times: u32) {
    for _ in 0..times {
        yield_now().await;
    }
}

#[test]
fn turns_and_polls_of_a_known_program() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    executor.block_on(async {});
    assert_eq!(metrics.worker_poll_count(0), 0, "ready at once, outside of every turn");
    executor.block_on(yields(5));
    assert_eq!((metrics.worker_turn_count(0), metrics.worker_poll_count(0)), (5, 6));
    let tasks: Vec<_> = (0..3).map(|_| executor.spawn_local(yields(1))).collect();
    executor.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    // Two turns of three tasks; the root was polled in the first one, in the second, when the first
    // task had ended, and in a third one at most.
    let (turns, polls) = (metrics.worker_turn_count(0) - 5, metrics.worker_poll_count(0) - 6);
    assert!((2..=3).contains(&turns) && (8..=9).contains(&polls), "{turns} turns, {polls} polls");
}

#[test]
fn polls_show_at_every_look() {
    let (executor, parks) = executor();
    let metrics = executor.metrics();
    let inside = metrics.clone();
    executor.block_on(async move {
        assert_eq!(inside.worker_poll_count(0), 0);
        for poll in 1..=3 * u64::from(POLLS_BETWEEN_LOOKS_MAX) + 1 {
            yield_now().await;
            let shown = inside.worker_poll_count(0);
            assert!(shown <= poll && poll - shown <= u64::from(POLLS_BETWEEN_LOOKS_MAX));
        }
    });
    assert_eq!(parks.borrow().len(), 3);
    assert_eq!(metrics.worker_poll_count(0), 3 * u64::from(POLLS_BETWEEN_LOOKS_MAX) + 2);
}

#[test]
fn tasks_count_as_alive_until_they_end_whoever_refers_to_them() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let counts = || (metrics.spawned_tasks_count(), metrics.num_alive_tasks());
    let handles: Vec<_> = (0..4).map(|at| executor.spawn_local(yields(at))).collect();
    assert_eq!(counts(), (4, 4));
    executor.block_on(yields(2));
    // The root is the fifth one, polled three times; those of 0, 1 and 2 yields have ended, too.
    assert_eq!(counts(), (5, 1));
    handles[3].abort();
    executor.block_on(yields(5));
    assert_eq!(counts(), (6, 0));
    assert_eq!(executor.core().tasks(), 4, "the handles are still there");
}

#[test]
fn what_is_waited_for_is_a_task_from_its_first_poll_on() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let counts = || (metrics.spawned_tasks_count(), metrics.num_alive_tasks());
    executor.block_on(async { assert_eq!(counts(), (1, 1)) });
    assert_eq!(counts(), (1, 0), "ready at its first poll");
    executor.block_on(async {
        assert_eq!(counts(), (2, 1));
        yields(1).await;
        assert_eq!(counts(), (2, 1), "the same one");
    });
    assert_eq!(counts(), (2, 0));
    // Somebody else has the task still, so that it ends the long way.
    let kept = Slot::default();
    executor.block_on(std::future::poll_fn(|context| {
        *kept.borrow_mut() = Some(context.waker().clone());
        std::task::Poll::Ready(())
    }));
    assert_eq!(counts(), (3, 0));
    let panics = executor.try_block_on(async { panic!("at once") });
    assert!(panics.is_err());
    assert_eq!(counts(), (4, 0));
}

#[test]
fn a_loop_that_is_dropped_leaves_its_numbers_and_no_task_alive() {
    let _alone = all_loops();
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let listed = || metrics::all().iter().any(|one| one.is_same(&metrics));
    executor.spawn_local(std::future::pending::<()>());
    executor.block_on(yields(3));
    assert_eq!((metrics.num_alive_tasks(), metrics.is_closed(), listed()), (1, false, true));
    drop(executor);
    assert_eq!((metrics.num_alive_tasks(), metrics.is_closed(), listed()), (0, true, false));
    assert_eq!((metrics.spawned_tasks_count(), metrics.worker_turn_count(0)), (2, 4));
    assert!(!metrics.worker_is_parked(0) && metrics.worker_busy_for(0).is_none());
}

#[test]
fn parks_are_counted_and_those_that_changed_nothing() {
    let (park, waits) = park_that_wakes_twice();
    let executor = Executor::new(park);
    let metrics = executor.metrics();
    executor.block_on(waits);
    assert_eq!((metrics.worker_park_count(0), metrics.worker_park_unpark_count(0)), (3, 6));
    assert_eq!(metrics.worker_noop_count(0), 1);
    assert_eq!(metrics.worker_remote_unpark_count(0), 0, "woken by the park itself");
    assert_eq!(metrics.worker_local_schedule_count(0), metrics.worker_poll_count(0));
}

#[test]
fn a_park_shows_while_it_lasts_and_numbers_are_of_before_it() {
    let slot = Slot::default();
    let shown: Rc<RefCell<Option<RuntimeMetrics>>> = Rc::default();
    let (in_park, waker) = (shown.clone(), slot.clone());
    let park = FakePark::new().then(move |_| {
        let metrics = in_park.borrow().clone().unwrap();
        assert!(metrics.worker_is_parked(0) && metrics.worker_busy_for(0).is_none());
        assert_eq!((metrics.worker_park_count(0), metrics.worker_poll_count(0)), (1, 8));
        assert_eq!(metrics.worker_away(0).count(), 1, "from the run's beginning to this park");
        wake(&waker)
    });
    let executor = Executor::new(park);
    *shown.borrow_mut() = Some(executor.metrics());
    executor.block_on(async {
        yields(7).await;
        wait_in(slot.clone()).await;
    });
    assert!(!executor.metrics().worker_is_parked(0));
}

#[test]
fn what_other_threads_send_waits_then_counts() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let handle = executor.handle();
    let tasks = away(move || [handle.spawn(async { 1 }), handle.spawn(async { 2 })]);
    assert_eq!((metrics.global_queue_depth(), metrics.remote_schedule_count()), (2, 0));
    assert_eq!(metrics.spawned_tasks_count(), 0, "they have not come yet");
    let sum = executor.block_on(async move {
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 3);
    assert_eq!(metrics.global_queue_depth(), 0);
    assert!(metrics.remote_schedule_count() >= 2);
    assert_eq!(metrics.spawned_tasks_count(), 3);
    let local = metrics.worker_local_schedule_count(0);
    assert_eq!(local, metrics.worker_poll_count(0) - 2, "all but the two that came by mail");
}

#[test]
fn a_delivery_that_ends_a_park_is_counted_as_such() {
    let slot = Slot::default();
    let from_away = slot.clone();
    let park = FakePark::new().then(move |_| {
        let waker = from_away.borrow_mut().take().unwrap();
        away(move || waker.wake());
        Ok(Parked::default())
    });
    let executor = Executor::new(park);
    executor.block_on(wait_in(slot.clone()));
    let metrics = executor.metrics();
    assert_eq!((metrics.worker_park_count(0), metrics.worker_remote_unpark_count(0)), (1, 1));
    assert_eq!((metrics.remote_schedule_count(), metrics.worker_local_schedule_count(0)), (1, 1));
}

#[test]
fn a_loop_that_is_stuck_says_for_how_long() {
    let _alone = all_loops();
    let (stuck, is_stuck) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let thread = thread::Builder::new().name("stuck".to_owned()).spawn(move || {
        let executor = Executor::new(ThreadPark::new());
        let metrics = executor.metrics();
        executor.block_on(async move {
            yields(3).await;
            stuck.send(metrics).unwrap();
            released.recv().unwrap();
        });
        executor.metrics()
    });
    let metrics: RuntimeMetrics = is_stuck.recv().unwrap();
    let listed = metrics::all().into_iter().find(|one| one.is_same(&metrics)).unwrap();
    assert_eq!(listed.thread_name(), Some("stuck"));
    let before = metrics.worker_busy_for(0).expect("it is in a poll");
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(5) {
        thread::yield_now();
    }
    assert!(metrics.worker_busy_for(0).unwrap() >= before + Duration::from_millis(5));
    assert_eq!((metrics.num_alive_tasks(), metrics.worker_is_parked(0)), (1, false));
    release.send(()).unwrap();
    let after = thread.unwrap().join().unwrap();
    assert!(after.is_same(&metrics));
    assert!(after.worker_total_busy_duration(0) >= Duration::from_millis(5));
    assert!(after.worker_away(0).max() >= Duration::from_millis(5));
    assert_eq!((after.worker_busy_for(0), after.num_alive_tasks()), (None, 0));
}

#[test]
fn a_rest_is_no_time_at_work() {
    let executor = Executor::new(ThreadPark::new());
    let metrics = executor.metrics();
    let wakers = mpsc::channel::<Waker>();
    let watched = metrics.clone();
    let waking = thread::spawn(move || {
        let waker = wakers.1.recv().unwrap();
        while watched.worker_busy_for(0).is_some() {
            thread::yield_now();
        }
        // Real time: what is tested is that it counts for nothing.
        thread::sleep(Duration::from_millis(30));
        waker.wake();
    });
    let mut sent = Some(wakers.0);
    let begun = Instant::now();
    executor.block_on(std::future::poll_fn(|context| match sent.take() {
        Some(send) => {
            send.send(context.waker().clone()).unwrap();
            std::task::Poll::Pending
        }
        None => std::task::Poll::Ready(()),
    }));
    let took = begun.elapsed();
    waking.join().unwrap();
    let busy = metrics.worker_total_busy_duration(0);
    assert!(busy + Duration::from_millis(25) < took, "busy {busy:?} of {took:?}");
    assert_eq!(metrics.worker_remote_unpark_count(0), 1);
    assert_eq!(metrics.remote_schedule_count(), 1);
}

fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {}
}

#[test]
fn time_is_measured_from_the_first_view_on() {
    const LONG: Duration = Duration::from_millis(2);
    let _alone = all_loops();
    let executor = Executor::new(ThreadPark::new());
    let counters = executor.core().counters().clone();
    let times = || (counters.worker_measured_for(0), counters.worker_total_busy_duration(0));
    executor.block_on(async {
        yields(3).await;
        spin(LONG);
    });
    assert_eq!(times(), (Duration::ZERO, Duration::ZERO), "nobody has looked");
    assert_eq!(counters.worker_away(0).count(), 0);
    assert_eq!((counters.worker_poll_count(0), counters.worker_turn_count(0)), (4, 3));

    let metrics = executor.handle().metrics();
    executor.block_on(async {
        yields(3).await;
        spin(LONG);
    });
    let (measured, busy) = times();
    assert!(measured >= busy && busy >= LONG, "busy for {busy:?} of {measured:?}");
    let mean = metrics.worker_mean_poll_time(0);
    assert!(mean * 4 <= busy && mean * 5 > busy, "{mean:?} for each of 4 polls in {busy:?}");

    drop(executor);
    let ended = metrics.worker_measured_for(0);
    spin(LONG);
    assert_eq!(metrics.worker_measured_for(0), ended, "no longer than there was a loop");
}

#[test]
fn a_view_taken_within_a_poll_sees_the_rest_of_it() {
    const LONG: Duration = Duration::from_millis(2);
    let executor = Executor::new(ThreadPark::new());
    let handle = executor.handle();
    let metrics = executor.block_on(async {
        yields(1).await;
        spin(10 * LONG);
        let metrics = handle.metrics();
        spin(LONG);
        assert!(metrics.worker_busy_for(0).unwrap() >= LONG);
        metrics
    });
    let away = metrics.worker_away(0);
    assert!(away.max() >= LONG && away.max() <= metrics.worker_measured_for(0), "{away:?}");
    assert_eq!((away.count(), metrics.worker_total_busy_duration(0)), (1, away.max()));
}

#[test]
fn two_loops_of_one_thread_count_apart() {
    let _alone = all_loops();
    let (first, _) = executor();
    let (second, _) = executor();
    first.block_on(yields(2));
    second.block_on(yields(9));
    let (one, other) = (first.metrics(), second.metrics());
    assert!(!one.is_same(&other) && one.number() != other.number());
    assert_eq!((one.worker_turn_count(0), other.worker_turn_count(0)), (2, 9));
    let mine: Vec<usize> = metrics::all()
        .iter()
        .filter(|each| each.is_same(&one) || each.is_same(&other))
        .map(RuntimeMetrics::number)
        .collect();
    assert_eq!(mine, [one.number(), other.number()], "the oldest first");
    assert_eq!(one.worker_thread_id(0), Some(thread::current().id()));
}

#[test]
fn a_guest_is_at_work_while_its_host_visits_it() {
    corio_base::park::block_on(async {
        let guest = Guest::new();
        let metrics = guest.metrics();
        let inside = metrics.clone();
        let task = guest.spawn_local(async move {
            assert!(inside.worker_busy_for(0).is_some());
            yields(4).await;
        });
        assert_eq!(metrics.worker_busy_for(0), None);
        guest.run(task).await.unwrap();
        assert_eq!(metrics.worker_busy_for(0), None);
        assert_eq!((metrics.worker_turn_count(0), metrics.worker_poll_count(0)), (5, 5));
        assert!(metrics.worker_total_busy_duration(0) > Duration::ZERO);
        assert_eq!(metrics.num_alive_tasks(), 0);
    });
}

#[test]
fn a_park_that_keeps_the_time_is_not_clocked_again() {
    /// Says that every wait was of the same length.
    struct Keeps {
        inner: FakePark,
        busy: Option<Arc<BusyTime>>,
        now: u64,
    }

    impl Park for Keeps {
        fn park(&mut self, wait: Wait) -> io::Result<Parked> {
            self.now += 1000;
            let busy = self.busy.as_ref().expect("it was asked before");
            busy.look(|| Time::from_nanos(self.now));
            self.inner.park(wait)
        }

        fn unparker(&self) -> Unparker {
            self.inner.unparker()
        }

        fn keep_time(&mut self, busy: &Arc<BusyTime>) -> bool {
            self.busy = Some(busy.clone());
            true
        }
    }

    let now = corio_base::clock::os_now().as_nanos() + (1 << 40);
    let executor = Executor::new(Keeps { inner: FakePark::new(), busy: None, now });
    let metrics = executor.metrics();
    executor.block_on(yields(3 * POLLS_BETWEEN_LOOKS_MAX + 1));
    let away = metrics.worker_away(0);
    assert_eq!(away.buckets()[10], 2, "two looks after the first one: {away:?}");
}

#[test]
fn every_number_is_shown() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let (line, fields) = (metrics.to_string(), format!("{metrics:?}"));
    for name in ["num_alive_tasks", "worker_turn_count", "timer_lateness", "blocking_queue_depth"] {
        assert!(line.contains(name) && fields.contains(name), "{name} in {line} and {fields}");
    }
    assert!(line.starts_with(&format!("loop {} on thread ", metrics.number())), "{line}");
    assert_eq!(line.lines().count(), 1 + 27, "the loop, and its numbers");
    assert_eq!(metrics.timers_waiting() + metrics.num_blocking_threads(), 0, "it has neither");
}

#[test]
#[should_panic(expected = "worker 1 was asked about, and the runtime has 1, counted from 0")]
fn there_is_no_other_worker() {
    executor().0.metrics().worker_poll_count(1);
}

#[test]
fn alive_is_what_came_less_what_ended() {
    let (executor, _) = executor();
    let metrics = executor.metrics();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = move |of: u64| {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % of
    };
    let mut kept = Vec::new();
    let mut roots = 0;
    for round in 0..300 {
        for _ in 0..draw(5) {
            let task = executor.spawn_local(yields(draw(6) as u32));
            match draw(4) {
                0 => drop(task),
                1 => task.abort(),
                _ => kept.push(task),
            }
        }
        if draw(3) == 0 {
            kept.clear();
        }
        executor.block_on(yields(1 + draw(3) as u32));
        roots += 1;
        let alive = executor.core().all_tasks().len();
        assert_eq!(metrics.num_alive_tasks(), alive, "round {round}");
        assert!(metrics.worker_poll_count(0) >= metrics.worker_turn_count(0));
        assert!(metrics.spawned_tasks_count() >= roots + alive as u64);
    }
    executor.block_on(yields(10));
    assert_eq!(metrics.num_alive_tasks(), 0);
}
