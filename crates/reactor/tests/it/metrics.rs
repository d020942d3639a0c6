//! What a reactor counts by itself, with each driver.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Waker};

use corio_base::{Park, Wait};
use corio_reactor::{Io, Ready};

use crate::util::for_each_driver;

#[test]
fn descriptors_and_events_are_counted_and_outlast_their_io() {
    for_each_driver(|reactor| {
        let metrics = reactor.handle().metrics();
        let counts = || (metrics.fd_registered_count(), metrics.fd_deregistered_count());
        assert_eq!((counts(), metrics.fds(), metrics.ready_count()), ((0, 0), 0, 0));
        let (mine, mut theirs) = UnixStream::pair().unwrap();
        mine.set_nonblocking(true).unwrap();
        let io = Io::register(mine, &reactor.handle(), Ready::EMPTY).unwrap();
        assert_eq!((counts(), metrics.fds()), ((1, 0), 1));
        theirs.write_all(b"x").unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut events = 0;
        {
            let mut readable = pin!(io.readable());
            while readable.as_mut().poll(&mut context).is_pending() {
                events += reactor.park(Wait::Poll).unwrap().events as u64;
            }
        }
        assert_eq!(metrics.ready_count(), events);
        assert!(events >= 1);
        drop(io);
        assert_eq!((counts(), metrics.fds()), ((1, 1), 0));
    });
}
