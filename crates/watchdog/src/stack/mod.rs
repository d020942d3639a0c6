//! The stack of a thread that is at work: copied by the thread itself in a signal handler, made out here.
//!
//! ```text
//!   watchdog: Slot::ask ─▶ handler::send ───────────────── sleeps ──────────────▶ Slot::read ─▶ unwind ─▶ symbols
//!   thread:                     └─▶ on_signal ─▶ Slot::fill: registers, 256 KiB ─▶ returns
//! ```
//!
//! The handler copies into memory that was there before, and does nothing else: no lock, no allocation, no
//! change of `errno`. Everything that takes time or memory is the watchdog's.
//!
//! | file | what it is | unsafe |
//! |---|---|---|
//! | `registers` | what the handler takes from the interrupted thread besides its stack | yes |
//! | `copy` | how the stack is read | yes |
//! | `slot` | the buffer, and whose it is | yes |
//! | `handler` | the signal: installed, sent, caught, passed on | yes |
//! | `modules` | what is loaded, with its tables for unwinding | yes |
//! | `unwind` | from registers and bytes to addresses | |
//! | `symbols` | from addresses to names and places | |
//! | `symtab` | full names where debug information has short ones | |

mod copy;
mod handler;
mod modules;
mod registers;
mod slot;
mod symbols;
mod symtab;
mod unwind;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use corio_trace::pulse::{self, Pulse};

use crate::config::{Config, StackReader};
use crate::frame::{NoStack, Stack};
use crate::signal::Signal;
use crate::state::GivenUp;

use self::modules::Modules;
use self::slot::Asker;
use self::symbols::Symbols;

/// How long a thread has to answer. One that runs answers within microseconds, one that waits for a processor
/// within some milliseconds; one that blocks the signal or sleeps in a driver never does.
const ANSWER_WITHIN: Duration = Duration::from_millis(100);
/// The first and the longest pause between two looks for the answer.
const PAUSE_FIRST: Duration = Duration::from_micros(20);
const PAUSE_LONGEST: Duration = Duration::from_millis(2);

/// What takes stacks and makes them out. The watchdog's thread has it.
#[derive(Debug)]
pub(crate) struct Stacks {
    /// How threads are asked; if not, why not.
    way: Result<Way, NoStack>,
    modules: Modules,
    symbols: Symbols,
}

#[derive(Debug)]
struct Way {
    signal: Signal,
    asker: Asker,
    /// Whether threads' bounds have to be looked up.
    by_bounds: bool,
}

/// A copy was made and lies in the slot.
#[derive(Debug)]
pub(crate) struct Copied(u32);

impl Stacks {
    pub(crate) fn new(config: &Config) -> Stacks {
        Stacks { way: Way::new(config), modules: Modules::default(), symbols: Symbols::default() }
    }

    /// Has the loop's thread copy its stack, if `is_running` holds before and after.
    pub(crate) fn copy(
        &mut self,
        pulse: &Arc<Pulse>,
        is_running: impl Fn() -> bool,
    ) -> Result<Copied, NoStack> {
        let way = self.way.as_mut().map_err(|reason| reason.clone())?;
        let number = way.ask(pulse, &is_running)?;
        if !way.wait(number) {
            return Err(way.no_answer());
        }
        // The poll was under way before the signal was sent and is now, so also in between.
        if is_running() { Ok(Copied(number)) } else { Err(NoStack::Over) }
    }

    /// Unwinds the copy and finds its symbols. May take a second the first time, while debug information
    /// is read.
    pub(crate) fn make_out(&mut self, copy: &Copied) -> Stack {
        if self.modules.refresh() {
            self.symbols.forget();
        }
        let Ok(way) = &self.way else { return Stack::default() };
        let Some((addresses, cut)) =
            way.asker.read(copy.0, |stack| unwind::addresses(stack, &mut self.modules))
        else {
            return Stack::default();
        };
        Stack { frames: self.symbols.resolve(&addresses, &self.modules), cut }
    }
}

fn because(reason: impl Into<String>) -> NoStack {
    NoStack::Because(reason.into())
}

impl Way {
    fn new(config: &Config) -> Result<Way, NoStack> {
        let signal = config.signal.ok_or_else(|| because("stacks are turned off"))?;
        let by_bounds = config.reader == StackReader::Bounds || !copy::kernel_reads();
        let asker = Asker::new(by_bounds);
        handler::install(signal, asker.slot()).map_err(|error| {
            because(format!("the handler of {signal} could not be installed ({error})"))
        })?;
        Ok(Way { signal, asker, by_bounds })
    }

    /// Sends the signal, with the list of loops held so that the thread cannot end before it has it.
    fn ask(&mut self, pulse: &Arc<Pulse>, is_running: impl Fn() -> bool) -> Result<u32, NoStack> {
        if !handler::is_in_place(self.signal) {
            return Err(because(format!(
                "the program has taken the handler of {} away: choose another signal with {}",
                self.signal,
                crate::VARIABLE
            )));
        }
        pulse::with_all(|all| {
            let is_listed = all.iter().any(|listed| Arc::ptr_eq(listed, pulse));
            if !is_listed || !is_running() {
                return Err(NoStack::Over);
            }
            let thread = pulse.thread();
            let bounds = if self.by_bounds { copy::bounds(thread.pthread) } else { None };
            let number = self.asker.ask(bounds).ok_or_else(|| self.no_answer())?;
            handler::send(thread.tid, self.signal, number).map_err(|error| {
                // No signal, no handler: nobody has begun.
                let _ = self.asker.give_up(number);
                if error.raw_os_error() == Some(libc::ESRCH) {
                    // A thread of the parent's, on the list that a forked child has inherited.
                    return NoStack::Over;
                }
                because(format!("{} could not be sent to its thread ({error})", self.signal))
            })?;
            Ok(number)
        })
    }

    fn no_answer(&self) -> NoStack {
        let (signal, within) = (self.signal, ANSWER_WITHIN.as_secs_f64());
        let why = if handler::is_ours(signal) {
            "it blocks the signal, or the system does not let it run".to_owned()
        } else {
            let variable = crate::VARIABLE;
            format!(
                "the program has a handler of its own for it, which does not pass it on; choose another signal with \
                 {variable}"
            )
        };
        because(format!("its thread has not answered {signal} within {within:.1} seconds: {why}"))
    }

    /// Waits for the answer; `false` if none has come in time.
    fn wait(&mut self, number: u32) -> bool {
        if self.is_answered(number) {
            return true;
        }
        match self.asker.give_up(number) {
            GivenUp::Withdrawn => false,
            // It has begun and needs microseconds, unless the system has stopped it in the middle.
            GivenUp::Begun => self.is_answered(number),
        }
    }

    fn is_answered(&self, number: u32) -> bool {
        let (mut waited, mut pause) = (Duration::ZERO, PAUSE_FIRST);
        loop {
            if self.asker.is_done(number) {
                return true;
            }
            if waited >= ANSWER_WITHIN {
                return false;
            }
            thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(PAUSE_LONGEST);
        }
    }
}

#[cfg(test)]
mod tests;
