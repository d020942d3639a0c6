//! One job: runs it, and runs it again after a pause if it fails; called by the runner, in a task for
//! each job.
//!
//! ```text
//!   running ──1 supervise: a success───────────────────▶ over
//!    ▲   └────2 supervise: too many failures in a row──▶ over
//!    │   └────3 supervise: another failure──▶ pausing
//!    └────────4 pause: over──────────────────────┘
//! ```
//!
//! The pause doubles from failure to failure, so that a job that cannot work costs little.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::jobs::Job;
use crate::output;
use crate::run::{self, Ended, Stopping};
use crate::tally::Tally;

/// The pause after the first failure: long enough for what a job needs to come back by itself.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause: a person who has repaired something waits no longer for the job.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A run of this length worked: failures are counted anew after it.
const HEALTHY: Duration = Duration::from_secs(10);

/// Keeps `job` going until it succeeds, or has failed `tries` times in a row.
///
/// # Cancel safety
/// Cancelled, it stops its child first.
pub async fn supervise(job: &Job, tries: u32, stopping: &Stopping, tally: &Tally) {
    let mut failures = 0;
    loop {
        let begun = corio::time::now();
        let why = match run::run(job, stopping).await {
            Ok(Ended::Alone(status)) if status.success() => {
                output::say(&job.name, "is done");
                return tally.add_success();
            }
            Ok(Ended::Alone(status)) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("failed with status {code}"),
                (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
            },
            Ok(Ended::Overdue(limit)) => format!("took longer than {limit:?} and was stopped"),
            Err(error) => format!("failed: {error}"),
        };
        if begun.elapsed() >= HEALTHY {
            failures = 0;
        }
        failures += 1;
        if failures >= tries {
            output::say(&job.name, &format!("{why}; given up after {failures} failures"));
            return tally.add_gave_up();
        }
        let pause = pause(failures);
        output::say(&job.name, &format!("{why}; runs again in {} ms", pause.as_millis()));
        corio::sleep(pause).await;
        tally.add_restart();
    }
}

/// How long to wait after so many failures: up to a quarter more than the doubled one, by chance, lest
/// jobs that have failed together come back together.
fn pause(failures: u32) -> Duration {
    let doubled = PAUSE_MIN * 2_u32.saturating_pow((failures - 1).min(16));
    doubled.min(PAUSE_MAX).mul_f64(1.0 + fastrand::f64() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        assert!((PAUSE_MIN..=PAUSE_MIN * 5 / 4).contains(&pause(1)));
        assert!((PAUSE_MIN * 8..=PAUSE_MIN * 10).contains(&pause(4)));
        for failures in [20, u32::MAX] {
            assert!((PAUSE_MAX..=PAUSE_MAX * 5 / 4).contains(&pause(failures)));
        }
    }
}
