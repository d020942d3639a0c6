//! Ending a park from other threads.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use corio_base::{Park, Wait};
use corio_reactor::{Io, Ready};

use crate::util::for_each_driver;

#[test]
fn an_unpark_from_another_thread_ends_a_park() {
    for_each_driver(|reactor| {
        for _ in 0..100 {
            let unparker = reactor.unparker();
            let other = std::thread::spawn(move || unparker.unpark());
            reactor.park(Wait::Forever).unwrap();
            other.join().unwrap();
            // Where the signal came after a mark that had ended the park already, take it.
            reactor.park(Wait::Poll).unwrap();
        }
    });
}

#[test]
fn an_unpark_before_the_park_counts_once() {
    for_each_driver(|reactor| {
        for _ in 0..1000 {
            reactor.unparker().unpark();
        }
        reactor.park(Wait::Forever).unwrap();
        let begin = Instant::now();
        let until = corio_base::clock::now().saturating_add(Duration::from_millis(5));
        reactor.park(Wait::Until(until)).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(5), "a storm left a second token");
    });
}

#[test]
fn an_unparker_outlives_its_reactor() {
    for &kind in corio_reactor::DriverKind::ALL {
        let reactor = corio_reactor::Reactor::with_driver(kind).unwrap();
        let unparker = reactor.unparker();
        drop(reactor);
        unparker.unpark();
    }
}

#[test]
fn many_threads_hand_over_work_and_none_is_lost() {
    const THREADS: usize = 4;
    const EACH: usize = 2_000;
    for_each_driver(|reactor| {
        let (sender, inbox) = std::sync::mpsc::channel();
        for _ in 0..THREADS {
            let (sender, unparker) = (sender.clone(), reactor.unparker());
            std::thread::spawn(move || {
                for i in 0..EACH {
                    sender.send(i).unwrap();
                    unparker.unpark();
                }
            });
        }
        let mut got = 0;
        while got < THREADS * EACH {
            // Forever: a lost unpark would hang here.
            reactor.park(Wait::Forever).unwrap();
            got += inbox.try_iter().count();
        }
    });
}

/// The first descriptor ends a wait without any. One that comes second while the first is about to be
/// refused must not be left to a wait that knows of neither.
#[test]
fn a_descriptor_that_is_refused_hides_no_other() {
    const TIMES: usize = 3_000;
    for_each_driver(|reactor| {
        let ended = Arc::new(AtomicBool::new(false));
        let (handle, unparker) = (reactor.handle(), reactor.unparker());
        let other = std::thread::spawn({
            let (ended, handle) = (ended.clone(), handle.clone());
            move || {
                for _ in 0..TIMES {
                    let (reader, mut writer) = std::io::pipe().unwrap();
                    writer.write_all(b"x").unwrap();
                    let reader = Io::register(reader, &handle, Ready::EMPTY).unwrap();
                    corio_base::park::block_on(reader.readable()).unwrap();
                }
                ended.store(true, Ordering::Release);
                unparker.unpark();
            }
        });
        let refused = std::thread::spawn({
            let ended = ended.clone();
            move || {
                let file = Arc::new(std::fs::File::open(std::env::current_exe().unwrap()).unwrap());
                while !ended.load(Ordering::Acquire) {
                    Io::register(file.clone(), &handle, Ready::EMPTY).unwrap_err();
                }
            }
        });
        while !ended.load(Ordering::Acquire) {
            reactor.park(Wait::Forever).unwrap();
        }
        other.join().unwrap();
        refused.join().unwrap();
    });
}
