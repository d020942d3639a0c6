//! Without a loop: the fallback thread; with one: the installed handle; and the driver's choice.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use corio_base::park::block_on;
use corio_reactor::{DriverKind, Io, Reactor, current};
use corio_trace::book;
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::waits::waits_in_a_task;

#[test]
fn the_fallback_thread_drives_what_has_no_loop() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let ours = Io::new(ours).unwrap();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(5));
        theirs.write_all(b"late").unwrap();
    });
    let n = block_on(ours.read_with(|mut stream| stream.read(&mut [0; 8]))).unwrap();
    assert_eq!(n, 4);
    writer.join().unwrap();
    assert!(current::try_handle().is_none());
    assert!(current::handle().unwrap().is_same(&current::handle().unwrap()));
}

#[test]
fn installed_handles_nest() {
    let (outer, inner) = (Reactor::new().unwrap(), Reactor::new().unwrap());
    let is = |reactor: &Reactor| current::handle().unwrap().is_same(&reactor.handle());
    let first = current::install(outer.handle());
    assert!(is(&outer));
    let second = current::install(inner.handle());
    assert!(is(&inner));
    drop(second);
    assert!(is(&outer));
    drop(first);
    assert!(!is(&outer));
}

#[test]
fn the_futures_io_traits() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (mut ours, mut theirs) = (Io::new(ours).unwrap(), Io::new(theirs).unwrap());
    block_on(async {
        theirs.write_all(b"through the traits").await.unwrap();
        theirs.flush().await.unwrap();
        drop(theirs);
        let mut all = String::new();
        ours.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "through the traits");
    });
}

#[test]
fn a_driver_that_does_not_exist_names_those_that_do() {
    let error = "kqueue".parse::<DriverKind>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let message = error.to_string();
    for kind in DriverKind::ALL {
        assert!(message.contains(kind.name()), "{message}");
        assert_eq!(kind.name().parse::<DriverKind>().unwrap(), *kind);
    }
    assert!(message.contains(DriverKind::VARIABLE));
}

#[test]
fn a_wait_leaves_word_of_what_and_where() {
    use std::os::fd::AsRawFd;
    let reactor = Reactor::new().unwrap();
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let ours = crate::util::register(&reactor, ours);
    corio_trace::set_enabled(true);
    let (_, waker) = crate::util::Counter::new();
    let mut wait = ours.readable();
    let line = line!() - 1;
    let (pending, waits) =
        waits_in_a_task(|| crate::util::poll_once(&mut wait, &waker).is_pending());
    assert!(pending);
    {
        let [word] = &waits()[..] else { panic!("one wait") };
        assert_eq!(word.kind, book::NodeKind::Wait(corio_trace::WaitKind::Readable));
        assert_eq!(word.object, ours.as_raw_fd() as u64);
        assert_eq!((word.place.file(), word.place.line()), (file!(), line));
    }
    assert_eq!(corio_trace::take_last_wait(), None, "a future keeps its own record");
    drop(wait);
    assert!(waits().is_empty());
    // All poll forms are one waiter, which has no future that could keep a record.
    let mut context = std::task::Context::from_waker(&waker);
    assert!(ours.poll_readable(&mut context).is_pending());
    let line = line!() - 1;
    let word = corio_trace::take_last_wait().unwrap();
    assert_eq!((word.kind, word.place.line()), (corio_trace::WaitKind::Readable, line));
    corio_trace::set_enabled(false);
}
