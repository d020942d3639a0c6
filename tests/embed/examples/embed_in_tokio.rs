//! corio's layers inside tokio: sleeps, sockets, and a whole loop as one of tokio's futures.
//!
//! ```text
//! cargo run -p corio-embed-tests --example embed_in_tokio
//! ```
//!
//! Tokio's own timer and I/O drivers are switched off here, to show that nothing needs them: what
//! corio's layers wait for, one background thread named `corio-fallback` waits for.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio_executor::{Guest, yield_now};
use corio_net::{TcpListener, TcpStream};
use corio_timer::{interval, sleep};
use futures::future::{Either, join_all, select};

const MS: Duration = Duration::from_millis(1);

pub(crate) fn main() -> io::Result<()> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    tokio.block_on(async {
        timers().await;
        sockets().await?;
        io::Result::Ok(())
    })?;
    // Tasks of a corio loop need not be Send: their host is a runtime of one thread, or a LocalSet.
    let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    tokio.block_on(a_loop())?;
    println!("The end: every task has finished, and the fallback thread sleeps.");
    Ok(())
}

/// `corio-timer`: a sleep is a future like any other.
async fn timers() {
    println!("1. Timers");
    let begun = Instant::now();
    let tasks = (1..=3).map(|n| {
        tokio::spawn(async move {
            sleep(n * MS).await;
            n
        })
    });
    for n in join_all(tasks).await {
        println!("   tokio task {} slept with corio's timer", n.expect("the task returns"));
    }
    let mut ticks = interval(MS);
    for _ in 0..3 {
        ticks.tick().await;
    }
    let never = std::future::pending::<()>();
    match select(Box::pin(never), Box::pin(sleep(MS))).await {
        Either::Left(((), _)) => unreachable!("what never ends has not ended"),
        Either::Right(((), _)) => println!("   a timeout ended what would never end"),
    }
    println!("   all of it took {:.1?}\n", begun.elapsed());
}

/// `corio-net`: sockets, whose tasks may wander between tokio's threads.
async fn sockets() -> io::Result<()> {
    println!("2. Sockets");
    let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let mut buffer = [0; 64];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return io::Result::Ok(()),
                n => stream.write_all(&buffer[..n]).await?,
            }
        }
    });
    let client = TcpStream::connect(address).await?;
    for text in ["hello", "from", "tokio"] {
        client.write_all(text.as_bytes()).await?;
        let mut answer = vec![0; text.len()];
        client.read_exact(&mut answer).await?;
        println!("   echoed: {}", String::from_utf8_lossy(&answer));
    }
    drop(client);
    server.await.expect("the task returns")?;
    println!("   the server saw the end of the connection\n");
    Ok(())
}

/// `corio-executor`: a whole loop, its turns and its order, as one future of tokio's.
async fn a_loop() -> io::Result<()> {
    println!("3. A loop inside the loop");
    let guest = Guest::new();
    let name = Rc::new("not Send");
    let tasks: Vec<_> = (1..=3)
        .map(|n| {
            let name = Rc::clone(&name);
            guest.spawn_local(async move {
                for turn in 1..=2 {
                    println!("   turn {turn}: task {n} ({name})");
                    yield_now().await;
                }
            })
        })
        .collect();
    for ended in guest.run(join_all(tasks)).await {
        ended.map_err(io::Error::other)?;
    }
    // Other threads reach it by its handle while it runs.
    let handle = guest.handle();
    let elsewhere = std::thread::spawn(move || handle.spawn(async { "a thread's" }));
    let spawned = elsewhere.join().expect("the thread returns");
    let whose = guest.run(spawned).await.map_err(io::Error::other)?;
    println!("   and {whose} task came in from outside\n");
    Ok(())
}
