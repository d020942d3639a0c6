//! Ctrl-C for the run of a program: the first one asks, the second one ends the process at once.
//!
//! This is not for tasks, which have [`ctrl_c`](crate::ctrl_c()), but for whoever runs the loop. It
//! answers Ctrl-C only while a run lasts, and only where nobody else does:
//!
//! ```text
//!            1 arm                   2 signal                      2 signal
//!    OFF ───────────▶ ARMED ───────────────────▶ CAME ───────────────────────▶ the process dies
//!     ▲                 │   writes into the pipe  │        of the default action
//!     └───3 disarm──────┴───────────3 disarm──────┘
//! ```
//!
//! | who else | what happens |
//! |---|---|
//! | the program has a handler of its own, or ignores the signal | [`arm`] says `None`; nothing is changed |
//! | another run of this process is armed | the same |
//! | `ctrl_c()` was called, ever | the program answers every Ctrl-C itself; this does nothing |
//! | a handler is installed while armed | the later one decides; it is left in place |
//! | foreign code forks this process while armed | Ctrl-C has its default action in the copy, at once |
//!
//! # The race
//! A signal may come on any thread, between any two steps. What it changes is one word, by
//! `compare_exchange`, so that of two signals one is the second. The pipe is made once and never closed: a
//! handler that is still running when the run ends writes a byte that the next run throws away.
#![expect(unsafe_code, reason = "installs a signal handler, which no library does as needed here")]

use std::ffi::c_int;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, Ordering};
use std::task::{Context, Poll};

use corio_reactor::Io;

/// Nobody runs.
const OFF: u8 = 0;
/// A run waits for the first one.
const ARMED: u8 = 1;
/// The first one has come: the next one is the last.
const CAME: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(OFF);
/// An [`Interrupts`] exists.
static IN_USE: AtomicBool = AtomicBool::new(false);
/// The program answers Ctrl-C itself, from now on and for good.
static TAKEN_OVER: AtomicBool = AtomicBool::new(false);
/// The process that armed: a copy of it has the same pipe, and must not write there.
static OWNER: AtomicI32 = AtomicI32::new(0);
static PIPE: OnceLock<(PipeReader, PipeWriter)> = OnceLock::new();

/// The program has called `ctrl_c()`.
pub(crate) fn take_over() {
    // Relaxed: it guards nothing, and a handler that is running meanwhile was there first.
    TAKEN_OVER.store(true, Ordering::Relaxed);
}

/// Nobody watches Ctrl-C any more, and the program has asked for its default action back.
pub(crate) fn give_back() {
    // Relaxed: as in `take_over`.
    TAKEN_OVER.store(false, Ordering::Relaxed);
}

/// Whether a run answers Ctrl-C, or has.
pub(crate) fn is_armed() -> bool {
    // Relaxed: asked in the handler, after `on_signal` was called there if a run has one.
    STATE.load(Ordering::Relaxed) != OFF
}

extern "C" fn on_signal(signal: c_int) {
    if TAKEN_OVER.load(Ordering::Relaxed) {
        return;
    }
    // Relaxed: set before the handler is, and the copy's memory is as it was at the fork.
    if OWNER.load(Ordering::Relaxed) != own_number() {
        return die_of(signal);
    }
    // Edge 2. AcqRel: pairs with `has_come`'s Acquire, and with `arm`'s Release, which comes after the pipe
    // is there.
    match STATE.compare_exchange(ARMED, CAME, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            if let Some((_, writer)) = PIPE.get() {
                // One byte in an empty pipe: there is nothing that can go wrong, and nobody to tell.
                let _ = rustix::io::write(writer, &[1]);
            }
        }
        Err(CAME) => die_of(signal),
        Err(_) => {}
    }
}

/// The number of this process.
fn own_number() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// For the handler: has `signal` take its default action when it returns.
pub(crate) fn die_of(signal: c_int) {
    // SAFETY: both are async-signal-safe. The signal is blocked while it is handled.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

/// The handler as `sigaction` knows it.
fn own_handler() -> libc::sighandler_t {
    let handler: extern "C" fn(c_int) = on_signal;
    handler as libc::sighandler_t
}

/// Whether the process does about `signal` what the system does by default, but for a run that answers
/// Ctrl-C.
pub(crate) fn has_default_action(signal: c_int) -> io::Result<bool> {
    let present = handler_of(signal)?;
    Ok(present == libc::SIG_DFL || present == own_handler())
}

/// What the process does about Ctrl-C at present.
fn present_handler() -> io::Result<libc::sighandler_t> {
    handler_of(libc::SIGINT)
}

fn handler_of(signal: c_int) -> io::Result<libc::sighandler_t> {
    let mut present = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks, and fills `present` where it says 0.
    match unsafe { libc::sigaction(signal, ptr::null(), present.as_mut_ptr()) } {
        // SAFETY: filled.
        0 => Ok(unsafe { present.assume_init() }.sa_sigaction),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Sets what the process does about the signal.
fn set_handler(handler: libc::sighandler_t) -> io::Result<()> {
    // SAFETY: all zeros is a value of this type; the handler does only what a handler may, or is the
    // default. SA_RESTART: no system call of the program fails because of it.
    let done = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler;
        action.sa_flags = libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGINT, &action, ptr::null_mut())
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Edge 1: answers Ctrl-C until what it gives is dropped, if nobody else does. One run of the process at
/// a time has it, on whatever thread.
///
/// # Errors
/// No descriptors left, for the pipe.
pub fn arm() -> io::Result<Option<Interrupts>> {
    // Acquire: pairs with the Release in `Interrupts::drop`.
    if IN_USE.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return Ok(None);
    }
    // From here on its drop gives it back, whatever fails.
    let interrupts = Interrupts { pipe: None };
    if TAKEN_OVER.load(Ordering::Relaxed) || present_handler()? != libc::SIG_DFL {
        return Ok(None);
    }
    if PIPE.get().is_none() {
        let (reader, writer) = io::pipe()?;
        rustix::io::ioctl_fionbio(&reader, true)?;
        rustix::io::ioctl_fionbio(&writer, true)?;
        // Only who has IN_USE sets it.
        let _ = PIPE.set((reader, writer));
    }
    if let Some((reader, _)) = PIPE.get() {
        // What a signal left that came at the end of the run before.
        let _ = (&mut &*reader).read(&mut [0; 64]);
    }
    OWNER.store(own_number(), Ordering::Relaxed);
    // Release: pairs with the handler's Acquire; the pipe is there.
    STATE.store(ARMED, Ordering::Release);
    set_handler(own_handler())?;
    Ok(Some(interrupts))
}

/// Whether a Ctrl-C has come in the run that is armed: for those that [`Interrupts::poll`] wakes.
pub fn has_come() -> bool {
    // Acquire: pairs with the handler's Release.
    STATE.load(Ordering::Acquire) == CAME
}

/// The right to answer Ctrl-C; see [`arm`]. Dropping it gives Ctrl-C its default action back.
#[derive(Debug)]
#[must_use = "Ctrl-C is answered until this is dropped"]
pub struct Interrupts {
    pipe: Option<Io<PipeReader>>,
}

impl Interrupts {
    /// Waits for the first Ctrl-C, on the loop on which it is polled first.
    ///
    /// # Errors
    /// No descriptors left, or the loop has ended.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let pipe = match &mut self.pipe {
            Some(pipe) => pipe,
            none => {
                let Some((reader, _)) = PIPE.get() else { return Poll::Pending };
                let pipe = none.insert(Io::new(reader.try_clone()?)?);
                // It is there in every run, and says nothing of whether this one has come to a stop.
                corio_trace::pulse::set_aside(1);
                pipe
            }
        };
        let polled = pipe.poll_read_with(context, |mut pipe| pipe.read(&mut [0; 64]).map(drop));
        // Nor is it what the task waits for.
        corio_trace::forget_last_wait();
        polled
    }

    /// Whether a Ctrl-C has come.
    pub fn came(&self) -> bool {
        has_come()
    }

    /// There is nobody left to ask: the next Ctrl-C ends the process at once.
    pub fn end_at_the_next(&self) {
        // AcqRel, as in the handler.
        let _ = STATE.compare_exchange(ARMED, CAME, Ordering::AcqRel, Ordering::Acquire);
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if self.pipe.is_some() {
            corio_trace::pulse::set_aside(0);
        }
        // Edge 3. First the handler, so that no signal finds OFF that should have been answered.
        if present_handler().is_ok_and(|present| present == own_handler()) {
            // It was the default before, and can be set again.
            let _ = set_handler(libc::SIG_DFL);
        }
        STATE.store(OFF, Ordering::Release);
        // Release: pairs with the Acquire in `arm`.
        IN_USE.store(false, Ordering::Release);
    }
}

/// Ends the process as an unanswered Ctrl-C does, so that whoever started it (a shell, a script) sees
/// that. Standard output is flushed before; nothing else is run.
pub fn die() -> ! {
    let _ = io::stdout().flush();
    let _ = set_handler(libc::SIG_DFL);
    // SAFETY: unblocks one signal for this thread and raises it; the set is filled before it is read.
    unsafe {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), ptr::null_mut());
        libc::raise(libc::SIGINT);
    }
    // Only if somebody catches it with a debugger: what shells say of such a death.
    std::process::exit(128 + libc::SIGINT)
}
