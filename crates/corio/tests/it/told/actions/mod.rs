//! What corio's own functions do, made and never awaited: each says so once, with the line that made it; and
//! the waits beside them, which do not.

mod every;
mod files;
mod streams;
#[cfg(feature = "tls")]
mod tls;

use std::net::{Shutdown, SocketAddr};
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

use corio::blocking::ToThread;
use corio::io::{Framed, LengthDelimited, copy, copy_bidirectional, duplex};
use corio::net::resolve::{AddrInfoHints, NameInfoFlags, getaddrinfo, getnameinfo};
use corio::net::{
    self, Connect, TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use corio::process::{Command, Stdio};
use corio::stream::open_connection;
use corio::{Builder, fs};
use log::Level;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::{alone, line, silence};

/// That `make` is told of, once, by `name` and the line of its caller.
#[track_caller]
fn told<T>(name: &str, make: impl FnOnce() -> T) {
    drop(make());
    let text = line(Level::Warn, "coroutine");
    let file = Location::caller().file();
    let begins = format!("action '{name}' was never awaited\nAction created at {file}:");
    assert!(text.starts_with(&begins), "{text}");
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn run(test: &str, body: impl AsyncFnOnce()) {
    alone(&format!("actions::{test}"), || Builder::new().debug(true).run(body()));
}

#[test]
fn of_sockets() {
    run("of_sockets", async || {
        let path = Path::new("/nowhere/at/all");
        told("connect", || TcpStream::connect(any_port()));
        told("connect", || TcpStream::connect("example.org:80"));
        told("connect", || UnixStream::connect(path));
        told("connect", || Connect::to(any_port()).happy_eyeballs_delay(Duration::ZERO));
        told("connect", || Connect::to(any_port()).into_future());
        told("TcpListener::bind", || TcpListener::bind(any_port()));
        told("UdpSocket::bind", || UdpSocket::bind(any_port()));
        told("UnixListener::bind", || UnixListener::bind(path));
        told("UnixDatagram::bind", || UnixDatagram::bind(path));
        told("lookup_host", || net::lookup_host("localhost:80"));
        told("getaddrinfo", || getaddrinfo(Some("localhost"), None, AddrInfoHints::default()));
        told("getnameinfo", || getnameinfo(any_port(), NameInfoFlags::default()));
        let (mut one, mut other) = UnixStream::pair().unwrap();
        told("write", || one.write(b"x"));
        told("write_vectored", || one.write_vectored(&[]));
        told("write_all", || one.write_all(b"x"));
        told("shutdown", || one.shutdown(Shutdown::Write));
        let (mut reader, mut writer) = other.split();
        told("write_all", || writer.write_all(b"x"));
        told("shutdown", || writer.shutdown());
        // Waits, and what does nothing.
        drop((one.readable(), one.writable(), one.flush()));
        drop(reader.read(&mut [0; 8]));
        // Nothing was done, and all works.
        one.write_all(b"text").await.unwrap();
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 4);
        let _ = one.split();
        let sender = UdpSocket::bind(any_port()).await.unwrap();
        let receiver = UdpSocket::bind(any_port()).await.unwrap();
        let to = receiver.local_addr().unwrap();
        told("send_to", || sender.send_to(b"x", to));
        sender.connect(to).unwrap();
        told("send", || sender.send(b"x"));
        drop(receiver.recv(&mut [0; 8]));
        sender.send(b"text").await.unwrap();
        assert_eq!(receiver.recv(&mut [0; 8]).await.unwrap(), 4);
        let listener = TcpListener::bind(any_port()).await.unwrap();
        drop(listener.accept());
        silence();
    });
}

/// A write that has waited, failed or got nowhere was awaited all the same.
#[test]
fn of_sockets_that_wait_or_fail() {
    run("of_sockets_that_wait_or_fail", async || {
        let (one, other) = UnixStream::pair().unwrap();
        let much = vec![0; 4 << 20];
        // It has written some, and waits for the reader.
        assert!(corio::timeout(Duration::from_millis(5), one.write_all(&much)).await.is_err());
        // It can write nothing, and waits.
        assert!(corio::timeout(Duration::ZERO, one.write_all(b"x")).await.is_err());
        assert!(corio::timeout(Duration::ZERO, one.write(b"x")).await.is_err());
        // By hand, without a combinator that keeps silent.
        let mut write = Box::pin(one.write_all(b"x"));
        assert!(futures::poll!(&mut write).is_pending());
        drop(write);
        drop(other);
        assert!(one.write_all(b"x").await.is_err());
        let mut connect = TcpStream::connect(any_port());
        let _ = futures::poll!(&mut connect);
        drop(connect);
        silence();
    });
}

#[test]
fn of_bytes() {
    run("of_bytes", async || {
        let (mut one, mut other) = duplex(64);
        told("copy", || drop(copy(&mut &b"text"[..], &mut one)));
        told("copy_bidirectional", || copy_bidirectional(&mut one, &mut other));
        told("DuplexStream::write", || one.write(b"x"));
        told("DuplexStream::write_all", || one.write_all(b"x"));
        told("DuplexStream::shutdown", || one.shutdown(Shutdown::Both));
        drop(one.read(&mut [0; 8]));
        assert_eq!(copy(&mut &b"text"[..], &mut one).await.unwrap(), 4);
        let mut framed = Framed::new(other, LengthDelimited::max(64));
        told("FramedWrite::flush", || framed.flush());
        told("FramedWrite::close", || framed.close());
        framed.flush().await.unwrap();
        silence();
    });
}

#[test]
fn of_children() {
    run("of_children", async || {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let grace = Duration::ZERO;
        told("Child::communicate", || cat.communicate(b"text"));
        told("Child::kill", || cat.kill());
        told("Child::terminate_with_grace", || cat.terminate_with_grace(grace));
        told("Child::terminate_group_with_grace", || cat.terminate_group_with_grace(grace));
        let stdin = cat.stdin.as_ref().unwrap();
        told("ChildStdin::write", || stdin.write(b"x"));
        told("ChildStdin::write_all", || stdin.write_all(b"x"));
        // To wait is to do nothing; it closes the child's input, which ends it.
        drop(cat.wait());
        assert!(cat.wait().await.unwrap().success());
        told("Child::wait_with_output", || cat.wait_with_output());
        told("Command::status", || after_its_end(Command::new("true").status()));
        told("Command::output", || after_its_end(Command::new("true").output()));
        assert!(Command::new("true").status().await.unwrap().success());
        assert!(Command::new("true").output().await.unwrap().status.success());
        silence();
    });
}

/// The future of a child that has ended by now: one that runs is dropped with it, which debug mode would tell
/// of, too.
fn after_its_end<T>(future: T) -> T {
    // It is this process's only one. It stays to be waited for; reaped meanwhile, it is unknown by now.
    let _ = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    future
}

#[test]
fn of_threads() {
    run("of_threads", async || {
        told("ToThread::run", || ToThread::new().run(|| ()));
        ToThread::new().run(|| ()).await.unwrap();
        silence();
    });
}

/// Each takes actions, and drops some of them without a poll.
#[test]
fn what_takes_an_action_may_drop_it() {
    run("what_takes_an_action_may_drop_it", async || {
        let (one, _other) = UnixStream::pair().unwrap();
        let ready = std::future::ready(());
        corio::select! {
            biased;
            () = ready => {}
            _ = one.write_all(b"x") => {}
            _ = TcpStream::connect(any_port()) => {}
            _ = fs::write("/nowhere/at/all", "x") => {}
            _ = open_connection(any_port()) => {}
        }
        let failed = std::future::ready(Err::<(), _>(std::io::ErrorKind::Other.into()));
        assert!(corio::try_join!(failed, one.write_all(b"x")).is_err());
        let late = corio::wait_for(one.write_all(b"x"), Some(Duration::ZERO));
        assert!(late.await.is_err());
        let task = corio::spawn(TcpStream::connect(any_port()));
        task.task().cancel(());
        assert!(task.await.unwrap_err().is_cancelled());
        corio::spawn(fs::write("/nowhere/at/all", "x")).abort();
        corio::yield_now().await;
        let scope = corio::cancel::CancelScope::new();
        scope.cancel(());
        drop(scope.run(one.write_all(b"x")).await);
        let racing = [TcpStream::connect(any_port()), TcpStream::connect(any_port())];
        drop(corio::timeout(Duration::ZERO, corio::staggered_race(racing, None)).await);
        drop(corio::combine::Disarmed::new(one.write_all(b"x")));
        silence();
    });
}

/// An action that another one would have done is not told of by itself.
#[test]
fn one_that_is_made_of_others_speaks_for_them() {
    run("one_that_is_made_of_others_speaks_for_them", async || {
        told("open_connection", || open_connection("localhost:80"));
        drop(async { one_coroutine(TcpStream::connect(any_port())).await });
        drop(one_coroutine(TcpStream::connect(any_port())));
        let text = line(Level::Warn, "coroutine");
        assert!(text.starts_with("coroutine 'one_coroutine' was never awaited"), "{text}");
    });
}

#[corio::coroutine]
async fn one_coroutine(connect: net::future::Connect) {
    drop(connect.await);
}

#[test]
fn off_nothing_is_said() {
    alone("actions::off_nothing_is_said", || {
        Builder::new().debug(false).run(async {
            let (one, _other) = UnixStream::pair().unwrap();
            let made_off = one.write_all(b"x");
            drop((TcpStream::connect(any_port()), one.write(b"x")));
            // The switch is turned while there is one: what was made before is not told of.
            corio::debug::set(true);
            drop(made_off);
            let made_on = one.write_all(b"x");
            corio::debug::set(false);
            drop(made_on);
        });
        silence();
    });
}
