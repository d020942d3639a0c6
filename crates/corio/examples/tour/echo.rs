//! TCP on the loopback: an echo server and its clients, on the same loop.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use corio::net::{TcpListener, TcpStream};

use crate::page::Page;

const SOURCE: &str = include_str!("echo.rs");

/// Requests of one client alone, and of all of the many together.
const REQUESTS: usize = 10_000;
const CLIENTS: usize = 50;
const SIZE: usize = 64;

// [server]
async fn serve(listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let client = corio::spawn_local(async move {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                if stream.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        });
        drop(client); // its task runs on without the handle
    }
}
// [end]

async fn talk(to: SocketAddr, requests: usize) -> std::io::Result<()> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; SIZE];
    for _ in 0..requests {
        stream.write_all(&[7; SIZE]).await?;
        let mut got = 0;
        while got < SIZE {
            match stream.read(&mut buffer[got..]).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => got += count,
            }
        }
    }
    Ok(())
}

/// Echoes to one client, then to many.
///
/// # Errors
/// What the sockets say.
pub async fn stop(page: &mut Page) -> Result<(), Box<dyn Error>> {
    page.stop("TCP: an echo server");
    page.code(SOURCE, "server");
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listener.local_addr()?;
    let server = corio::spawn_local(serve(listener));

    let begun = Instant::now();
    talk(address, REQUESTS).await?;
    let each = begun.elapsed() / REQUESTS as u32;
    page.result(format_args!("1 client: {REQUESTS} round trips of {SIZE} bytes, {each:.1?} each"));

    let begun = Instant::now();
    let clients = [(); CLIENTS].map(|()| corio::spawn_local(talk(address, REQUESTS / CLIENTS)));
    for client in clients {
        client.await??;
    }
    let rate = REQUESTS as f64 / begun.elapsed().as_secs_f64();
    page.result(format_args!(
        "{CLIENTS} clients: {rate:.0} requests a second, clients and server on one thread"
    ));
    server.abort();
    Ok(())
}
