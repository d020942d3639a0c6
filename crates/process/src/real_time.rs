//! Real-time signals, which have numbers and no names.
#![expect(unsafe_code, reason = "not every number is a signal that a program may send")]

use corio_signal::SignalKind;
use rustix::process::Signal;

/// The system's signal of this kind, if it is a real-time one.
pub(crate) fn signal(kind: SignalKind) -> Option<Signal> {
    if !kind.is_real_time() {
        return None;
    }
    // SAFETY: it is greater than 0, the system has it, and it is not one of those that the C library
    // keeps for itself: `is_real_time` asks the library where those of programs begin and end.
    Some(unsafe { Signal::from_raw_unchecked(kind.as_raw()) })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn only_those_of_programs() {
        assert_eq!(signal(SignalKind::from_raw(40)).map(Signal::as_raw), Some(40));
        assert!(signal(SignalKind::terminate()).is_none());
        assert!(signal(SignalKind::from_raw(32)).is_none());
        assert!(signal(SignalKind::from_raw(65)).is_none());
    }
}
