//! Sleeps and intervals inside foreign runtimes.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use corio_embed_tests::Host;
use corio_timer::{interval, sleep, sleep_until, sleep_with};
use futures::future::{Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

in_every_host! {
    a_sleep_is_never_early,
    nothing_to_wait_for_costs_one_round,
    a_thousand_sleeps_in_tasks,
    an_interval_keeps_its_pace,
    select_and_timeouts,
    a_sleep_goes_from_task_to_task,
    a_reset_sleep_wakes_at_its_new_time,
}

fn a_sleep_is_never_early<H: Host>() {
    H::block_on(async {
        assert!(corio_timer::current::get().is_none(), "the host has no timers of ours");
        let begun = Instant::now();
        sleep(2 * MS).await;
        assert!(begun.elapsed() >= 2 * MS);
        let deadline = Instant::now() + 2 * MS;
        sleep_until(deadline).await;
        assert!(Instant::now() >= deadline);
        assert_eq!(sleep_with(MS, "value").await, "value");
    });
}

fn nothing_to_wait_for_costs_one_round<H: Host>() {
    H::block_on(async {
        for sleep in [sleep(Duration::ZERO), sleep_until(Instant::now())] {
            let mut sleep = pin!(sleep);
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                sleep.as_mut().poll(context)
            })
            .await;
            assert_eq!(polls, 2);
        }
    });
}

fn a_thousand_sleeps_in_tasks<H: Host>() {
    H::block_on(async {
        let tasks = (0..1000u32).map(|n| {
            H::spawn(async move {
                let begun = Instant::now();
                let delay = n % 7 * MS;
                sleep(delay).await;
                begun.elapsed() >= delay
            })
        });
        assert!(join_all(tasks).await.into_iter().all(|in_time| in_time));
    });
}

fn an_interval_keeps_its_pace<H: Host>() {
    H::block_on(async {
        let begun = Instant::now();
        let mut interval = interval(2 * MS);
        let first = interval.tick().await;
        for n in 1..=3 {
            assert_eq!(interval.tick().await, first + n * 2 * MS);
        }
        assert!(begun.elapsed() >= 6 * MS);
    });
}

fn select_and_timeouts<H: Host>() {
    H::block_on(async {
        // The one that never ends is dropped with its timer.
        match select(pin!(sleep(HOUR)), pin!(sleep(MS))).await {
            Either::Left(_) => panic!("an hour is not a millisecond"),
            Either::Right(((), an_hour)) => assert!(!an_hour.is_elapsed()),
        }
        let Either::Right(_) = select(futures::future::pending::<()>(), pin!(sleep(MS))).await
        else {
            panic!("what is pending for ever is not ready")
        };
        // A combinator with wakers of its own.
        let sleeps: FuturesUnordered<_> =
            [9, 1, 5].into_iter().map(|ms| sleep_with(ms * MS, ms)).collect();
        assert_eq!(sleeps.collect::<Vec<u32>>().await, [1, 5, 9]);
    });
}

fn a_sleep_goes_from_task_to_task<H: Host>() {
    H::block_on(async {
        let begun = Instant::now();
        let mut sleep = sleep(5 * MS);
        let polled = poll_fn(|context| Poll::Ready(pin!(&mut sleep).poll(context))).await;
        assert!(polled.is_pending());
        H::spawn(sleep).await;
        assert!(begun.elapsed() >= 5 * MS);
    });
}

fn a_reset_sleep_wakes_at_its_new_time<H: Host>() {
    H::block_on(async {
        let mut sleep = sleep(HOUR);
        let polled = poll_fn(|context| Poll::Ready(pin!(&mut sleep).poll(context))).await;
        assert!(polled.is_pending());
        let sooner = Instant::now() + 2 * MS;
        sleep.reset(sooner);
        sleep.await;
        assert!(Instant::now() >= sooner);
    });
}
