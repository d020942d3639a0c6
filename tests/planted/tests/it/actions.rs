//! What corio's own functions would have done; and errors that a plain spawn and a shield leave behind.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use corio::io::{copy, duplex};
use corio::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use corio::process::{Command, Stdio};
use corio::stream::{open_connection, start_server, streams};
use corio::{fs, shield, spawn, yield_now};

use crate::harness::{Case, Told};

/// All are told of in one place.
const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::warning("corio::coroutine").case(name, says, bug, fixed)
}

const fn of_task(
    name: &'static str,
    says: &'static [&'static str],
    bug: fn(),
    fixed: fn(),
) -> Case {
    Told::error("corio::task").case(name, says, bug, fixed)
}

pub(crate) const CASES: &[Case] = &[
    case(
        "bytes that are not written",
        &["action 'write_all' was never awaited\nAction created at ", file!()],
        || {
            corio::run(async {
                let (one, _other) = UnixStream::pair().unwrap();
                drop(one.write_all(b"text"));
            })
        },
        || {
            corio::run(async {
                let (one, other) = UnixStream::pair().unwrap();
                one.write_all(b"text").await.unwrap();
                assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 4);
                // A write that waits for room is dropped where it waits.
                let much = vec![0; 4 << 20];
                let write = one.write_all(&much);
                assert!(corio::timeout(Duration::from_millis(1), write).await.is_err());
            })
        },
    ),
    case(
        "a direction that is not shut down",
        &["action 'shutdown' was never awaited"],
        || {
            corio::run(async {
                let (one, _other) = UnixStream::pair().unwrap();
                drop(one.shutdown(Shutdown::Write));
            })
        },
        || {
            corio::run(async {
                let (one, _other) = UnixStream::pair().unwrap();
                one.shutdown(Shutdown::Write).await.unwrap();
            })
        },
    ),
    case(
        "a connection that is not made",
        &["action 'connect' was never awaited"],
        || corio::run(async { drop(TcpStream::connect(any_port())) }),
        || {
            corio::run(async {
                let listener = TcpListener::bind(any_port()).await.unwrap();
                let address = listener.local_addr().unwrap();
                drop(TcpStream::connect(address).await.unwrap());
                // The one that is not first in a race is dropped rightly.
                corio::select! {
                    biased;
                    () = std::future::ready(()) => {}
                    _ = TcpStream::connect(address) => {}
                }
            })
        },
    ),
    case(
        "a message that is not sent",
        &["action 'send_to' was never awaited"],
        || {
            corio::run(async {
                let socket = UdpSocket::bind(any_port()).await.unwrap();
                drop(socket.send_to(b"text", any_port()));
            })
        },
        || {
            corio::run(async {
                let socket = UdpSocket::bind(any_port()).await.unwrap();
                socket.send_to(b"text", socket.local_addr().unwrap()).await.unwrap();
                assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 4);
            })
        },
    ),
    case(
        "a copy that does not begin",
        &["action 'copy' was never awaited"],
        || {
            corio::run(async {
                let (mut near, _far) = duplex(64);
                drop(copy(&mut &b"text"[..], &mut near));
            })
        },
        || {
            corio::run(async {
                let (mut near, _far) = duplex(64);
                assert_eq!(copy(&mut &b"text"[..], &mut near).await.unwrap(), 4);
            })
        },
    ),
    case(
        "a child that is told nothing",
        &["action 'Child::communicate' was never awaited"],
        || {
            corio::run(async {
                let mut cat = cat();
                drop(cat.communicate(b"text"));
                assert!(cat.wait().await.unwrap().success());
            })
        },
        || {
            corio::run(async {
                assert_eq!(cat().communicate(b"text").await.unwrap().stdout, b"text");
            })
        },
    ),
    case(
        "a writer that is not drained",
        &["action 'StreamWriter::drain' was never awaited"],
        || {
            corio::run(async {
                let (_reader, writer) = streams(UnixStream::pair().unwrap().0);
                writer.write(b"text");
                drop(writer.drain());
                writer.abort();
            })
        },
        || {
            corio::run(async {
                let (one, _other) = UnixStream::pair().unwrap();
                let (_reader, writer) = streams(one);
                writer.write(b"text");
                writer.drain().await.unwrap();
                writer.close();
                writer.wait_closed().await.unwrap();
            })
        },
    ),
    case(
        "a server that does not start",
        &["action 'start_server' was never awaited"],
        || corio::run(async { drop(start_server(|_, _| async {}, any_port())) }),
        || {
            corio::run(async {
                let server = start_server(|_, _| async {}, any_port()).await.unwrap();
                let address = server.local_addr().unwrap();
                let (_reader, writer) = open_connection(address).await.unwrap();
                writer.close();
                server.close();
                server.wait_closed().await;
            })
        },
    ),
    case(
        "a file that stays",
        &["action 'remove \"/nowhere/at/all\"' was never awaited\nAction created at "],
        || corio::run(async { drop(fs::remove_file("/nowhere/at/all")) }),
        || corio::run(async { assert!(fs::remove_file("/nowhere/at/all").await.is_err()) }),
    ),
    of_task(
        "an error of a coroutine under a plain spawn",
        &["Task exception was never retrieved", " spawned at ", file!(), "disk full"],
        || {
            corio::run(async {
                drop(spawn(save(true)));
                yield_now().await;
            })
        },
        || {
            corio::run(async {
                drop(spawn(save(false)));
                drop(spawn(async { save(true).await.is_err() }));
                assert!(spawn(save(true)).await.unwrap().is_err());
            })
        },
    ),
    of_task(
        "a panic of a task whose shield was given up",
        &["panic exception in shielded future\nfuture: <Task ", "oops"],
        || corio::run(given_up(true)),
        || corio::run(given_up(false)),
    ),
];

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn cat() -> corio::process::Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

#[corio::coroutine]
async fn save(fails: bool) -> io::Result<()> {
    if fails { Err(io::Error::other("disk full")) } else { Ok(()) }
}

/// The task goes on when nobody has time for it any more.
async fn given_up(panics: bool) {
    let task = spawn(async move {
        corio::sleep(Duration::from_millis(1)).await;
        assert!(!panics, "oops");
    });
    assert!(corio::timeout(Duration::ZERO, shield(task)).await.is_err());
    corio::sleep(Duration::from_millis(100)).await;
}
