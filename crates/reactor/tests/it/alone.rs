//! A loop without descriptors waits as a plain thread, and as a reactor again once there is one.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use corio_base::{Park, Wait};
use corio_reactor::{Io, Ready};

use crate::util::for_each_driver;

#[test]
fn an_unpark_ends_a_wait_without_descriptors() {
    for_each_driver(|reactor| {
        let unparker = reactor.unparker();
        let other = thread::spawn(move || unparker.unpark());
        assert_eq!(reactor.park(Wait::Forever).unwrap().events, 0);
        other.join().unwrap();
    });
}

/// The loop may be waiting before the first descriptor comes, from another thread: it must notice the
/// descriptor, and then its readiness, or it waits for ever.
#[test]
fn the_first_descriptor_from_another_thread_ends_the_wait_alone() {
    for_each_driver(|reactor| {
        let (handle, unparker) = (reactor.handle(), reactor.unparker());
        let read = Arc::new(AtomicBool::new(false));
        let reader = thread::spawn({
            let read = read.clone();
            move || {
                let (mine, mut theirs) = UnixStream::pair().unwrap();
                mine.set_nonblocking(true).unwrap();
                let io = Io::register(mine, &handle, Ready::EMPTY).unwrap();
                theirs.write_all(b"x").unwrap();
                corio_base::park::block_on(io.readable()).unwrap();
                read.store(true, Ordering::Release);
                unparker.unpark();
            }
        });
        while !read.load(Ordering::Acquire) {
            reactor.park(Wait::Forever).unwrap();
        }
        reader.join().unwrap();
        assert_eq!(reactor.handle().registered(), 0);
    });
}
