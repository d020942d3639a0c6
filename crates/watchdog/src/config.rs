//! How the watchdog is to work: by which signal, and how stacks are read.
//!
//! Made by the program, or from `CORIO_WATCHDOG_SIGNAL` by [`ensure_started`](crate::ensure_started).
//! When a poll counts as slow is no part of it: that is [`corio_trace::slow_poll`], which may be set while
//! the program runs.

use std::ffi::OsStr;

use crate::signal::{BadSignal, Signal};

/// The environment variable that chooses the signal: its name or number, or `off`.
pub const VARIABLE: &str = "CORIO_WATCHDOG_SIGNAL";

/// How a thread's stack is read in its signal handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackReader {
    /// By the kernel (`process_vm_readv` on the process itself), which stops at memory that is not there:
    /// right for every stack, also for one that the program has made itself. Where the kernel refuses,
    /// as [`StackReader::Bounds`].
    #[default]
    Kernel,
    /// By the handler, within the bounds that the C library knows for the thread. For sandboxes that end a
    /// process which asks for `process_vm_readv`. A poll on a stack that the program has made itself then
    /// shows its innermost line only.
    Bounds,
}

/// How the watchdog is to work.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use corio_watchdog::Config;
///
/// let config = Config::new().signal("SIGRTMIN+3".parse()?);
/// # let _ = config;
/// # }
/// # Ok::<(), corio_watchdog::BadSignal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) signal: Option<Signal>,
    pub(crate) reader: StackReader,
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

impl Config {
    /// The default: `SIGURG`, and stacks read by the kernel.
    pub fn new() -> Config {
        Config { signal: Some(Signal::default()), reader: StackReader::default() }
    }

    /// The default, with the signal that `CORIO_WATCHDOG_SIGNAL` names; `off` is
    /// [`without_stacks`](Config::without_stacks), empty or unset is the default.
    ///
    /// # Errors
    /// [`BadSignal`] if the variable names no signal that may be used.
    pub fn from_env() -> Result<Config, BadSignal> {
        match std::env::var_os(VARIABLE) {
            Some(value) => Config::from_value(&value),
            None => Ok(Config::new()),
        }
    }

    fn from_value(value: &OsStr) -> Result<Config, BadSignal> {
        let bad = || BadSignal { value: value.to_string_lossy().into_owned() };
        match value.to_str().ok_or_else(bad)?.trim() {
            "" => Ok(Config::new()),
            "off" | "0" => Ok(Config::new().without_stacks()),
            name => Ok(Config::new().signal(name.parse()?)),
        }
    }

    /// Asks threads for their stacks with this signal.
    #[must_use]
    pub fn signal(self, signal: Signal) -> Config {
        Config { signal: Some(signal), ..self }
    }

    /// Sends no signal and installs no handler; the warnings come without stacks.
    #[must_use]
    pub fn without_stacks(self) -> Config {
        Config { signal: None, ..self }
    }

    /// Reads stacks so.
    #[must_use]
    pub fn stack_reader(self, reader: StackReader) -> Config {
        Config { reader, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_a_signal_or_turns_stacks_off() {
        let check = |value: &str, expected: Result<Config, ()>| {
            assert_eq!(Config::from_value(OsStr::new(value)).map_err(drop), expected, "{value}");
        };
        check("", Ok(Config::new()));
        check("off", Ok(Config::new().without_stacks()));
        check("0", Ok(Config::new().without_stacks()));
        check("SIGUSR1", Ok(Config::new().signal("USR1".parse().unwrap())));
        check("on", Err(()));
        check("SIGKILL", Err(()));
    }
}
