//! From a copy of registers and stack to the addresses of the functions that are under way.
//!
//! No table is searched in the thread's own memory, only in copies: whatever the thread does meanwhile, this
//! cannot fault.

use framehop::{Error, FrameAddress, UnwindRegsNative, Unwinder};

use crate::stack::copy::STACK_BYTES;
use crate::stack::modules::Modules;
use crate::stack::registers::Registers;
use crate::stack::slot::StackCopy;

/// How many frames are looked at: what a copy of the stack has room for in practice.
const FRAMES_MAX: usize = 4096;

/// The addresses to look symbols up by, the innermost function's first, and why there are no more.
pub(super) fn addresses(stack: &StackCopy, modules: &mut Modules) -> (Vec<u64>, Option<String>) {
    let registers = stack.registers();
    let start = start(registers, modules);
    let mut word = |address| stack.word(address).ok_or(());
    let Modules { unwinder, cache, .. } = modules;
    let mut frames = unwinder.iter_frames(registers.pc, start, cache, &mut word);
    let mut addresses = Vec::new();
    let cut = loop {
        if addresses.len() == FRAMES_MAX {
            break Some(format!("deeper frames, beyond the {FRAMES_MAX} that are looked at"));
        }
        match frames.next() {
            Ok(Some(frame)) => addresses.push(FrameAddress::address_for_lookup(frame)),
            Ok(None) | Err(Error::ReturnAddressIsNull) => break None,
            Err(Error::CouldNotReadStack(_)) if stack.is_full() => {
                let kib = STACK_BYTES / 1024;
                break Some(format!("deeper frames, beyond the {kib} KiB that are looked at"));
            }
            Err(_) => break Some("deeper frames, which cannot be followed from here".to_owned()),
        }
    };
    (addresses, cut)
}

#[cfg(target_arch = "x86_64")]
fn start(registers: Registers, _: &Modules) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.pc, registers.sp, registers.fp)
}

/// Return addresses may be signed in their upper bits, beyond what any code has.
#[cfg(target_arch = "aarch64")]
fn start(registers: Registers, modules: &Modules) -> UnwindRegsNative {
    let highest = modules.unwinder.max_known_code_address();
    let mask = framehop::aarch64::PtrAuthMask::from_max_known_address(highest);
    UnwindRegsNative::new_with_ptr_auth_mask(mask, registers.lr, registers.sp, registers.fp)
}
