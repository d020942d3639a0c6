//! corio's layers inside smol: sleeps, sockets through the `futures` traits, readiness of any
//! descriptor, and a whole loop as one of smol's futures.
//!
//! ```text
//! cargo run -p corio-embed-tests --example embed_in_smol
//! ```
//!
//! What corio's layers wait for, one background thread named `corio-fallback` waits for; smol's own
//! reactor is not asked.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use corio_executor::Guest;
use corio_net::{TcpListener, TcpStream};
use corio_reactor::Io;
use corio_timer::sleep;
use futures::future::try_join;
use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

const MS: Duration = Duration::from_millis(1);

pub(crate) fn main() -> io::Result<()> {
    smol::block_on(async {
        timers().await;
        sockets().await?;
        descriptors().await?;
        a_loop().await?;
        println!("The end: every task has finished, and the fallback thread sleeps.");
        Ok(())
    })
}

/// `corio-timer`: a task of smol's sleeps.
async fn timers() {
    println!("1. Timers");
    let begun = Instant::now();
    let task = smol::spawn(async {
        sleep(2 * MS).await;
        "slept"
    });
    println!("   a smol task {} for {:.1?}\n", task.await, begun.elapsed());
}

/// `corio-net`, through the traits that smol's libraries use.
async fn sockets() -> io::Result<()> {
    println!("2. Sockets");
    let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await?;
    let address = listener.local_addr()?;
    let server = smol::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let (reader, mut writer) = AsyncReadExt::split(stream);
        let mut lines = BufReader::new(reader);
        let mut line = String::new();
        while lines.read_line(&mut line).await? > 0 {
            writer.write_all(line.to_uppercase().as_bytes()).await?;
            line.clear();
        }
        writer.close().await
    });
    let mut client = TcpStream::connect(address).await?;
    AsyncWriteExt::write_all(&mut client, b"hello\nfrom smol\n").await?;
    AsyncWriteExt::close(&mut client).await?;
    let mut answer = String::new();
    AsyncReadExt::read_to_string(&mut client, &mut answer).await?;
    for line in answer.lines() {
        println!("   answered: {line}");
    }
    server.await?;
    println!();
    Ok(())
}

/// `corio-reactor`: any descriptor that can be waited for, a pipe for one.
async fn descriptors() -> io::Result<()> {
    println!("3. Any descriptor");
    let (reader, mut writer) = io::pipe()?;
    let reader = Io::new(reader)?;
    let thread = std::thread::spawn(move || writer.write_all(b"a pipe"));
    let mut buffer = [0; 16];
    let n = reader.read_with(|mut pipe| pipe.read(&mut buffer)).await?;
    println!("   read from {}\n", String::from_utf8_lossy(&buffer[..n]));
    thread.join().expect("the thread returns")
}

/// `corio-executor`: a loop that lives inside one future of smol's.
async fn a_loop() -> io::Result<()> {
    println!("4. A loop inside the loop");
    let guest = Guest::new();
    let fast = guest.spawn_local(async {
        sleep(MS).await;
        println!("   the fast task is done");
    });
    let slow = guest.spawn_local(async {
        sleep(3 * MS).await;
        println!("   the slow task is done");
    });
    guest.run(try_join(fast, slow)).await.map_err(io::Error::other)?;
    println!();
    Ok(())
}
