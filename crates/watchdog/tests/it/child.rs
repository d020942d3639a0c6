//! What needs a process of its own: other settings, other handlers, forks. Each test runs itself again in a
//! child process, where it does its work.

use std::mem;
use std::os::unix::process::ExitStatusExt;
use std::panic::Location;
use std::process::{Command, ExitStatus, Stdio};
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use corio_trace::pulse::Pulse;
use corio_watchdog::{Config, Signal, StackReader, StartError};

use crate::default_actions;
use crate::support::{SLOW, STACK, Until, check, lines_of, listen, new_task, report_of, wait_for};

const IS_CHILD: &str = "CORIO_IT_CHILD";

/// Runs `work` in a child process, with these variables, and gives its end. `test`: the test that calls it, with
/// its module if that is not this one.
fn in_child(test: &str, variables: &[(&str, &str)], work: impl FnOnce()) -> Option<ExitStatus> {
    if std::env::var_os(IS_CHILD).is_some() {
        listen();
        work();
        return None;
    }
    default_actions::restore();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = if test.contains("::") { test.to_owned() } else { format!("child::{test}") };
    command.args([&test, "--exact", "--nocapture"]);
    command.env_remove(corio_watchdog::VARIABLE).env(IS_CHILD, "1").stdin(Stdio::null());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Some(output.status)
}

/// As [`in_child`]; the child's test must pass.
pub(crate) fn check_in_child(test: &str, variables: &[(&str, &str)], work: impl FnOnce()) {
    if let Some(status) = in_child(test, variables, work) {
        assert!(status.success(), "{status}");
    }
}

#[inline(never)]
fn spins(until: &Until) {
    while until.goes_on() {
        std::hint::spin_loop();
    }
}

fn check_stack() {
    check(&report_of(STACK, spins, || {}), &["; it is here:\n", "it::child::spins at "]);
}

fn signal(name: &str) -> Signal {
    name.parse().unwrap()
}

#[test]
fn another_signal_by_the_environment() {
    let variables = [(corio_watchdog::VARIABLE, "SIGRTMIN+3")];
    check_in_child("another_signal_by_the_environment", &variables, || {
        corio_watchdog::ensure_started();
        check_stack();
        assert_eq!(disposition(libc::SIGURG).sa_sigaction, libc::SIG_DFL);
        assert_ne!(disposition(libc::SIGRTMIN() + 3).sa_sigaction, libc::SIG_DFL);
    });
}

#[test]
fn a_bad_signal_in_the_environment_is_logged_and_the_default_taken() {
    let test = "a_bad_signal_in_the_environment_is_logged_and_the_default_taken";
    check_in_child(test, &[(corio_watchdog::VARIABLE, "SIGKILL")], || {
        corio_watchdog::ensure_started();
        check_stack();
        assert_ne!(disposition(libc::SIGURG).sa_sigaction, libc::SIG_DFL);
    });
}

#[test]
fn without_stacks_there_are_warnings_and_no_handler() {
    let variables = [(corio_watchdog::VARIABLE, "off")];
    check_in_child("without_stacks_there_are_warnings_and_no_handler", &variables, || {
        corio_watchdog::ensure_started();
        let report = report_of(STACK, spins, || {});
        let says = ["and still runs; where it is cannot be shown: stacks are turned off"];
        check(&report, &says);
        assert_eq!(disposition(libc::SIGURG).sa_sigaction, libc::SIG_DFL);
    });
}

#[test]
fn stacks_read_within_bounds() {
    check_in_child("stacks_read_within_bounds", &[], || {
        corio_watchdog::start(Config::new().stack_reader(StackReader::Bounds)).unwrap();
        check_stack();
        let again = corio_watchdog::start(Config::new());
        assert!(matches!(again, Err(StartError::AlreadyRunning)), "{again:?}");
    });
}

fn disposition(number: i32) -> libc::sigaction {
    // SAFETY: asks only; all zeros is a valid action.
    unsafe {
        let mut action = mem::zeroed();
        assert_eq!(libc::sigaction(number, ptr::null(), &mut action), 0);
        action
    }
}

static CAUGHT: AtomicUsize = AtomicUsize::new(0);
static CAUGHT_VALUE: AtomicUsize = AtomicUsize::new(0);

extern "C" fn catches(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the handler was installed with SA_SIGINFO.
    let value = unsafe { (*info).si_value() }.sival_ptr.addr();
    CAUGHT_VALUE.store(value, Ordering::SeqCst);
    CAUGHT.fetch_add(1, Ordering::SeqCst);
}

extern "C" fn catches_plainly(_: libc::c_int) {
    CAUGHT.fetch_add(1, Ordering::SeqCst);
}

fn catch(number: i32, handler: libc::sighandler_t, flags: libc::c_int) {
    // SAFETY: the handlers above only count.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(number, &action, ptr::null_mut()), 0);
    }
}

#[test]
fn signals_of_others_reach_the_handler_that_was_there() {
    check_in_child("signals_of_others_reach_the_handler_that_was_there", &[], || {
        let number = libc::SIGUSR1;
        catch(number, catches as *const () as usize, libc::SA_SIGINFO);
        corio_watchdog::start(Config::new().signal(signal("USR1"))).unwrap();
        check_stack();
        assert_eq!(CAUGHT.load(Ordering::SeqCst), 0, "ours is not passed on");
        // SAFETY: a plain signal, and a queued one with a value, to this process.
        unsafe {
            assert_eq!(libc::raise(number), 0);
            assert_eq!(CAUGHT.load(Ordering::SeqCst), 1);
            let value = libc::sigval { sival_ptr: ptr::without_provenance_mut(77) };
            assert_eq!(libc::sigqueue(libc::getpid(), number, value), 0);
        }
        while CAUGHT.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
        assert_eq!(CAUGHT_VALUE.load(Ordering::SeqCst), 77);
        check_stack();
        assert_eq!(CAUGHT.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_plain_handler_is_called_plainly() {
    check_in_child("a_plain_handler_is_called_plainly", &[], || {
        catch(libc::SIGURG, catches_plainly as *const () as usize, 0);
        corio_watchdog::ensure_started();
        check_stack();
        // SAFETY: a signal to this thread.
        assert_eq!(unsafe { libc::raise(libc::SIGURG) }, 0);
        assert_eq!(CAUGHT.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_signal_that_ends_processes_still_does() {
    let status = in_child("a_signal_that_ends_processes_still_does", &[], || {
        corio_watchdog::start(Config::new().signal(signal("USR2"))).unwrap();
        check_stack();
        // SAFETY: a signal to this thread.
        unsafe { libc::raise(libc::SIGUSR2) };
        unreachable!("the process has ended");
    });
    if let Some(status) = status {
        assert_eq!(status.signal(), Some(libc::SIGUSR2), "{status}");
    }
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    check_in_child("a_signal_that_is_ignored_stays_so", &[], || {
        corio_watchdog::ensure_started();
        check_stack();
        // SAFETY: a signal to this thread.
        assert_eq!(unsafe { libc::raise(libc::SIGURG) }, 0);
        check_stack();
    });
}

#[test]
fn a_handler_that_was_taken_away_costs_the_stack_and_not_the_process() {
    let test = "a_handler_that_was_taken_away_costs_the_stack_and_not_the_process";
    check_in_child(test, &[], || {
        corio_watchdog::start(Config::new().signal(signal("USR1"))).unwrap();
        check_stack();
        catch(libc::SIGUSR1, libc::SIG_DFL, 0);
        let report = report_of(STACK, spins, || {});
        check(&report, &["cannot be shown: the program has taken the handler of SIGUSR1 away"]);
    });
}

#[test]
fn a_handler_that_was_replaced_is_named_as_the_reason() {
    check_in_child("a_handler_that_was_replaced_is_named_as_the_reason", &[], || {
        corio_watchdog::start(Config::new().signal(signal("USR1"))).unwrap();
        check_stack();
        catch(libc::SIGUSR1, catches_plainly as *const () as usize, 0);
        let report = report_of(STACK, spins, || {});
        let reason = "the program has a handler of its own for it, which does not pass it on";
        check(&report, &["has not answered SIGUSR1", reason, "CORIO_WATCHDOG_SIGNAL"]);
    });
}

/// Waits until threads that end have ended: one of them that is in the midst of it holds locks of std's, which a
/// forked child would find locked for ever.
fn let_threads_end() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let mut still = 0;
    while still < 5 {
        let before = threads();
        thread::sleep(Duration::from_millis(20));
        still = if threads() == before { still + 1 } else { 0 };
    }
}

#[test]
fn a_forked_child_has_no_watchdog_and_can_start_one() {
    check_in_child("a_forked_child_has_no_watchdog_and_can_start_one", &[], || {
        corio_watchdog::ensure_started();
        check_stack();
        let_threads_end();
        // SAFETY: the child uses what survives a fork of a process with threads: its own memory, and the C
        // library's, which looks after its locks.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let had_one = corio_watchdog::is_running();
            corio_watchdog::ensure_started();
            check_stack();
            // SAFETY: ends the child without running what is the parent's.
            unsafe { libc::_exit(if had_one { 3 } else { 0 }) };
        }
        let mut status = 0;
        // SAFETY: waits for the child made above.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(ExitStatus::from_raw(status).code(), Some(0));
        assert!(corio_watchdog::is_running());
    });
}

/// Has the calling thread get a signal that does not say who sent it: the kernel shows one that comes from
/// another container so.
fn raise_from_nowhere(number: i32) {
    // A number, an errno, SI_USER, and no pid: all zeros but the number.
    let mut description = [0_u64; 16];
    description[0] = u64::from(number as u32);
    // SAFETY: a signal to this thread; the description is as long as the kernel's.
    let sent = unsafe {
        let (pid, tid) = (libc::getpid(), libc::gettid());
        libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, number, description.as_ptr())
    };
    assert_eq!(sent, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn a_signal_from_another_container_still_ends_the_process() {
    let status = in_child("a_signal_from_another_container_still_ends_the_process", &[], || {
        corio_watchdog::start(Config::new().signal(signal("USR2"))).unwrap();
        check_stack();
        raise_from_nowhere(libc::SIGUSR2);
        unreachable!("the process has ended");
    });
    if let Some(status) = status {
        assert_eq!(status.signal(), Some(libc::SIGUSR2), "{status}");
    }
}

#[test]
fn the_handler_that_was_there_interrupts_and_is_interrupted_as_before() {
    let test = "the_handler_that_was_there_interrupts_and_is_interrupted_as_before";
    check_in_child(test, &[], || {
        // SAFETY: a set of signals is made; the handler only counts.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = catches as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaddset(&mut action.sa_mask, libc::SIGUSR2);
            assert_eq!(libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()), 0);
        }
        corio_watchdog::start(Config::new().signal(signal("USR1"))).unwrap();
        check_stack();
        let ours = disposition(libc::SIGUSR1);
        assert_eq!(ours.sa_flags & libc::SA_RESTART, 0, "it ends system calls, as before");
        // SAFETY: asks only.
        assert_eq!(unsafe { libc::sigismember(&ours.sa_mask, libc::SIGUSR2) }, 1);
    });
}

/// What [`chains`] passes signals on to.
static CHAINED: AtomicU64 = AtomicU64::new(0);

/// As `signal-hook` does: does its own, then calls the handler that it has replaced.
extern "C" fn chains(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    CAUGHT.fetch_add(1, Ordering::SeqCst);
    let next = CHAINED.load(Ordering::SeqCst) as usize;
    // SAFETY: set by the test to a handler with three arguments.
    let next: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
        unsafe { mem::transmute(next) };
    next(number, info, context);
}

#[test]
fn two_handlers_do_not_pass_a_signal_to_each_other_for_ever() {
    check_in_child("two_handlers_do_not_pass_a_signal_to_each_other_for_ever", &[], || {
        corio_watchdog::ensure_started();
        check_stack();
        let ours = disposition(libc::SIGURG).sa_sigaction;
        CHAINED.store(ours as u64, Ordering::SeqCst);
        catch(libc::SIGURG, chains as *const () as usize, libc::SA_SIGINFO | libc::SA_ONSTACK);
        check_stack();
        let_threads_end();
        // SAFETY: as in the test of a forked child.
        let child = unsafe { libc::fork() };
        if child == 0 {
            corio_watchdog::ensure_started();
            check_stack();
            let before = CAUGHT.load(Ordering::SeqCst);
            // SAFETY: a signal to this thread.
            unsafe { libc::raise(libc::SIGURG) };
            let caught = CAUGHT.load(Ordering::SeqCst) - before;
            // SAFETY: ends the child without running what is the parent's.
            unsafe { libc::_exit(i32::from(caught != 1)) };
        }
        let mut status = 0;
        // SAFETY: waits for the child made above.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert_eq!(ExitStatus::from_raw(status).code(), Some(0));
    });
}

#[test]
fn what_the_parent_polled_is_not_reported_by_its_child() {
    check_in_child("what_the_parent_polled_is_not_reported_by_its_child", &[], || {
        let task = new_task();
        let pulse = Pulse::register(0);
        let around = pulse.start(task, Some(Location::caller()));
        thread::scope(|scope| {
            scope.spawn(|| {
                let_threads_end();
                // SAFETY: as in the test of a forked child. Its loop is on a thread that has stayed with
                // the parent.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    corio_watchdog::ensure_started();
                    check_stack();
                    thread::sleep(SLOW * 4);
                    let told = lines_of(task).len();
                    // SAFETY: ends the child without running what is the parent's.
                    unsafe { libc::_exit(i32::from(told != 0)) };
                }
                let mut status = 0;
                // SAFETY: waits for the child made above.
                assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
                assert_eq!(ExitStatus::from_raw(status).code(), Some(0));
            });
        });
        let _ = pulse.end(around);
    });
}

/// How often the watchdog's thread has gone to sleep by itself.
fn sleeps_of_watchdog() -> u64 {
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let Ok(status) = std::fs::read_to_string(task.unwrap().path().join("status")) else {
            continue;
        };
        if status.starts_with("Name:\tcorio-watchdog\n") {
            let line =
                status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            return line.unwrap().trim().parse().unwrap();
        }
    }
    panic!("there is no watchdog");
}

#[test]
fn while_no_loop_polls_the_watchdog_is_not_woken() {
    check_in_child("while_no_loop_polls_the_watchdog_is_not_woken", &[], || {
        corio_watchdog::ensure_started();
        let pulse = Pulse::register(0);
        for _ in 0..3 {
            let _ = pulse.end(pulse.start(new_task(), Some(Location::caller())));
            thread::sleep(Duration::from_millis(100));
        }
        // It looks through the book once more after the last poll, and then rests.
        let rests = (0..3).any(|_| {
            let before = sleeps_of_watchdog();
            thread::sleep(Duration::from_millis(2500));
            sleeps_of_watchdog() == before
        });
        assert!(rests, "it is woken without need");
        // And it does not oversleep.
        for _ in 0..20 {
            let task = new_task();
            pulse.refresh();
            let around = pulse.start(task, Some(Location::caller()));
            wait_for(task, 1);
            let _ = pulse.end(around);
            thread::sleep(Duration::from_millis(20));
        }
    });
}
