//! Descriptors that are registered by their first use: where, how often, and what if it fails.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Barrier;
use std::task::{Context, Poll};

use corio_reactor::{Direction, Io, Reactor, current};
use rustix::fs::OFlags;

use crate::util::{Counter, block_on, for_each_driver, poll_once};

/// One end registered by its first use, the other a plain one.
fn pair() -> (Io<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Io::from(ours), theirs)
}

#[test]
fn the_first_use_registers_with_its_threads_reactor() {
    for_each_driver(|reactor| {
        let handle = reactor.handle();
        let (ours, mut theirs) = pair();
        let flags = rustix::fs::fcntl_getfl(&ours).unwrap();
        assert!(flags.contains(OFlags::NONBLOCK), "from the beginning");
        assert_eq!(handle.registered(), 0);

        let installed = current::install(handle.clone());
        theirs.write_all(b"first").unwrap();
        let n = block_on(reactor, ours.read_with(|mut stream| stream.read(&mut [0; 8])));
        assert_eq!((n.unwrap(), handle.registered()), (5, 1));
        drop(installed);

        // It stays there: this thread has no reactor any more.
        theirs.write_all(b"later").unwrap();
        let n = block_on(reactor, ours.read_with(|mut stream| stream.read(&mut [0; 8])));
        assert_eq!((n.unwrap(), handle.registered()), (5, 1));
        drop(ours);
        assert_eq!(handle.registered(), 0);
    });
}

#[test]
fn every_sort_of_use_is_a_first_use() {
    type Use = fn(&Io<UnixStream>, &mut Context<'_>);
    let uses: [Use; 6] = [
        |io, _| drop(io.try_io(Direction::Read, |_| Ok(()))),
        |io, context| assert!(poll_once(&mut io.readable(), context.waker()).is_pending()),
        |io, context| assert!(io.poll_readable(context).is_pending()),
        |io, context| {
            let read = &mut io.read_with(|mut stream| stream.read(&mut [0; 8]));
            assert!(poll_once(read, context.waker()).is_pending());
        },
        |io, context| {
            assert!(io.poll_read_with(context, |mut stream| stream.read(&mut [0; 8])).is_pending());
        },
        |io, context| {
            let mut waiter = io.waiter(Direction::Read);
            let wait = waiter.poll_with(context, |_| -> io::Result<_> {
                Ok(((), corio_reactor::After::MaybeMore))
            });
            assert!(wait.is_pending());
        },
    ];
    for used in uses {
        let reactor = Reactor::new().unwrap();
        let _installed = current::install(reactor.handle());
        let (ours, _theirs) = pair();
        // Neither making a future nor dropping it is a use.
        drop(ours.readable());
        drop(ours.write_with(|mut stream| stream.write(b"x")));
        assert_eq!(reactor.handle().registered(), 0);
        assert!(format!("{ours:?}").contains("ready: None"), "{ours:?}");
        let (_, waker) = Counter::new();
        used(&ours, &mut Context::from_waker(&waker));
        assert_eq!(reactor.handle().registered(), 1);
        assert!(format!("{ours:?}").contains("ready: Some"), "{ours:?}");
    }
}

#[test]
fn without_a_loop_the_first_use_finds_the_process_own() {
    let (ours, mut theirs) = pair();
    let writer = std::thread::spawn(move || theirs.write_all(b"x"));
    corio_base::park::block_on(ours.readable()).unwrap();
    writer.join().unwrap().unwrap();
}

#[test]
fn two_threads_that_use_it_first_register_it_once() {
    const ROUNDS: usize = 200;
    let reactors = [Reactor::new().unwrap(), Reactor::new().unwrap()];
    let handles = [reactors[0].handle(), reactors[1].handle()];
    let registered = || [handles[0].registered(), handles[1].registered()];
    let (ours, _theirs): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| pair()).unzip();
    let together = Barrier::new(2);
    std::thread::scope(|scope| {
        for handle in &handles {
            scope.spawn(|| {
                let _installed = current::install(handle.clone());
                let (_, waker) = Counter::new();
                for io in &ours {
                    together.wait();
                    assert!(io.poll_readable(&mut Context::from_waker(&waker)).is_pending());
                }
            });
        }
    });
    assert_eq!(registered().iter().sum::<usize>(), ROUNDS, "{:?}", registered());
    drop(ours);
    assert_eq!(registered(), [0, 0]);
}

// Other systems may wait for regular files, too.
#[cfg(target_os = "linux")]
#[test]
fn a_regular_file_is_refused_by_each_use_and_is_still_ours() {
    for_each_driver(|reactor| {
        let _installed = current::install(reactor.handle());
        let file = Io::from(std::fs::File::open(std::env::current_exe().unwrap()).unwrap());
        let number = file.as_raw_fd();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let errors = [
            block_on(reactor, file.readable()).unwrap_err(),
            file.try_io(Direction::Read, |_| Ok(())).unwrap_err(),
            match file.poll_writable(&mut context) {
                Poll::Ready(Err(error)) => error,
                other => panic!("{other:?}"),
            },
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let text = error.to_string();
            assert!(text.starts_with(&format!("descriptor {number} could not be")), "{text}");
            assert!(text.contains("use a thread"), "the remedy: {text}");
        }
        assert_eq!(reactor.handle().registered(), 0);
        let mut magic = [0; 4];
        file.into_inner().read_exact(&mut magic).unwrap();
        assert_eq!(&magic, b"\x7fELF");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_that_cannot_be_non_blocking_says_so_and_why() {
    let path = rustix::fs::open("/", OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
    let io: Io<OwnedFd> = Io::from(path);
    let error = corio_base::park::block_on(io.readable()).unwrap_err();
    assert!(error.to_string().contains("made non-blocking"), "{error}");
    let system = error.get_ref().and_then(|inner| inner.source()).unwrap();
    let system = system.downcast_ref::<io::Error>().unwrap();
    assert_eq!(system.raw_os_error(), Some(rustix::io::Errno::BADF.raw_os_error()));
}

#[test]
fn a_first_use_that_failed_is_tried_again_by_the_next() {
    let reactor = Reactor::new().unwrap();
    let installed = current::install(reactor.handle());
    drop(reactor);
    let (ours, mut theirs) = pair();
    theirs.write_all(b"x").unwrap();
    let error = corio_base::park::block_on(ours.readable()).unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
    drop(installed);
    assert!(corio_base::park::block_on(ours.readable()).unwrap().is_readable());
}
