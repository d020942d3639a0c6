//! Starts a supervisor for each job, and answers requests to end; called by `main`.
//!
//! The supervisors are children of one task group. To end, the group is cancelled: each supervisor's
//! run catches that, stops its child, and unwinds; so the group is over when no child is left.

use std::io;
use std::rc::Rc;

use corio::TaskGroup;
use corio::signal::Signal;
use corio::sync::Event;

use crate::jobs::Job;
use crate::options::Options;
use crate::output;
use crate::run::Stopping;
use crate::supervisor::supervise;
use crate::tally::Tally;

/// Runs `jobs` until all are over, or it is asked to end.
///
/// # Errors
/// A supervisor has panicked. Trouble with one job ends that job only.
pub async fn run(
    jobs: Vec<Job>,
    options: &Options,
    interrupt: Signal,
    terminate: Signal,
) -> io::Result<Rc<Tally>> {
    let tally = Rc::new(Tally::new(jobs.len()));
    let stopping = Rc::new(Stopping { grace: options.grace, hurry: Event::new() });
    let mut answering = None;
    let running = TaskGroup::scope(|group| {
        let (tally, stopping, answering) = (&tally, &stopping, &mut answering);
        async move {
            for job in jobs {
                let (tally, stopping) = (Rc::clone(tally), Rc::clone(stopping));
                let tries = options.tries;
                group.spawn_local(async move { supervise(&job, tries, &stopping, &tally).await });
            }
            // No child of the group's, which would wait for it.
            let answer = answer(group, Rc::clone(stopping), interrupt, terminate);
            *answering = Some(corio::spawn_local(answer));
        }
    });
    let ended = running.await;
    if let Some(answering) = answering {
        answering.abort();
    }
    ended.map_err(io::Error::other)?;
    Ok(tally)
}

/// The first request asks the children to end, the second kills them.
async fn answer(
    group: TaskGroup,
    stopping: Rc<Stopping>,
    mut interrupt: Signal,
    mut terminate: Signal,
) {
    requested(&mut interrupt, &mut terminate).await;
    let text = format!(
        "{} jobs may end within {:?}; Ctrl-C again kills them",
        group.len(),
        stopping.grace
    );
    output::say("runner", &text);
    group.cancel();
    requested(&mut interrupt, &mut terminate).await;
    stopping.hurry.set();
}

async fn requested(interrupt: &mut Signal, terminate: &mut Signal) {
    corio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
    }
}
