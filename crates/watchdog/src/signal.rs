//! Which signal asks a thread for its stack: the choice, its names, and what is refused.
//!
//! Made from `CORIO_WATCHDOG_SIGNAL` or by the program, in [`Config`](crate::Config); sent and caught by
//! `stack`. Nothing here touches a signal.

use std::fmt;

/// A signal that the watchdog may send to a thread.
///
/// Only those are taken that a program may use as it likes: `SIGURG`, `SIGUSR1`, `SIGUSR2`, `SIGPROF`,
/// `SIGVTALRM`, `SIGIO`, `SIGWINCH` and the real-time signals.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use corio_watchdog::Signal;
///
/// assert_eq!(Signal::default().to_string(), "SIGURG");
/// assert_eq!("SIGRTMIN+3".parse::<Signal>()?.to_string(), "SIGRTMIN+3");
/// assert!("SIGKILL".parse::<Signal>().is_err());
/// # }
/// # Ok::<(), corio_watchdog::BadSignal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

/// The signals with a name that may be used: number, name.
#[cfg(target_os = "linux")]
const NAMED: &[(i32, &str)] = &[
    (libc::SIGURG, "SIGURG"),
    (libc::SIGUSR1, "SIGUSR1"),
    (libc::SIGUSR2, "SIGUSR2"),
    (libc::SIGPROF, "SIGPROF"),
    (libc::SIGVTALRM, "SIGVTALRM"),
    (libc::SIGIO, "SIGIO"),
    (libc::SIGWINCH, "SIGWINCH"),
];

/// Elsewhere no stacks are taken; the names are there so that one setting serves everywhere.
#[cfg(not(target_os = "linux"))]
const NAMED: &[(i32, &str)] = &[(16, "SIGURG"), (30, "SIGUSR1"), (31, "SIGUSR2"), (27, "SIGPROF")];

/// The first and the last real-time signal; the C library keeps the ones before for itself.
#[cfg(target_os = "linux")]
fn real_time() -> (i32, i32) {
    (libc::SIGRTMIN(), libc::SIGRTMAX())
}

/// Elsewhere there are none.
#[cfg(not(target_os = "linux"))]
fn real_time() -> (i32, i32) {
    (1, 0)
}

impl Signal {
    /// The signal with this number.
    ///
    /// # Errors
    /// [`BadSignal`] if it is none of those that may be used.
    pub fn new(number: i32) -> Result<Signal, BadSignal> {
        let (first, last) = real_time();
        let usable =
            NAMED.iter().any(|(known, _)| *known == number) || (first..=last).contains(&number);
        if usable { Ok(Signal(number)) } else { Err(BadSignal { value: number.to_string() }) }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0
    }
}

impl Default for Signal {
    /// `SIGURG`: next to nobody uses it, debuggers let it pass without a word, and one that comes where no
    /// handler is (any more) is ignored by the system, while most other signals would end the process.
    fn default() -> Self {
        Signal(NAMED[0].0)
    }
}

impl std::str::FromStr for Signal {
    type Err = BadSignal;

    /// A name with or without `SIG`, a number, or `SIGRTMIN+2`, `SIGRTMAX-2`.
    fn from_str(text: &str) -> Result<Signal, BadSignal> {
        let bad = || BadSignal { value: text.to_owned() };
        let upper = text.trim().to_ascii_uppercase();
        if let Ok(number) = upper.parse() {
            return Signal::new(number).map_err(|_| bad());
        }
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let (first, last) = real_time();
        let number = if let Some(offset) = name.strip_prefix("RTMIN") {
            first.checked_add(plus(offset).ok_or_else(bad)?)
        } else if let Some(offset) = name.strip_prefix("RTMAX") {
            last.checked_add(plus(offset).ok_or_else(bad)?)
        } else {
            NAMED.iter().find(|(_, known)| &known[3..] == name).map(|(number, _)| *number)
        };
        Signal::new(number.ok_or_else(bad)?).map_err(|_| bad())
    }
}

/// `+2`, `-2` or nothing, as a number.
fn plus(offset: &str) -> Option<i32> {
    if offset.is_empty() { Some(0) } else { offset.parse().ok() }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "SIGRTMIN+{}", self.0 - real_time().0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What should be the watchdog's signal cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSignal {
    pub(crate) value: String,
}

impl BadSignal {
    /// What was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for BadSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} cannot be the watchdog's signal: use ", self.value)?;
        for (_, name) in NAMED {
            write!(f, "{name}, ")?;
        }
        f.write_str("a real-time signal such as SIGRTMIN+3, or off for warnings without stacks")
    }
}

impl std::error::Error for BadSignal {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_understood() {
        let cases = [
            ("SIGURG", libc::SIGURG),
            ("urg", libc::SIGURG),
            ("23", 23),
            ("usr2", libc::SIGUSR2),
            ("SIGRTMIN", libc::SIGRTMIN()),
            ("RTMIN+4", libc::SIGRTMIN() + 4),
            ("SIGRTMAX-1", libc::SIGRTMAX() - 1),
        ];
        for (text, number) in cases {
            assert_eq!(text.parse::<Signal>().map(Signal::number), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_would_do_harm_is_refused() {
        let bad = [
            "", "SIG", "SIGKILL", "9", "11", "SIGSEGV", "INT", "32", "65", "-1", "RTMIN+99",
            "RTMIN+x",
        ];
        for text in bad {
            let error = text.parse::<Signal>().expect_err(text);
            assert_eq!(error.value(), text);
            assert!(error.to_string().contains("SIGURG"), "{error}");
        }
    }

    #[test]
    fn a_signal_is_shown_by_its_name() {
        assert_eq!(Signal::default().to_string(), "SIGURG");
        let third = Signal::new(libc::SIGRTMIN() + 3).unwrap();
        assert_eq!(format!("{third:?}"), "SIGRTMIN+3");
        assert_eq!(third.to_string().parse(), Ok(third));
    }
}
