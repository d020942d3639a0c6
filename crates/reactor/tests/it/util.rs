//! A loop for one future on one reactor, and what else the tests share.

use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use corio_base::{Park, Unparker, Wait, clock};
use corio_reactor::{DriverKind, Io, OwnsFd, Reactor, Ready};

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs `test` with each driver, and says which one it was when it fails.
pub(crate) fn for_each_driver(test: impl Fn(&mut Reactor)) {
    for &kind in DriverKind::ALL {
        eprintln!("driver {}", kind.name());
        let mut reactor = Reactor::with_driver(kind).expect("the driver opens");
        test(&mut reactor);
    }
}

/// A waker that counts, and ends the park of a reactor if it was given one.
pub(crate) struct Counter {
    pub(crate) wakes: AtomicUsize,
    unparker: Option<Unparker>,
}

impl Counter {
    pub(crate) fn new() -> (Arc<Counter>, Waker) {
        Counter::with(None)
    }

    fn with(unparker: Option<Unparker>) -> (Arc<Counter>, Waker) {
        let counter = Arc::new(Counter { wakes: AtomicUsize::new(0), unparker });
        (counter.clone(), Waker::from(counter))
    }

    pub(crate) fn count(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        if let Some(unparker) = &self.unparker {
            unparker.unpark();
        }
    }
}

/// Drives `future`, parking in `reactor`.
pub(crate) fn block_on<F: Future>(reactor: &mut Reactor, future: F) -> F::Output {
    let (_, waker) = Counter::with(Some(reactor.unparker()));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let deadline = clock::now().saturating_add(PATIENCE);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        reactor.park(Wait::Until(deadline)).expect("the reactor parks");
        assert!(clock::now() < deadline, "the future hangs");
    }
}

/// Takes in what is there, until there is nothing.
pub(crate) fn settle(reactor: &mut Reactor) {
    // An event may be a little late: the peer's write returns before the other end is told.
    for _ in 0..3 {
        while reactor.park(Wait::Poll).expect("the reactor parks").events > 0 {}
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Polls `future` once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Registers `inner` here, non-blocking.
pub(crate) fn register<T: OwnsFd>(reactor: &Reactor, inner: T) -> Io<T> {
    rustix::io::ioctl_fionbio(&inner, true).expect("it becomes non-blocking");
    Io::register(inner, &reactor.handle(), Ready::EMPTY).expect("it is registered")
}

/// Two ends of a TCP connection.
pub(crate) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let ours = TcpStream::connect(listener.local_addr().unwrap()).expect("it connects");
    let (theirs, _) = listener.accept().expect("it accepts");
    (ours, theirs)
}
