//! The driver for Linux: epoll, edge-triggered, one system call a turn.
//!
//! Every descriptor is registered once, for everything, and never touched again until it is
//! deleted. With `EPOLLRDHUP` the end of a stream is told with the edge of its last data, and with
//! `EPOLLPRI` so is urgent data, so a short read can count as drained (see `state`).
//!
//! Two descriptors of our own are registered beside the users': an eventfd that ends a wait, and,
//! once there was a near deadline, a timerfd. Both are edge-triggered and never read: each write,
//! each expiry is a new edge. That saves a read per wake.
//!
//! **Timeouts** are in nanoseconds. A system call with a timeout ends late by the thread's timer
//! slack, 50 µs, which is not ours to change; a timerfd has none. So a deadline nearer than
//! [`TIMERFD_WITHIN`] is waited for with the timerfd, armed anew only when it is another than the
//! last time (a 1 ms sleep is then 36 µs late instead of 84, for 200 ns of arming), and a farther one
//! with `epoll_pwait2` (Linux 5.11), which needs no second call. Whether the kernel has that is found
//! out by the first call and kept for the whole process, because a build feature that assumed it
//! would not start on older kernels; without it the timerfd serves all. If even that cannot be had,
//! the timeout is rounded up to milliseconds: late, never early.
#![expect(unsafe_code, reason = "epoll_pwait2 is called by number: no binding probes for it")]

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use corio_base::clock;
use corio_base::{Time, Wait};
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::{EVENTS_PER_TURN_MAX, Registrar, Selector};
use crate::ready::Ready;
use crate::registry::{Delivery, Key};
use crate::state::Drained;

/// Keys of our own descriptors; the registry gives out none so high.
const SIGNAL_KEY: u64 = u64::MAX;
const TIMER_KEY: u64 = u64::MAX - 1;

/// The longest timeout `epoll_pwait` takes: 31 bits of milliseconds, 24 days. A longer one ends early.
const ROUNDED_MAX: Duration = Duration::from_millis(i32::MAX as u64);

/// Deadlines nearer than this are worth a system call to be met closely: 50 µs are 0.05 % of it.
const TIMERFD_WITHIN: Duration = Duration::from_millis(100);

/// How a timeout in nanoseconds is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precise {
    /// Near ones with the timerfd, far ones with `epoll_pwait2`.
    Pwait2,
    /// All with the timerfd.
    Timerfd,
}

/// Whether the kernel (or a sandbox) has refused `epoll_pwait2` once.
static PWAIT2_REFUSED: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Epoll {
    epoll: OwnedFd,
    /// Written to end a wait, never read.
    signal: OwnedFd,
}

pub(crate) fn open(precise: Precise) -> io::Result<(Arc<dyn Registrar>, Box<dyn Selector>)> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let signal = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let flags = EventFlags::IN | EventFlags::ET;
    epoll::add(&epoll, &signal, EventData::new_u64(SIGNAL_KEY), flags)?;
    let shared = Arc::new(Epoll { epoll, signal });
    let selector = EpollSelector {
        shared: shared.clone(),
        events: Events(Vec::with_capacity(EVENTS_PER_TURN_MAX)),
        precise,
        timer: None,
    };
    Ok((shared, Box::new(selector)))
}

impl Registrar for Epoll {
    fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        let flags =
            EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
        let added = epoll::add(&self.epoll, fd, EventData::new_u64(key.0), flags);
        added.map_err(|errno| super::refused(errno.into()))
    }

    fn arm(&self, _: BorrowedFd<'_>, _: Key, _: Ready) -> io::Result<()> {
        Ok(())
    }

    fn arms(&self) -> bool {
        false
    }

    fn delete(&self, fd: BorrowedFd<'_>) {
        // It fails only if the descriptor is not registered, and that is what is wanted.
        let _ = epoll::delete(&self.epoll, fd);
    }

    fn drained(&self) -> Drained {
        Drained::AfterShort
    }

    fn signal(&self) {
        // It fails only when the counter is full: then it is signalled, and 2^64 writes away.
        let _ = rustix::io::write(&self.signal, &1u64.to_ne_bytes());
    }
}

#[derive(Debug)]
struct EpollSelector {
    shared: Arc<Epoll>,
    events: Events,
    precise: Precise,
    timer: Option<Timer>,
}

/// What the kernel has told and nobody has taken in yet.
struct Events(Vec<Event>);

// SAFETY: the data of an event might be a pointer, so its type is not Send; ours are numbers.
unsafe impl Send for Events {}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Events({})", self.0.len())
    }
}

/// The timerfd and the moment it is set to.
#[derive(Debug)]
struct Timer {
    fd: OwnedFd,
    armed: Time,
}

impl Selector for EpollSelector {
    fn select(&mut self, wait: Wait) -> io::Result<()> {
        self.events.0.clear();
        match wait {
            Wait::Poll => self.wait_ms(Some(Duration::ZERO)),
            Wait::Forever => self.wait_ms(None),
            Wait::Until(at) if at.is_never() => self.wait_ms(None),
            Wait::Until(at) => match at.saturating_since(clock::now()) {
                Duration::ZERO => self.wait_ms(Some(Duration::ZERO)),
                left => self.wait_precise(at, left),
            },
        }
    }

    fn has_found(&self) -> bool {
        !self.events.0.is_empty()
    }

    fn drain(&mut self, delivery: &mut Delivery<'_>) {
        for event in &self.events.0 {
            let key = event.data.u64();
            if key < TIMER_KEY {
                delivery.put(Key(key), ready(event.flags));
            } else if key == TIMER_KEY
                && let Some(timer) = &mut self.timer
            {
                // It has fired. On a virtual clock the same moment may lie ahead once more.
                timer.armed = Time::NEVER;
            }
        }
        self.events.0.clear();
    }
}

impl EpollSelector {
    /// `epoll_pwait`; rustix rounds a timeout up to milliseconds.
    fn wait_ms(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let buffer = spare_capacity(&mut self.events.0);
        let timeout = timeout.map(timespec);
        nothing_if_interrupted(epoll::wait(&self.shared.epoll, buffer, timeout.as_ref()))
    }

    fn wait_precise(&mut self, at: Time, left: Duration) -> io::Result<()> {
        // Relaxed: the worst is one refused call more.
        let pwait2 = self.precise == Precise::Pwait2 && !PWAIT2_REFUSED.load(Ordering::Relaxed);
        if (left < TIMERFD_WITHIN || !pwait2) && self.arm_timer(at, left).is_ok() {
            return self.wait_ms(None);
        }
        if pwait2 {
            match self.pwait2(left) {
                Err(Errno::NOSYS | Errno::PERM) => PWAIT2_REFUSED.store(true, Ordering::Relaxed),
                result => return nothing_if_interrupted(result),
            }
        }
        self.wait_ms(Some(left.min(ROUNDED_MAX)))
    }

    fn pwait2(&mut self, left: Duration) -> Result<usize, Errno> {
        // The kernel's own layout on every architecture, which is not always libc's `timespec`.
        #[repr(C)]
        struct KernelTimespec {
            seconds: i64,
            nanos: i64,
        }
        let timeout =
            KernelTimespec { seconds: left.as_secs() as i64, nanos: left.subsec_nanos().into() };
        let events = self.events.0.spare_capacity_mut();
        // SAFETY: the descriptor is open; `events` is a writable array of as many events as the
        // count says, in the kernel's layout, which is how rustix defines `Event`; the timeout is
        // read during the call only; a null signal mask means none.
        let found = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.shared.epoll.as_fd().as_raw_fd(),
                events.as_mut_ptr(),
                EVENTS_PER_TURN_MAX as libc::c_int,
                &raw const timeout,
                std::ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        let Ok(found) = usize::try_from(found) else {
            let error = io::Error::last_os_error();
            return Err(Errno::from_io_error(&error).unwrap_or(Errno::IO));
        };
        // SAFETY: the vector was empty, and the kernel has written this many events from its start.
        unsafe { self.events.0.set_len(found) };
        Ok(found)
    }

    fn arm_timer(&mut self, at: Time, left: Duration) -> io::Result<()> {
        let timer = match &mut self.timer {
            Some(timer) => timer,
            none => none.insert(Timer::open(&self.shared.epoll)?),
        };
        if timer.armed != at {
            let once = Itimerspec { it_interval: Timespec::default(), it_value: timespec(left) };
            timerfd_settime(&timer.fd, TimerfdTimerFlags::empty(), &once)?;
            timer.armed = at;
        }
        Ok(())
    }
}

impl Timer {
    fn open(epoll: &OwnedFd) -> io::Result<Timer> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let data = EventData::new_u64(TIMER_KEY);
        epoll::add(epoll, &fd, data, EventFlags::IN | EventFlags::ET)?;
        Ok(Timer { fd, armed: Time::NEVER })
    }
}

fn timespec(left: Duration) -> Timespec {
    // A `Time` has 64 bits of nanoseconds, 584 years: its seconds fit.
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos() as _ }
}

fn nothing_if_interrupted<R>(result: Result<R, Errno>) -> io::Result<()> {
    match result {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// What epoll's flags mean. A hang-up or an error makes both directions worth an attempt: it is the
/// attempt that says what has happened.
#[inline]
fn ready(flags: EventFlags) -> Ready {
    // Nearly always it is bytes, and room for more.
    match flags.bits() {
        BYTES_AND_ROOM => Ready::READABLE | Ready::WRITABLE,
        _ => ready_otherwise(flags),
    }
}

const BYTES_AND_ROOM: u32 = EventFlags::IN.union(EventFlags::OUT).bits();

#[cold]
fn ready_otherwise(flags: EventFlags) -> Ready {
    let mut ready = Ready::EMPTY;
    let ended = EventFlags::HUP | EventFlags::ERR;
    if flags.intersects(EventFlags::IN | EventFlags::RDHUP | EventFlags::PRI | ended) {
        ready |= Ready::READABLE;
    }
    if flags.intersects(EventFlags::OUT | ended) {
        ready |= Ready::WRITABLE;
    }
    if flags.intersects(EventFlags::RDHUP | EventFlags::HUP) {
        ready |= Ready::READ_CLOSED;
    }
    if flags.intersects(EventFlags::HUP) {
        ready |= Ready::WRITE_CLOSED;
    }
    if flags.intersects(EventFlags::ERR) {
        ready |= Ready::ERROR;
    }
    if flags.intersects(EventFlags::PRI) {
        ready |= Ready::PRIORITY;
    }
    ready
}
