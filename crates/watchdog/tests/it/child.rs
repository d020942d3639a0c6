//! What needs a process of its own: other settings, other handlers, forks. Each test runs itself again in a
//! child process, where it does its work.

use std::mem;
use std::os::unix::process::ExitStatusExt;
use std::panic::Location;
use std::process::{Command, ExitStatus, Stdio};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use corio_trace::pulse::Pulse;
use corio_watchdog::{Config, Signal, StackReader, StartError};

use crate::support::{STACK, Until, check, listen, new_task, report_of, wait_for};

const IS_CHILD: &str = "CORIO_IT_CHILD";

/// Runs `work` in a child process, with these variables, and gives its end.
fn in_child(test: &str, variables: &[(&str, &str)], work: impl FnOnce()) -> Option<ExitStatus> {
    if std::env::var_os(IS_CHILD).is_some() {
        listen();
        work();
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("child::{test}"), "--exact", "--nocapture"]);
    command.env_remove(corio_watchdog::VARIABLE).env(IS_CHILD, "1").stdin(Stdio::null());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    Some(output.status)
}

/// As [`in_child`]; the child's test must pass.
fn check_in_child(test: &str, variables: &[(&str, &str)], work: impl FnOnce()) {
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
fn a_forked_child_has_no_watchdog_and_can_start_one() {
    check_in_child("a_forked_child_has_no_watchdog_and_can_start_one", &[], || {
        corio_watchdog::ensure_started();
        check_stack();
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
