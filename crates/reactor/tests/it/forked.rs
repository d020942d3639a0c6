//! Copies of this process that foreign code has forked off: what they do leaves the original alone.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use corio_base::{Park, Wait, clock};
use corio_reactor::{Io, Process, Reactor, Ready, WatchList, current};
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::util::{block_on, for_each_driver, register};

/// Calls `act` in a copy of this process; it says whether all was as it should be.
///
/// The other threads of the tests may hold any lock at the fork, so `act` must not start threads, print,
/// or use what others use.
#[expect(unsafe_code, reason = "foreign code forks")]
fn in_copy(act: impl FnOnce() -> bool) {
    // SAFETY: what the copy does takes no lock but the allocator's, which the C library keeps usable, and
    // those of a reactor that only this thread has. It ends without cleaning up.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        // SAFETY: a system call; one that hangs ends by the signal.
        unsafe { libc::alarm(20) };
        let code = if act() { 0 } else { 1 };
        // SAFETY: ends this copy.
        unsafe { libc::_exit(code) };
    }
    let copy = Pid::from_raw(copy).expect("it forks");
    let (_, status) = waitpid(Some(copy), WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.exit_status(), Some(0), "in the copy");
}

#[test]
fn what_a_copy_drops_stays_registered_here() {
    for_each_driver(|reactor| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let reader = register(reactor, reader);
        let mut buffer = [0; 8];
        let mut kept = Some(reader);
        in_copy(|| {
            drop(kept.take());
            true
        });
        let reader = kept.take().expect("the copy dropped its own");
        writer.write_all(b"here").unwrap();
        let read = reader.read_with(|mut pipe| pipe.read(&mut buffer));
        assert_eq!(block_on(reactor, read).unwrap(), 4);
        assert_eq!(reactor.handle().registered(), 1);
    });
}

#[test]
fn a_copy_takes_no_event_and_registers_nothing() {
    for_each_driver(|reactor| {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let reader = register(reactor, reader);
        writer.write_all(b"here").unwrap();
        in_copy(|| {
            let until = clock::now().saturating_add(Duration::from_millis(5));
            let waits = [Wait::Poll, Wait::Until(until)];
            let parked = waits.map(|wait| reactor.park(wait).map(|parked| parked.events).ok());
            let Ok((other, _other_writer)) = std::io::pipe() else { return false };
            let refused = Io::register(other, &reactor.handle(), Ready::EMPTY).err();
            let told = refused.is_some_and(|error| error.to_string().contains("made by `fork`"));
            parked == [Some(0), Some(0)] && clock::now() >= until && told
        });
        let mut buffer = [0; 8];
        let read = reader.read_with(|mut pipe| pipe.read(&mut buffer));
        assert_eq!(block_on(reactor, read).unwrap(), 4);
    });
}

#[test]
fn a_copy_may_have_a_reactor_of_its_own() {
    let process = Process::this();
    in_copy(|| {
        let ours = || -> std::io::Result<usize> {
            let mut reactor = Reactor::new()?;
            let _installed = current::install(reactor.handle());
            let (reader, mut writer) = std::io::pipe()?;
            let reader = Io::new(reader)?;
            writer.write_all(b"copy")?;
            let mut buffer = [0; 8];
            block_on(&mut reactor, reader.read_with(|mut pipe| pipe.read(&mut buffer)))
        };
        !process.is_this() && Process::this().is_this() && matches!(ours(), Ok(4))
    });
    assert!(process.is_this());
}

/// Another thread may hold the registry's lock at the fork: then nobody gives it back in the copy.
#[test]
fn a_copy_drops_what_it_has_whatever_another_thread_was_doing() {
    for_each_driver(|reactor| {
        let list = WatchList::new(std::task::Waker::noop().clone());
        let handle = reactor.handle();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    handle.registered();
                }
            });
            // Few: a copy holds every descriptor of the tests beside this one, and they wait for ends.
            for _ in 0..4 {
                let (reader, _writer) = std::io::pipe().unwrap();
                let reader = register(reactor, reader);
                reader.watch(&list, 1).unwrap();
                let mut kept = Some(reader);
                in_copy(|| {
                    kept.iter().for_each(Io::unwatch);
                    drop(kept.take());
                    true
                });
            }
            is_over.store(true, Ordering::Relaxed);
        });
    });
}
