//! Programs that do nothing wrong with the world outside of their loop, in ways that a watcher might take for
//! mistakes: peers that close one direction, a hundred servers that end at once, threads that feed a loop, children.

use std::cell::Cell;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use corio::net::{TcpListener, TcpStream};
use corio::process::Command;
use corio::stream::{Server, StreamReader, StreamWriter, open_connection, start_server};
use corio::sync::{mpsc, oneshot};
use corio::{
    EventLoop, TaskGroup, debug, from_thread, gather, sleep, spawn, spawn_blocking, spawn_local,
    timeout, yield_now,
};

use crate::harness::Case;

pub(crate) const CASES: &[Case] = &[
    Case::correct("peers that close one direction first", half_closed),
    Case::correct("a hundred servers that end at once", a_hundred_servers),
    Case::correct("connections that are cut in the middle of things", cuts),
    Case::correct("jobs that ask their loop, and each other", jobs),
    Case::correct("a loop that a thread feeds", fed),
    Case::correct("a loop that has nothing to do but what other threads want", serves_threads),
    Case::correct("children that are waited for, killed and let go", children),
    Case::correct("callbacks and descriptors, none of which takes long", callbacks),
];

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

fn home() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// Answers when the client has said all that it has to say; if that is nothing, it goes.
async fn answers(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
    let said = reader.read_to_end().await?;
    if !said.is_empty() {
        writer.write(&said);
        writer.drain().await?;
    }
    writer.close();
    // The client may go before it has read all.
    let _ = writer.wait_closed().await;
    Ok(())
}

async fn start() -> Server {
    start_server(answers, home()).await.unwrap()
}

/// More than fits into what a system keeps for a connection.
const MUCH: usize = 4 << 20;

/// Each client sends much, closes that direction, and reads it back afterwards.
fn half_closed() {
    corio::run(async {
        let server = start().await;
        let address = server.local_addr().unwrap();
        let clients: Vec<_> = (0..8)
            .map(|_| {
                spawn_local(async move {
                    let (mut reader, writer) = open_connection(address).await.unwrap();
                    writer.write(&vec![7; MUCH]);
                    writer.write_eof().unwrap();
                    let back = reader.read_to_end().await.unwrap();
                    writer.close();
                    writer.wait_closed().await.unwrap();
                    back.len()
                })
            })
            .collect();
        let back = gather(clients).await.unwrap();
        assert!(back.iter().all(|&len| len == MUCH));
        server.close();
        server.wait_closed().await;
    });
}

/// Each with a client that says nothing; all are told to end in one turn.
fn a_hundred_servers() {
    corio::run(async {
        let mut servers = Vec::new();
        let mut clients = Vec::new();
        for _ in 0..100 {
            let server = start().await;
            let client = open_connection(server.local_addr().unwrap()).await.unwrap();
            servers.push(server);
            clients.push(client);
        }
        while servers.iter().any(|server| server.clients() == 0) {
            yield_now().await;
        }
        for server in &servers {
            server.close();
            server.close_clients();
        }
        for server in &servers {
            server.wait_closed().await;
        }
        for (mut reader, writer) in clients {
            assert!(reader.read_to_end().await.is_ok());
            writer.close();
            // The other side may have gone with a reset.
            let _ = writer.wait_closed().await;
        }
    });
}

/// Reads and writes that lose against a limit in time, peers that go without a word, and accepting in a `select!`.
fn cuts() {
    corio::run(async {
        let listener = TcpListener::bind(home()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, mut ended) = oneshot::channel::<()>();
        let serves = spawn(async move {
            let all = TaskGroup::scope(|group| async move {
                loop {
                    corio::select! {
                        accepted = listener.accept() => {
                            let (peer, _) = accepted.unwrap();
                            group.spawn(async move {
                                let mut buffer = vec![0; 1 << 16];
                                while let Ok(Ok(1..)) = timeout(HOUR, peer.read(&mut buffer)).await {}
                            });
                        }
                        _ = &mut ended => break,
                    }
                }
            });
            all.await.unwrap();
        });
        for number in 0..100 {
            let stream = TcpStream::connect(address).await.unwrap();
            let mut buffer = [0; 16];
            let read = timeout(MS, stream.read(&mut buffer)).await;
            assert!(read.is_err());
            // It does not go through at once, and some of it never.
            let _ = timeout(MS, stream.write_all(&vec![1; MUCH])).await;
            if number % 2 == 0 {
                let _ = timeout(MS, stream.shutdown(Shutdown::Write)).await;
            }
        }
        end.send(()).unwrap();
        serves.await.unwrap();
    });
}

/// Threads of the pool that wait for the loop, for tasks and for each other.
fn jobs() {
    debug::set_hang_limit(300 * MS);
    debug::set_grant_limit(300 * MS);
    corio::run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        for number in 0..10_u64 {
            let sender = sender.clone();
            drop(spawn_blocking(move || {
                from_thread::run(sleep(number as u32 * MS)).unwrap();
                thread::sleep(150 * MS);
                sender.blocking_send(number).unwrap();
                from_thread::run_sync(move || drop(spawn(async move { sender.send(100).await })))
                    .unwrap();
            }));
        }
        drop(sender);
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        assert_eq!(sum, 1045);
        // Nothing but a job, which nobody awaits, will end this.
        let (end, ended) = oneshot::channel();
        drop(spawn_blocking(move || {
            thread::sleep(2000 * MS);
            end.send(()).unwrap();
        }));
        ended.await.unwrap();
    });
}

/// The loop waits for a thread, now and then, and one time for long.
fn fed() {
    debug::set_hang_limit(2000 * MS);
    let (sender, mut receiver) = mpsc::channel(1);
    let feeds = thread::spawn(move || {
        for pause in [10, 1500, 100, 1500, 4000] {
            thread::sleep(Duration::from_millis(pause));
            sender.blocking_send(pause).unwrap();
        }
    });
    corio::run(async move {
        let sums = spawn(async move {
            let mut sum = 0;
            while let Some(number) = receiver.recv().await {
                sum += number;
            }
            sum
        });
        assert_eq!(sums.await.unwrap(), 7110);
    });
    feeds.join().unwrap();
}

/// A runtime on a thread of its own, whose tasks wait for what the others send.
fn serves_threads() {
    debug::set_hang_limit(300 * MS);
    let background = corio::Builder::new().thread_name("serves").start().unwrap();
    let (sender, mut receiver) = mpsc::channel(1);
    let sums = background.handle().spawn(async move {
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        sum
    });
    for number in [1, 2] {
        thread::sleep(1500 * MS);
        sender.blocking_send(number).unwrap();
    }
    drop(sender);
    assert_eq!(background.handle().block_on(sums).unwrap(), 3);
}

/// Ends of all kinds, many at once.
fn children() {
    corio::run(async {
        let quick: Vec<_> = (0..10)
            .map(|number| {
                spawn_local(async move {
                    let mut shell = Command::new("sh");
                    shell.args(["-c", &format!("echo {number}; exit {number}")]);
                    let output = shell.output().await.unwrap();
                    assert_eq!(output.status.code(), Some(number));
                })
            })
            .collect();
        gather(quick).await.unwrap();
        let mut killed = Command::new("sleep").arg("60").spawn().unwrap();
        assert!(timeout(MS, killed.wait()).await.is_err());
        killed.kill().await.unwrap();
        drop(Command::new("sleep").arg("60").kill_on_drop(true).spawn().unwrap());
        Command::new("true").spawn().unwrap().detach();
        let mut status = Command::new("sleep");
        status.kill_on_drop(true);
        assert!(timeout(MS, status.arg("1").status()).await.is_err());
    });
}

/// A loop that is never at rest for half a second, though nothing of what it does takes long.
fn callbacks() {
    debug::set_slow_poll(500 * MS);
    corio::run(async {
        let event_loop = EventLoop::current();
        let left = Rc::new(Cell::new(100_000));
        let (here, there) = corio::io::duplex(64);
        let echoes = spawn_local(async move {
            let mut buffer = [0; 64];
            while let Ok(count @ 1..) = there.read(&mut buffer).await {
                there.write_all(&buffer[..count]).await.unwrap();
            }
        });
        while left.get() > 0 {
            for _ in 0..10 {
                let left = left.clone();
                event_loop.call_soon(move || left.set(left.get() - 1));
            }
            here.write_all(b"ping").await.unwrap();
            let mut buffer = [0; 4];
            assert_eq!(here.read(&mut buffer).await.unwrap(), 4);
            yield_now().await;
        }
        drop(here);
        echoes.await.unwrap();
    });
}
