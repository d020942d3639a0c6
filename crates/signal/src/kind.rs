//! Which signal: its number, its name, and whether a program may be told of it.
//!
//! Used to wait for a signal ([`signal`](crate::signal())) and to send one to a child. A kind is only a
//! number: whether this system has it, and lets a program answer it, is asked when it is used.

use std::error::Error;
use std::ffi::c_int;
use std::fmt;

/// A kind of signal.
///
/// ```
/// use corio_signal::SignalKind;
///
/// assert_eq!(SignalKind::hangup().to_string(), "SIGHUP");
/// assert_eq!(SignalKind::from_raw(9), SignalKind::kill());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignalKind(c_int);

macro_rules! kinds {
    ($($method:ident $constant:ident $says:literal)+) => {
        impl SignalKind {
            $(
                #[doc = concat!("`", stringify!($constant), "`: ", $says)]
                pub const fn $method() -> SignalKind {
                    SignalKind(libc::$constant)
                }
            )+
        }

        /// The names of those that have a constructor.
        const NAMES: &[(c_int, &str)] = &[$((libc::$constant, stringify!($constant)),)+];
    };
}

kinds! {
    alarm SIGALRM "a timer of the system has run out."
    child SIGCHLD "a child has ended, stopped or gone on. To hear of one child, wait for it."
    cont SIGCONT "a stopped process goes on; sent to a process, it makes it go on."
    hangup SIGHUP "the terminal is gone; daemons take it for: read your configuration again."
    interrupt SIGINT "Ctrl-C at the terminal."
    io SIGIO "a descriptor is ready, for those who asked for signals."
    kill SIGKILL "ends a process at once. Only to be sent: no program can answer it."
    pipe SIGPIPE "a write to a pipe that nobody reads."
    quit SIGQUIT "Ctrl-\\ at the terminal: ends with a core dump."
    stop SIGSTOP "stops a process. Only to be sent: no program can answer it."
    terminal_stop SIGTSTP "Ctrl-Z at the terminal."
    terminate SIGTERM "a polite request to end."
    user_defined1 SIGUSR1 "whatever the program says."
    user_defined2 SIGUSR2 "whatever the program says."
    window_change SIGWINCH "the terminal has a new size."
}

impl SignalKind {
    /// The signal of this number, whether this system has it or not.
    pub const fn from_raw(number: c_int) -> SignalKind {
        SignalKind(number)
    }

    /// Its number.
    pub const fn as_raw(self) -> c_int {
        self.0
    }

    /// As [`SignalKind::as_raw`], by tokio's name.
    pub const fn as_raw_value(self) -> c_int {
        self.0
    }

    /// Whether it is one of the real-time signals, which have numbers and no names.
    pub fn is_real_time(self) -> bool {
        real_time().contains(&self.0)
    }

    /// Whether a program may be told of it.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check_watchable(self) -> Result<(), UnwatchableSignal> {
        let why = match self.0 {
            libc::SIGKILL | libc::SIGSTOP => Why::Unanswerable,
            libc::SIGSEGV | libc::SIGILL | libc::SIGFPE | libc::SIGBUS => Why::Fault,
            number if number < 1 || number > last() => Why::Unknown,
            number if number > LAST_NAMED && !self.is_real_time() => Why::Reserved,
            _ => return Ok(()),
        };
        Err(UnwatchableSignal { kind: self, why })
    }
}

/// The last of the classic signals; what follows is real-time, or the C library's.
const LAST_NAMED: c_int = 31;

/// The real-time signals that the C library leaves to programs.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn real_time() -> std::ops::RangeInclusive<c_int> {
    libc::SIGRTMIN()..=libc::SIGRTMAX()
}

/// None are known here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn real_time() -> std::ops::RangeInclusive<c_int> {
    1..=0
}

/// The greatest number of a signal here.
fn last() -> c_int {
    (*real_time().end()).max(LAST_NAMED)
}

impl fmt::Display for SignalKind {
    /// Its name: `SIGTERM`, `SIGRTMIN+3`, or `signal 77` where it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FAULTS: &[(c_int, &str)] = &[
            (libc::SIGSEGV, "SIGSEGV"),
            (libc::SIGILL, "SIGILL"),
            (libc::SIGFPE, "SIGFPE"),
            (libc::SIGBUS, "SIGBUS"),
            (libc::SIGABRT, "SIGABRT"),
        ];
        let mut named = NAMES.iter().chain(FAULTS);
        match named.find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.write_str(name),
            None if self.is_real_time() => write!(f, "SIGRTMIN+{}", self.0 - real_time().start()),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for SignalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalKind({self})")
    }
}

impl From<c_int> for SignalKind {
    fn from(number: c_int) -> SignalKind {
        SignalKind(number)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> c_int {
        kind.0
    }
}

/// A program cannot be told of this signal; in the `io::Error` (`InvalidInput`) of
/// [`signal`](crate::signal()).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwatchableSignal {
    kind: SignalKind,
    why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Unanswerable,
    Fault,
    Unknown,
    Reserved,
}

impl UnwatchableSignal {
    /// Which one.
    pub fn kind(&self) -> SignalKind {
        self.kind
    }
}

impl fmt::Display for UnwatchableSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind;
        match self.why {
            Why::Unanswerable => write!(
                f,
                "{kind} cannot be watched: the system answers it without asking the program; to end \
                 with cleanup, have SIGTERM sent",
            ),
            Why::Fault => write!(
                f,
                "{kind} cannot be watched: it says that a thread cannot go on, so nothing can be \
                 awaited after it; install a handler that ends the process instead",
            ),
            Why::Unknown => {
                write!(f, "{kind} is no signal of this system: it has 1 to {}", last())
            }
            Why::Reserved => write!(
                f,
                "{kind} cannot be watched: the C library keeps it for itself; the real-time signals \
                 of programs begin at {}",
                real_time().start(),
            ),
        }
    }
}

impl Error for UnwatchableSignal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_systems_numbers_and_names() {
        assert_eq!(SignalKind::terminate().as_raw(), libc::SIGTERM);
        assert_eq!(SignalKind::child().to_string(), "SIGCHLD");
        assert_eq!(SignalKind::from_raw(77).to_string(), "signal 77");
        assert_eq!(format!("{:?}", SignalKind::kill()), "SignalKind(SIGKILL)");
        assert_eq!(c_int::from(SignalKind::from(1)), 1);
        #[cfg(target_os = "linux")]
        {
            let third = SignalKind::from_raw(libc::SIGRTMIN() + 3);
            assert!(third.is_real_time() && !SignalKind::pipe().is_real_time());
            assert_eq!(third.to_string(), "SIGRTMIN+3");
        }
    }

    #[test]
    fn what_cannot_be_watched_says_why() {
        let check = |number, expected: &str| {
            let error = SignalKind::from_raw(number).check_watchable().expect_err(expected);
            assert_eq!(error.kind().as_raw(), number);
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(libc::SIGKILL, "SIGKILL cannot be watched: the system answers it");
        check(libc::SIGSTOP, "without asking the program");
        check(libc::SIGSEGV, "SIGSEGV cannot be watched: it says that a thread cannot go on");
        check(libc::SIGBUS, "SIGBUS");
        check(0, "signal 0 is no signal of this system: it has 1 to ");
        check(-3, "signal -3 is no signal");
        check(5000, "signal 5000 is no signal");
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        check(
            32,
            "the C library keeps it for itself; the real-time signals of programs begin at 34",
        );
        for number in [libc::SIGTERM, libc::SIGCHLD, libc::SIGPIPE, libc::SIGINT, libc::SIGABRT] {
            SignalKind::from_raw(number).check_watchable().expect("it can be watched");
        }
    }
}
