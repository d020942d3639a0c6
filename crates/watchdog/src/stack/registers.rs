//! The registers that unwinding begins with, as the kernel has saved them for the handler.
#![expect(unsafe_code, reason = "reads what the kernel hands to a signal handler")]

use std::ffi::c_void;

/// Where the thread was, and where its stack was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Registers {
    /// The instruction that is next.
    pub(super) pc: u64,
    /// The innermost end of the stack.
    pub(super) sp: u64,
    /// The frame pointer, where the function has one.
    pub(super) fp: u64,
    /// Where the function returns to, on processors that keep it in a register.
    #[cfg(target_arch = "aarch64")]
    pub(super) lr: u64,
}

impl Registers {
    /// Those of the thread that a signal has interrupted.
    ///
    /// # Safety
    /// `context` is the third argument of the signal's handler, which has not returned.
    #[cfg(target_arch = "x86_64")]
    pub(super) unsafe fn of_handler(context: *const c_void) -> Registers {
        // SAFETY: the caller's claim; the kernel has written the whole of it.
        let saved = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        let register = |number: libc::c_int| saved[number as usize] as u64;
        Registers {
            pc: register(libc::REG_RIP),
            sp: register(libc::REG_RSP),
            fp: register(libc::REG_RBP),
        }
    }

    /// Those of the thread that a signal has interrupted.
    ///
    /// # Safety
    /// `context` is the third argument of the signal's handler, which has not returned.
    #[cfg(target_arch = "aarch64")]
    pub(super) unsafe fn of_handler(context: *const c_void) -> Registers {
        // SAFETY: the caller's claim; the kernel has written the whole of it.
        let saved = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        Registers { pc: saved.pc, sp: saved.sp, fp: saved.regs[29], lr: saved.regs[30] }
    }
}
