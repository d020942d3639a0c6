//! Connecting to names and to several addresses.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use corio_net::resolve::{Family, LookupErrorKind, Resolve, Resolving};
use corio_net::{Connect, ConnectError, TcpListener, TcpStream};
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use crate::alone::alone;
use crate::limits::hoard_descriptors;
use crate::resolve::{Failing, Found};
use crate::util::{any_port, block_on, errno, listen, poll_once};

const _: fn() = || {
    fn everywhere<T: Send + Sync + Unpin>() {}
    everywhere::<corio_net::future::Connect>();
    everywhere::<corio_net::future::Connecting>();
};

fn dial(connect: Connect) -> Result<TcpStream, ConnectError> {
    block_on(connect.into_future())
}

/// An address where nobody listens.
fn refusing() -> SocketAddr {
    let (_, address) = listen();
    address
}

/// An address where nobody answers: a listener whose queue is full. It lasts as long as what comes
/// with it.
fn silent() -> (SocketAddr, impl Sized) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&any_port().into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut full = Vec::new();
    for _ in 0..8 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address.into());
        full.push(socket);
    }
    (address, (listener, full))
}

#[test]
fn a_name_is_looked_up_and_connected_to() {
    let (listener, address) = listen();
    for target in [format!("localhost:{}", address.port()), address.to_string()] {
        let stream = block_on(TcpStream::connect(&target)).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        block_on(listener.accept()).unwrap();
    }
    let stream = block_on(TcpStream::connect(("localhost", address.port()))).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
}

#[test]
fn the_poll_form_connects_to_a_name() {
    let (_listener, address) = listen();
    let mut connect = TcpStream::connect(("localhost", address.port()));
    let connected = poll_fn(|context| TcpStream::poll_connect(context, &mut connect));
    assert_eq!(block_on(connected).unwrap().peer_addr().unwrap(), address);
}

#[test]
fn the_next_address_is_tried_at_once_when_one_refuses() {
    let (_listener, address) = listen();
    // A delay that no test waits for.
    let delay = Duration::from_secs(3600);
    let connect = Connect::to([refusing(), refusing(), address]).happy_eyeballs_delay(delay);
    assert_eq!(dial(connect).unwrap().peer_addr().unwrap(), address);
    let connect = Connect::to([refusing(), address]).happy_eyeballs_delay(None);
    assert_eq!(dial(connect).unwrap().peer_addr().unwrap(), address);
    let stream = block_on(TcpStream::connect(&[refusing(), address][..])).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), address);
}

#[test]
fn beside_one_that_does_not_answer_the_next_begins_after_the_delay() {
    let (_listener, address) = listen();
    let (silent, _kept) = silent();
    let connect = Connect::to([silent, address]).happy_eyeballs_delay(Duration::from_millis(5));
    assert_eq!(dial(connect).unwrap().peer_addr().unwrap(), address);

    let mut connect = Connect::to([silent, address]).happy_eyeballs_delay(None).into_future();
    let pause = corio_timer::sleep(Duration::from_millis(20));
    block_on(async {
        let mut pause = pin!(pause);
        poll_fn(|context| {
            assert!(pin!(&mut connect).poll(context).is_pending());
            pause.as_mut().poll(context)
        })
        .await;
    });
}

#[test]
fn every_attempts_error_is_kept() {
    let refused = [refusing(), refusing()];
    let error: ConnectError = dial(Connect::to(refused)).unwrap_err();
    let attempts: Vec<SocketAddr> = error.attempts().iter().map(|(address, _)| *address).collect();
    assert_eq!((&attempts[..], error.kind()), (&refused[..], io::ErrorKind::ConnectionRefused));
    assert!(error.source().is_some());
    let text = error.to_string();
    assert!(text.starts_with("Multiple exceptions: ") && text.contains(", "), "{text}");
    assert_eq!(io::Error::from(error).to_string(), text);
    let plain = block_on(TcpStream::connect(refused[0])).unwrap_err();
    assert_eq!(
        (plain.kind(), errno(&plain)),
        (io::ErrorKind::ConnectionRefused, Some(Errno::CONNREFUSED))
    );

    let one = dial(Connect::to(refused[0])).unwrap_err();
    assert!(one.to_string().starts_with(&format!("cannot connect to {}: ", refused[0])), "{one}");
}

#[test]
fn errors_say_which_name_was_asked_for() {
    let (one, other) = (refusing(), refusing());
    let found = |addresses: Vec<SocketAddr>| {
        let connect = Connect::to(("example.org", 9)).resolver(Found(addresses));
        dial(connect).unwrap_err().to_string()
    };
    let text = found(vec![one]);
    assert!(text.starts_with(&format!("cannot connect to example.org:9 at {one}: ")), "{text}");
    let text = found(vec![one, other]);
    assert!(text.ends_with("; no address of example.org:9 can be connected to"), "{text}");
}

#[test]
fn errors_that_differ_come_together() {
    // Of the second no address of ours is found.
    let refused = refusing();
    let v6: SocketAddr = "[::1]:9".parse().unwrap();
    let error = dial(Connect::to([refused, v6]).local_addr(any_port())).unwrap_err();
    assert_eq!(error.attempts()[0].1.kind(), io::ErrorKind::ConnectionRefused);
    let error = io::Error::from(error);
    assert_eq!(error.kind(), io::ErrorKind::Other);
    let text = error.to_string();
    assert!(text.starts_with(&format!("Multiple exceptions: {refused}: ")), "{text}");
    let inner = error.get_ref().unwrap().downcast_ref::<ConnectError>().unwrap();
    assert_eq!(inner.attempts().len(), 2);
}

#[test]
fn an_address_of_ours_is_taken_where_there_is_one_of_the_family() {
    let (listener, address) = listen();
    let v6: SocketAddr = "[::1]:0".parse().unwrap();
    let busy = block_on(TcpListener::bind(any_port())).unwrap();
    let connect = Connect::to(address)
        .local_addr(v6)
        .local_addr(busy.local_addr().unwrap())
        .local_addr(any_port());
    let stream = dial(connect).unwrap();
    let (_, from) = block_on(listener.accept()).unwrap();
    assert_eq!(stream.local_addr().unwrap(), from);

    let error = dial(Connect::to(address).local_addr(v6)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("none of our own addresses ([[::1]:0])"), "{error}");

    // An address of nobody's (RFC 5737).
    let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
    let error = dial(Connect::to(address).local_addr(foreign)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    assert!(error.to_string().contains("cannot bind to 192.0.2.1:0 of our own"), "{error}");
}

#[test]
fn another_resolver_is_asked() {
    let (_listener, address) = listen();
    let to = || Connect::to(("example.org", address.port()));
    let none = SocketAddr::from(([127, 0, 0, 1], refusing().port()));
    let connect = to().resolver(Arc::new(Found(vec![none, any_port()])));
    assert_eq!(dial(connect).unwrap().peer_addr().unwrap(), address);

    let error = dial(to().resolver(Failing(io::ErrorKind::TimedOut))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.lookup().unwrap().kind(), LookupErrorKind::Resolver);
    let words = "lookup of `example.org` failed: example.org? never heard of it";
    assert_eq!(error.to_string(), words);
    assert_eq!(io::Error::from(error).to_string(), words);

    let error = dial(to().resolver(Found(vec![]))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn no_address_is_an_error_with_its_reason() {
    let error = dial(Connect::to([])).unwrap_err();
    assert_eq!(error.to_string(), "there is no address to connect to: the list is empty");
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    let connect = Connect::to(("example.org", 9)).resolver(Found(vec![any_port(); 2]));
    let error = dial(connect.family(Family::V6)).unwrap_err();
    assert_eq!(error.to_string(), "none of the 2 addresses of example.org:9 is an IPv6 address");
    let error = dial(Connect::to("example.org")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let error = block_on(TcpStream::connect("example.org")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// Never answers, and tells when nobody waits any more.
#[derive(Debug, Default)]
struct Hanging(Arc<AtomicBool>);

struct TellsDrop(Arc<AtomicBool>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Resolve for Hanging {
    fn resolve(&self, _: &str, _: u16) -> Resolving {
        let tells = TellsDrop(Arc::clone(&self.0));
        Box::pin(async move {
            let _tells = tells;
            std::future::pending().await
        })
    }
}

#[test]
fn a_lookup_that_hangs_goes_with_its_connect() {
    let is_dropped = Arc::new(AtomicBool::new(false));
    let resolver = Hanging(Arc::clone(&is_dropped));
    let mut connect = Connect::to(("example.org", 9)).resolver(resolver).into_future();
    assert!(poll_once(&mut connect).is_pending());
    assert!(!is_dropped.load(Ordering::Relaxed));
    drop(connect);
    assert!(is_dropped.load(Ordering::Relaxed));
}

/// How many descriptors this process has.
#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[cfg(target_os = "linux")]
#[test]
fn attempts_leave_no_descriptor_behind() {
    alone("connect::attempts_leave_no_descriptor_behind", || {
        let (listener, address) = listen();
        let (silent, _kept) = silent();
        // What connecting needs first, threads and reactors, is there from here on.
        drop(dial(Connect::to(address)).unwrap());
        drop(block_on(listener.accept()).unwrap());
        let before = descriptors();

        let delay = Duration::ZERO;
        let mut connect = Connect::to([silent; 3]).happy_eyeballs_delay(delay).into_future();
        block_on(poll_fn(|context| {
            assert!(pin!(&mut connect).poll(context).is_pending());
            if descriptors() == before + 3 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        drop(connect);
        assert_eq!(descriptors(), before, "given up");

        let connect = Connect::to([silent, silent, refusing(), address]);
        let stream = dial(connect.happy_eyeballs_delay(delay)).unwrap();
        assert_eq!(descriptors(), before + 1, "the losers are gone when it has won");
        drop(stream);
        let mut one = TcpStream::connect(silent);
        assert!(poll_once(&mut one).is_pending());
        assert_eq!(descriptors(), before + 1);
        drop(one);
        assert_eq!(descriptors(), before);
    });
}

#[test]
fn without_descriptors_the_attempts_that_have_one_go_on() {
    alone("connect::without_descriptors_the_attempts_that_have_one_go_on", || {
        let (silent, kept) = silent();
        let connect = Connect::to([silent; 4]).happy_eyeballs_delay(Duration::ZERO);
        let mut connect = connect.into_future();
        // The reactor is there, and one attempt.
        assert!(poll_once(&mut TcpStream::connect(silent)).is_pending());
        assert!(poll_once(&mut connect).is_pending());
        let hoard = hoard_descriptors();
        let mut turns = 0;
        let ended = block_on(poll_fn(|context| {
            turns += 1;
            match pin!(&mut connect).poll(context) {
                Poll::Pending if turns < 50 => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Ready(None),
                Poll::Ready(result) => Poll::Ready(Some(result)),
            }
        }));
        assert!(ended.is_none(), "the first one waits for its answer: {ended:?}");
        drop((hoard, kept));
        let error = block_on(connect).unwrap_err();
        let errors: Vec<_> = error.attempts().iter().map(|(_, error)| errno(error)).collect();
        assert_eq!(errors.len(), 4);
        assert!(errors.contains(&Some(Errno::MFILE)), "{errors:?}");
    });
}
