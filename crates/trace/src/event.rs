//! What happens in a runtime, as values.
//!
//! Made by whoever owns the mechanism, at the moment it happens, and only with the switch on
//! ([`crate::enabled`]); read by the sink or printed into the log ([`crate::emit()`]). An event
//! borrows what it names and is never kept. Tasks are named by their id, a number that the process
//! gives out once.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use corio_base::park;

use crate::plain::Plain;

/// Something that happened in a runtime.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A task was made and is ready for its first poll.
    TaskSpawned {
        /// The new task.
        id: u64,
        /// Its name, where it was given one; otherwise it is called `Task-<id>`.
        name: Option<&'a str>,
        /// Where it was spawned.
        location: &'static Location<'static>,
        /// The task that spawned it, if one did.
        parent: Option<u64>,
    },
    /// A task's poll begins.
    PollStarted {
        /// The task.
        id: u64,
    },
    /// A task's poll is over; whether it ended the task, [`Event::TaskEnded`] says.
    PollEnded {
        /// The task.
        id: u64,
        /// How long the poll took.
        took: Duration,
    },
    /// A task is over: it will not be polled again.
    TaskEnded {
        /// The task.
        id: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A loop found nothing to run and goes to wait.
    LoopParked {
        /// How long it is ready to wait.
        wait: park::Wait,
    },
    /// A loop comes back from waiting.
    LoopUnparked {
        /// How long it waited.
        took: Duration,
        /// How many events it brought back.
        events: usize,
    },
    /// Timers came due and were fired.
    TimerFired {
        /// How many, at once.
        count: usize,
    },
    /// Descriptors became ready and were told to those who wait for them.
    IoReady {
        /// How many, at once.
        count: usize,
    },
}

impl fmt::Display for Event<'_> {
    /// One line, as it stands in the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Event::TaskSpawned { id, name, location, parent } => {
                write!(f, "{} created", TaskLabel { id, name, location: Some(location) })?;
                match parent {
                    Some(parent) => write!(f, " by Task-{parent}"),
                    None => Ok(()),
                }
            }
            Event::PollStarted { id } => write!(f, "Task-{id} poll"),
            Event::PollEnded { id, took } => write!(f, "Task-{id} polled, took {took:.1?}"),
            Event::TaskEnded { id, outcome } => write!(f, "Task-{id} {outcome}"),
            Event::LoopParked { wait: park::Wait::Poll } => f.write_str("poll without waiting"),
            Event::LoopParked { wait: park::Wait::Until(at) } => write!(f, "poll until {at:?}"),
            Event::LoopParked { wait: park::Wait::Forever } => f.write_str("poll"),
            Event::LoopUnparked { took, events } => {
                write!(f, "poll took {:.3} ms: {events} events", took.as_secs_f64() * 1e3)
            }
            Event::TimerFired { count } => write!(f, "{count} timers fired"),
            Event::IoReady { count } => write!(f, "{count} descriptors ready"),
        }
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// Its future returned.
    Returned,
    /// Its future panicked.
    Panicked,
    /// It was cancelled or aborted before its future returned.
    Cancelled,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Returned => "returned",
            Outcome::Panicked => "panicked",
            Outcome::Cancelled => "cancelled",
        })
    }
}

/// How a task is called in every message: `<Task name='Task-3' spawned at src/main.rs:10:5>`. In a name that
/// would break the line, or the terminal that shows it, what does so is [written out](Plain).
///
/// ```
/// let label = corio_trace::TaskLabel { id: 3, name: Some("reader"), location: None };
/// assert_eq!(label.to_string(), "<Task name='reader'>");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TaskLabel<'a> {
    /// The task.
    pub id: u64,
    /// Its name, where it was given one; otherwise `Task-<id>` stands for it.
    pub name: Option<&'a str>,
    /// Where it was spawned, where that is known.
    pub location: Option<&'static Location<'static>>,
}

impl fmt::Display for TaskLabel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "<Task name='{}'", Plain(name))?,
            None => write!(f, "<Task name='Task-{}'", self.id)?,
        }
        if let Some(location) = self.location {
            write!(f, " spawned at {location}")?;
        }
        f.write_str(">")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reads_as_a_line() {
        let ms = Duration::from_millis;
        let table: &[(Event<'_>, &str)] = &[
            (Event::PollStarted { id: 1 }, "Task-1 poll"),
            (Event::PollEnded { id: 1, took: ms(2) }, "Task-1 polled, took 2.0ms"),
            (Event::TaskEnded { id: 9, outcome: Outcome::Panicked }, "Task-9 panicked"),
            (Event::LoopParked { wait: park::Wait::Poll }, "poll without waiting"),
            (Event::LoopParked { wait: park::Wait::Forever }, "poll"),
            (Event::LoopUnparked { took: ms(5), events: 2 }, "poll took 5.000 ms: 2 events"),
            (Event::TimerFired { count: 8 }, "8 timers fired"),
            (Event::IoReady { count: 5 }, "5 descriptors ready"),
        ];
        for (event, line) in table {
            assert_eq!(event.to_string(), *line);
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let name = Some("a'>\nERROR corio::task: \u{1b}[31mforged");
        let label = TaskLabel { id: 3, name, location: None }.to_string();
        assert_eq!(label, "<Task name='a'>\\nERROR corio::task: \\u{1b}[31mforged'>");
    }

    #[test]
    fn a_spawned_task_names_its_place_and_parent() {
        let location = Location::caller();
        let event = Event::TaskSpawned { id: 3, name: None, location, parent: Some(1) };
        assert_eq!(
            event.to_string(),
            format!("<Task name='Task-3' spawned at {location}> created by Task-1")
        );
    }
}
