//! The signal that asks a thread for its stack: installed, sent, caught, and passed on where it is not ours.
//!
//! A signal is ours if it was queued by this process (`SI_QUEUE`) with our mark in its value; the rest of the
//! value is the request's number. Any other signal of that number goes to the handler that was there
//! before, or does what the system does without one.
#![expect(unsafe_code, reason = "signal handlers are the system's business")]

use std::ffi::c_void;
use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::signal::Signal;
use crate::stack::registers::Registers;
use crate::stack::slot::Slot;

/// The upper half of our signals' values.
const MARK: u64 = 0x636f_7269;

/// How many numbers of signals there are, with 0.
const SIGNALS: usize = 65;

/// Where the handler finds the slot; null until there is one. What is stored is never freed.
static SLOT: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

/// What was there before our handler, for each signal; null where ours was never installed. Never freed.
static PREVIOUS: [AtomicPtr<libc::sigaction>; SIGNALS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; SIGNALS];

type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut c_void);
type PlainHandler = extern "C" fn(libc::c_int);

/// What a queued signal says of itself, as the kernel has it on 64-bit systems.
#[repr(C)]
struct Queued {
    number: libc::c_int,
    errno: libc::c_int,
    code: libc::c_int,
    gap: libc::c_int,
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: u64,
    rest: [u64; 12],
}

const _: () = assert!(size_of::<Queued>() == size_of::<libc::siginfo_t>());

/// Makes our handler the signal's, with the slot that it fills.
///
/// # Errors
/// The system's, which has none for the signals that [`Signal`] lets pass.
pub(super) fn install(signal: Signal, slot: &'static Slot) -> io::Result<()> {
    // Release: pairs with the Acquire in `on_signal`, which then sees what the slot is made of.
    SLOT.store(ptr::from_ref(slot).cast_mut(), Ordering::Release);
    let number = signal.number();
    let present = action(number)?;
    // Relaxed: only this function writes it, on one thread at a time.
    let was_ours = !PREVIOUS[number as usize].load(Ordering::Relaxed).is_null();
    if present.sa_sigaction == ours() || (was_ours && is_handler(&present)) {
        // A handler that has replaced ours (and was inherited by a forked child, say) may pass signals on
        // to ours: put before it, ours would pass them on to it, for ever.
        return Ok(());
    }
    // Before ours is there, so that the first signal that is not ours finds it.
    remember(number, present);
    let new = action_before(&present);
    let mut replaced = present;
    // SAFETY: both are actions; the handler does nothing that a signal handler must not.
    if unsafe { libc::sigaction(number, &new, &mut replaced) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if replaced.sa_sigaction != present.sa_sigaction {
        remember(number, replaced);
    }
    Ok(())
}

/// Our handler, before one that was there: signals that are not ours do what they did without us.
fn action_before(present: &libc::sigaction) -> libc::sigaction {
    // SAFETY: all zeros is an action without a handler; the rest is filled in below.
    let mut new: libc::sigaction = unsafe { mem::zeroed() };
    new.sa_sigaction = ours();
    // ONSTACK: a thread's stack may be nearly used up.
    new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    if is_handler(present) {
        // What it wants not to be interrupted by, and whether what it interrupts goes on.
        new.sa_mask = present.sa_mask;
        new.sa_flags |= present.sa_flags & libc::SA_RESTART;
    } else {
        // Most system calls go on as if nothing had been.
        new.sa_flags |= libc::SA_RESTART;
    }
    new
}

/// Whether the action is a call, and not what the system does by itself.
fn is_handler(action: &libc::sigaction) -> bool {
    action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN
}

fn ours() -> libc::sighandler_t {
    on_signal as *const () as libc::sighandler_t
}

fn remember(number: libc::c_int, action: libc::sigaction) {
    let action = Box::leak(Box::new(action));
    // Release: pairs with the Acquire in `pass_on`.
    PREVIOUS[number as usize].store(action, Ordering::Release);
}

/// What is to be done on this signal.
fn action(number: libc::c_int) -> io::Result<libc::sigaction> {
    // SAFETY: all zeros is an action.
    let mut present: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: asks only; the answer has room.
    if unsafe { libc::sigaction(number, ptr::null(), &mut present) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(present)
}

/// Whether a handler is there for the signal: ours, or one that has replaced ours and may pass it on. Without
/// one, most signals would end the process.
pub(super) fn is_in_place(signal: Signal) -> bool {
    action(signal.number()).is_ok_and(|present| is_handler(&present))
}

/// Whether the handler that is there is ours, and not one that has replaced it.
pub(super) fn is_ours(signal: Signal) -> bool {
    action(signal.number()).is_ok_and(|present| present.sa_sigaction == ours())
}

/// Sends the signal, with the request's number, to a thread of this process.
///
/// # Errors
/// The system's: the thread is no more (`ESRCH`), or too many signals are pending.
pub(super) fn send(tid: i32, signal: Signal, request: u32) -> io::Result<()> {
    // SAFETY: have no preconditions.
    let (pid, uid) = unsafe { (libc::getpid(), libc::getuid()) };
    let queued = Queued {
        number: signal.number(),
        errno: 0,
        code: libc::SI_QUEUE,
        gap: 0,
        pid,
        uid,
        value: MARK << 32 | u64::from(request),
        rest: [0; 12],
    };
    // SAFETY: the signal's description is as the kernel has it. A thread that does not exist is an error.
    let sent = unsafe {
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, signal.number(), &raw const queued)
    };
    if sent == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The handler. What it calls is safe in a signal handler: atomics, copying, system calls.
extern "C" fn on_signal(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the thread's own errno.
    let errno = unsafe { *libc::__errno_location() };
    // Acquire: pairs with the Release in `install`.
    let slot = SLOT.load(Ordering::Acquire);
    // SAFETY: null, or a slot, which is never freed.
    let slot = unsafe { slot.as_ref() };
    // SAFETY: the kernel hands over a description, which is there until the handler returns.
    let description = unsafe { &*info };
    match (request(description), slot) {
        (Some(request), Some(slot)) => {
            // SAFETY: the third argument of this handler, which has not returned.
            let registers = unsafe { Registers::of_handler(context) };
            slot.fill(request, registers);
        }
        // A request of nobody's.
        (Some(_), None) => {}
        (None, Some(slot)) if is_without_sender(description) && slot.is_asked() => {
            // Where too many signals are pending the kernel loses what ours say of themselves. That one
            // came while a stack is asked for makes it ours; the request is given up.
        }
        (None, _) => pass_on(number, info, context),
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// The request's number, if the signal is ours.
fn request(info: &libc::siginfo_t) -> Option<u32> {
    if info.si_code != libc::SI_QUEUE {
        return None;
    }
    // SAFETY: a queued signal has a sender and a value; getpid has no preconditions.
    let (from, value, here) = unsafe { (info.si_pid(), info.si_value(), libc::getpid()) };
    let value = value.sival_ptr.addr() as u64;
    (from == here && value >> 32 == MARK).then_some(value as u32)
}

/// Whether the signal says nothing of who sent it: the kernel lost that, or it came from outside of what this
/// process sees, such as another container.
fn is_without_sender(info: &libc::siginfo_t) -> bool {
    // SAFETY: such a signal has a sender.
    info.si_code == libc::SI_USER && unsafe { info.si_pid() } == 0
}

/// Does with a signal that is not ours what would be done if we were not there.
fn pass_on(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // Acquire: pairs with the Release in `remember`.
    let previous = PREVIOUS[number as usize].load(Ordering::Acquire);
    // SAFETY: what is stored there is never freed.
    let Some(previous) = (unsafe { previous.as_ref() }) else { return };
    match previous.sa_sigaction {
        libc::SIG_IGN => {}
        libc::SIG_DFL => by_default(number),
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: it was installed as a handler with three arguments.
            let handler: Handler = unsafe { mem::transmute(handler) };
            handler(number, info, context);
        }
        handler => {
            // SAFETY: it was installed as a handler with one argument.
            let handler: PlainHandler = unsafe { mem::transmute(handler) };
            handler(number);
        }
    }
}

/// Does what the system does with a signal that nobody handles: two of those that may be chosen are ignored, the
/// others end the process.
fn by_default(number: libc::c_int) {
    if number == libc::SIGURG || number == libc::SIGWINCH {
        return;
    }
    // SAFETY: both are for signal handlers. The signal is blocked until this handler returns, and then ends
    // the process.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::raise(number);
    }
}
