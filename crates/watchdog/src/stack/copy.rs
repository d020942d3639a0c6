//! How a stack is read: by the kernel, or within bounds that are known.
//!
//! Called in the signal handler, all but [`bounds`] and [`kernel_reads`], which the watchdog calls before.
#![expect(unsafe_code, reason = "reads the stack of the thread it runs on")]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr;

/// How much of a stack is copied. Futures built without optimisation take tens of KiB a frame, so less would
/// often not reach the task's beginning; reading this much takes some 35 µs, once for a poll that is
/// slow.
pub(super) const STACK_BYTES: usize = 256 * 1024;

/// The kernel is asked for pieces of at most this size, which end where a page does: it then gives
/// all that is before the first page that is not there.
const PIECE: usize = 4096;
const PIECES: usize = STACK_BYTES / PIECE + 1;

/// What is handed to the kernel; made beforehand, the handler's own stack may be small.
#[derive(Debug)]
pub(super) struct Pieces([libc::iovec; PIECES]);

impl Pieces {
    pub(super) fn new() -> Pieces {
        Pieces([libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; PIECES])
    }

    /// Has the kernel copy what lies from `from` on into `to`, as much as is there; `None` if it refuses to.
    pub(super) fn copy(&mut self, from: usize, to: &mut [u8]) -> Option<usize> {
        let (mut at, mut left, mut used) = (from, to.len(), 0);
        for piece in &mut self.0 {
            let len = (PIECE - at % PIECE).min(left);
            if len == 0 {
                break;
            }
            *piece = libc::iovec { iov_base: ptr::without_provenance_mut(at), iov_len: len };
            at = at.checked_add(len)?;
            left -= len;
            used += 1;
        }
        let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: to.len() - left };
        // SAFETY: getpid has no preconditions; the kernel writes into `to` and nowhere else, and checks what it
        // reads.
        let copied = unsafe {
            libc::process_vm_readv(libc::getpid(), &local, 1, self.0.as_ptr(), used as _, 0)
        };
        usize::try_from(copied).ok()
    }
}

/// Whether the kernel lets the process read itself: old containers do not.
pub(super) fn kernel_reads() -> bool {
    let here = [0xa5_u8; 64];
    let mut copy = [0_u8; 64];
    let copied = Pieces::new().copy(here.as_ptr().expose_provenance(), &mut copy);
    copied == Some(here.len()) && copy == here
}

/// Copies what lies between `from` and the end of `bounds` into `to`, as much as has room; nothing if `from` is
/// not in `bounds`.
///
/// # Safety
/// `bounds` can be read, and nobody else writes there meanwhile.
pub(super) unsafe fn within(bounds: &Range<usize>, from: usize, to: &mut [u8]) -> usize {
    if !bounds.contains(&from) {
        return 0;
    }
    let len = (bounds.end - from).min(to.len());
    let source = ptr::with_exposed_provenance::<MaybeUninit<u8>>(from);
    // SAFETY: the caller's claim; as MaybeUninit, bytes that nobody has written are fine, and in `to` they
    // are numbers that the unwinder compares with what it knows.
    unsafe { ptr::copy_nonoverlapping(source, to.as_mut_ptr().cast(), len) };
    len
}

/// The lowest and the highest address of the thread's stack, as the C library knows them.
///
/// The thread must not have ended; the caller holds the list of loops that it is on.
pub(super) fn bounds(pthread: usize) -> Option<Range<usize>> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    // SAFETY: the thread is there, and the attributes are written to where there is room for them.
    if unsafe { libc::pthread_getattr_np(pthread as libc::pthread_t, attributes.as_mut_ptr()) } != 0
    {
        return None;
    }
    let (mut lowest, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes were written above.
    let got = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut size) };
    // SAFETY: as above, and they are not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    let lowest = lowest.expose_provenance();
    (got == 0 && size > 0).then(|| lowest..lowest.saturating_add(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two pages, of which the second cannot be read.
    fn pages() -> (usize, usize) {
        // SAFETY: new memory is asked for, at no particular place.
        let base = unsafe {
            let rights = libc::PROT_READ | libc::PROT_WRITE;
            let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            libc::mmap(ptr::null_mut(), 2 * PIECE, rights, kind, -1, 0)
        };
        assert_ne!(base, libc::MAP_FAILED);
        let base = base.expose_provenance();
        // SAFETY: the second of the pages mapped above, which nobody uses.
        let done = unsafe {
            libc::mprotect(ptr::with_exposed_provenance_mut(base + PIECE), PIECE, libc::PROT_NONE)
        };
        assert_eq!(done, 0);
        (base, base + PIECE)
    }

    #[test]
    fn the_kernel_stops_at_memory_that_is_not_there() {
        let (base, end) = pages();
        let mut to = vec![7; STACK_BYTES];
        assert_eq!(Pieces::new().copy(end - 100, &mut to), Some(100));
        assert_eq!((to[99], to[100]), (0, 7));
        assert_eq!(Pieces::new().copy(base, &mut to), Some(PIECE));
        assert_eq!(Pieces::new().copy(end, &mut to), None);
    }

    #[test]
    fn a_copy_within_bounds_is_clipped_by_both_ends() {
        let source: Vec<u8> = (0..100).collect();
        let base = source.as_ptr().expose_provenance();
        let bounds = base..base + 100;
        let mut to = [0; 16];
        // SAFETY: the bounds are those of `source`.
        let copied = |from, to: &mut [u8]| unsafe { within(&bounds, from, to) };
        assert_eq!(copied(base + 50, &mut to), 16);
        assert_eq!(to[..2], [50, 51]);
        assert_eq!(copied(base + 90, &mut to), 10);
        assert_eq!(to[..10], [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
        assert_eq!(copied(base + 100, &mut to), 0);
        assert_eq!(copied(base - 1, &mut to), 0);
    }

    /// Not a variable's address, which a sanitizer may keep elsewhere.
    fn stack_pointer() -> usize {
        let here: usize;
        // SAFETY: reads a register.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            std::arch::asm!("mov {}, rsp", out(reg) here);
            #[cfg(target_arch = "aarch64")]
            std::arch::asm!("mov {}, sp", out(reg) here);
        }
        here
    }

    #[test]
    fn the_bounds_of_a_thread_hold_its_stack() {
        let check = || {
            let here = stack_pointer();
            // SAFETY: has no preconditions.
            let bounds = bounds(unsafe { libc::pthread_self() } as usize).unwrap();
            assert!(bounds.contains(&here));
        };
        check();
        std::thread::spawn(check).join().unwrap();
    }
}
