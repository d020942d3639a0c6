//! Races whose runners begin one after the other.
//!
//! What CPython gives as one list of exceptions are the errors of those that failed, with their
//! numbers; a runner that was cancelled, or never began, has none.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::time::Duration;

use corio::cancel::catch;
use corio::many::Raced;
use corio::time::now;
use corio::{Timeout, sleep, staggered_race};

use crate::support::Seen;

const TENTH: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

type Outcome = Result<String, usize>;

#[corio::test(virtual_time)]
async fn test_empty() {
    let raced = staggered_race([] as [Ready<Outcome>; 0], None).await;
    assert_eq!(raced, Raced { winner: None, errors: Vec::new() });
}

#[corio::test(virtual_time)]
async fn test_one_successful() {
    let begun = Cell::new(0);
    let runner = |index: usize| {
        let begun = &begun;
        async move {
            begun.set(begun.get() + 1);
            Outcome::Ok(format!("Res: {index}"))
        }
    };
    let raced = staggered_race([runner(0), runner(1)], None).await;
    assert_eq!(raced, Raced { winner: Some((0, "Res: 0".to_owned())), errors: Vec::new() });
    assert_eq!(begun.get(), 1, "the second never began");
}

#[corio::test(virtual_time)]
async fn test_first_error_second_successful() {
    let runner = |index: usize| async move {
        if index == 0 { Err(index) } else { Ok(format!("Res: {index}")) }
    };
    let begun = now();
    let raced = staggered_race([runner(0), runner(1)], None).await;
    assert_eq!(raced, Raced { winner: Some((1, "Res: 1".to_owned())), errors: vec![(0, 0)] });
    assert_eq!(now(), begun);
}

#[corio::test(virtual_time)]
async fn test_first_timeout_second_successful() {
    let cancelled = Cell::new(0);
    let runner = |index: usize| {
        let cancelled = &cancelled;
        async move {
            if index == 0
                // Much more than the delay.
                && let Err(guard) = catch(sleep(10 * SECOND)).await
            {
                cancelled.set(cancelled.get() + 1);
                guard.resume().await
            }
            Outcome::Ok(format!("Res: {index}"))
        }
    };
    let begun = now();
    let raced = staggered_race([runner(0), runner(1)], Some(TENTH)).await;
    assert_eq!(raced, Raced { winner: Some((1, "Res: 1".to_owned())), errors: Vec::new() });
    assert_eq!((cancelled.get(), now() - begun), (1, TENTH));
}

#[corio::test(virtual_time)]
async fn test_none_successful() {
    let raced = staggered_race([0, 1].map(|index| ready(Outcome::Err(index))), None).await;
    assert_eq!(raced, Raced { winner: None, errors: vec![(0, 0), (1, 1)] });
    assert_eq!(raced.into_result(), Err(vec![0, 1]));
}

/// A runner that lets two timeouts run out, one after the other, each of which asks at the next wait,
/// and catches both requests. The first it swallows, the second only if it `swallows` both.
async fn between(inner: Timeout, outer: Timeout, log: Seen<u32>, swallows: bool) -> Outcome {
    for (number, timeout) in [(1, inner), (2, outer)] {
        timeout.reschedule(Some(now())).unwrap();
        let cancelled = catch(sleep(SECOND)).await.unwrap_err();
        log.push(number);
        if number == 2 && !swallows {
            cancelled.resume().await;
        }
        cancelled.suppress();
    }
    Ok("both".to_owned())
}

/// Runners are polled by whoever awaits the race, so one that swallows a request answers for it: the
/// value stands. One that resumes unwinds the race.
#[corio::test(virtual_time)]
async fn test_cancelled() {
    for swallows in [true, false] {
        let log = Seen::new();
        let (outer, inner) = (Timeout::never(), Timeout::never());
        let result = outer
            .run(inner.run(async {
                let runner = between(inner.clone(), outer.clone(), log.clone(), swallows);
                match catch(staggered_race([runner], None)).await {
                    Ok(raced) => raced.winner,
                    Err(cancelled) => {
                        log.push(3);
                        cancelled.resume().await
                    }
                }
            }))
            .await;
        assert!(outer.expired() && inner.expired());
        if swallows {
            assert_eq!(result.unwrap().unwrap(), Some((0, "both".to_owned())));
            assert_eq!(log.all(), [1, 2]);
        } else {
            assert!(result.is_err());
            assert_eq!(log.all(), [1, 2, 3]);
        }
    }
}
