//! What signals do by default, for tests whose subject that is: crates that send signals to themselves or to
//! children take this file in as a module of theirs.
//!
//! A process inherits from whoever started it which signals it ignores: `nohup` ignores SIGHUP, and a shell
//! without job control has what it starts with `&` ignore SIGINT and SIGQUIT. Such a process does not die of
//! them, `corio::run` leaves them alone, and a child of a child ignores them, too. A test that waits for what
//! the signal does would wait for ever.
#![expect(unsafe_code, reason = "std does not set what signals do")]

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Once;

use libc::{SIG_DFL, SIG_IGN, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

/// What the tests send and have an effect of.
const SIGNALS: [libc::c_int; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// Gives the signals that this process was started to ignore their default actions, which the children that
/// it starts from here on inherit. To be called before anything here handles a signal.
pub(crate) fn restore() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in SIGNALS {
            if is_ignored(signal) {
                // SAFETY: no handler is installed.
                let before = unsafe { libc::signal(signal, SIG_DFL) };
                assert_eq!(before, SIG_IGN, "the handler of signal {signal} was set meanwhile");
            }
        }
    });
}

fn is_ignored(signal: libc::c_int) -> bool {
    let mut present = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks, and fills `present`.
    assert_eq!(unsafe { libc::sigaction(signal, ptr::null(), present.as_mut_ptr()) }, 0);
    // SAFETY: filled.
    unsafe { present.assume_init() }.sa_sigaction == SIG_IGN
}
