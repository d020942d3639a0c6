//! One run of a job: a child process from its start to its end; called by its supervisor.
//!
//! ```text
//!   running ──1 run: it ends by itself──────────────────────────────▶ gone
//!      └────2 run: its time is over, or the runner is asked to end──▶ stop: asked ──▶ gone
//!                                                                        └─ grace ──▶ killed ──▶ gone
//! ```
//!
//! Each child leads a process group of its own. So what it starts is ended with it, and the
//! terminal's Ctrl-C goes to the runner alone, which then asks the children one by one. What is left of a
//! group when the grace is over is killed, also if the child itself has done as it was asked. A run is not
//! left before its child is gone, also when the supervisor is cancelled.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use corio::cancel;
use corio::process::{Child, Command, SignalKind};
use corio::sync::Event;

use crate::jobs::Job;
use crate::output;

/// How long the last lines are waited for when the child is gone. They are in the pipe by then, and take
/// no time to read; but somebody else may hold its other end, and then it never ends.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(2);

/// How children are stopped.
#[derive(Debug)]
pub struct Stopping {
    /// How long they may take to end by themselves.
    pub grace: Duration,
    /// Set when there is no more time for that.
    pub hurry: Event,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// By itself.
    Alone(ExitStatus),
    /// Its time was over; so it was stopped.
    Overdue(Duration),
}

/// Starts `job` and waits for its end.
///
/// # Errors
/// It cannot be started, or the system does not say how it ended.
///
/// # Cancel safety
/// Cancelled, it stops the child first. Dropped, it kills it.
pub async fn run(job: &Job, stopping: &Stopping) -> io::Result<Ended> {
    let mut command = Command::new("sh");
    command.args(["-c", &job.command]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.stderr_to_stdout().process_group(0).kill_on_drop(true).spawn()?;
    let pipe = child.stdout.take().expect("it was asked for above");
    // A task of its own: it goes on while the child is being stopped.
    let passing_on = corio::spawn_local(output::pass_on(job.name.clone(), pipe));

    let ended = cancel::catch(corio::wait_for(child.wait(), job.limit)).await;
    if !matches!(ended, Ok(Ok(_))) {
        cancel::mask(stop(&mut child, stopping)).await?;
    }
    // Cut off here, the task is cancelled with the handle that awaits it.
    let last_words = corio::move_on_after(LAST_WORDS_TIME_MAX, passing_on);
    let _ = cancel::mask(last_words).await;
    match ended {
        Ok(Ok(status)) => Ok(Ended::Alone(status?)),
        Ok(Err(elapsed)) => Ok(Ended::Overdue(elapsed.limit().unwrap_or_default())),
        Err(cancelled) => cancelled.resume().await,
    }
}

/// Asks the child and its group to end, and kills them if they do not.
async fn stop(child: &mut Child, stopping: &Stopping) -> io::Result<()> {
    let ended = corio::select! {
        ended = child.terminate_group_with_grace(stopping.grace) => Some(ended),
        () = stopping.hurry.wait() => None,
    };
    match ended {
        Some(ended) => ended.map(drop),
        None => {
            child.send_signal_to_group(SignalKind::kill())?;
            child.wait().await.map(drop)
        }
    }
}
