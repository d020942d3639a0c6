//! Linux: the barrier of all threads, and the process's number.
#![expect(
    unsafe_code,
    reason = "system calls that neither the C library nor rustix has a function for"
)]

use std::sync::OnceLock;

/// `membarrier`'s commands, from the kernel's headers.
const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;

/// Makes every thread of the process pass a full memory barrier; `false` if the system cannot. Some
/// microseconds, and an interrupt for each processor that runs one of them.
pub(crate) fn barrier() -> bool {
    // A process registers once; a forked child inherits that.
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    *REGISTERED.get_or_init(|| membarrier(REGISTER_PRIVATE_EXPEDITED))
        && membarrier(PRIVATE_EXPEDITED)
}

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
}
