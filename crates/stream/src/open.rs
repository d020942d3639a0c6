//! [`open_connection`] and its kind: a connection, as a reader and a writer.

use std::io;
use std::panic::Location;
use std::path::Path;

use corio_executor::Handle;
use corio_net::{TcpStream, ToSocketAddrs, UnixStream};
use corio_trace::action::Deed;

use crate::connection::{Connection, send_at_once};
use crate::deeds::{OpenDeed, OpenUnixDeed};
use crate::link::Link;
use crate::reader::{LIMIT_DEFAULT, StreamReader};
use crate::writer::StreamWriter;

/// Connects, and gives a reader and a writer: asyncio's `open_connection`.
///
/// Small writes go out at once (`TCP_NODELAY`). A name is looked up, and its addresses are tried as
/// [`TcpStream::connect`] does. The reader's limit is 64 KiB; another can be set with
/// [`StreamReader::with_limit`]. For all that can be chosen put [`streams`] over a [`corio_net::Connect`].
///
/// ```no_run
/// use corio_stream::open_connection;
///
/// # async fn example() -> std::io::Result<()> {
/// let (mut reader, writer) = open_connection(("example.org", 80)).await?;
/// writer.write(b"GET / HTTP/1.0\r\n\r\n");
/// writer.drain().await?;
/// let status = reader.read_line().await?;
/// writer.close();
/// writer.wait_closed().await
/// # }
/// ```
///
/// # Errors
/// As [`TcpStream::connect`].
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the connection is given up.
#[track_caller]
pub fn open_connection(
    target: impl ToSocketAddrs,
) -> impl Future<Output = io::Result<(StreamReader, StreamWriter)>> {
    let place = Location::caller();
    let connect = TcpStream::connect(target);
    OpenDeed::doing(async move {
        let stream = connect.await?;
        send_at_once(&stream);
        Ok(over(Box::new(stream), place))
    })
}

/// Connects to a Unix socket, and gives a reader and a writer: asyncio's `open_unix_connection`.
///
/// # Errors
/// As [`UnixStream::connect`].
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the connection is given up.
#[track_caller]
pub fn open_unix_connection(
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<(StreamReader, StreamWriter)>> {
    let place = Location::caller();
    let connect = UnixStream::connect(path);
    OpenUnixDeed::doing(async move { Ok(over(Box::new(connect.await?), place)) })
}

/// A reader and a writer over any connection: a socket that is there already, or one of the program's own.
///
/// ```
/// # use corio_base::park::ThreadPark;
/// # use corio_executor::Executor;
/// use corio_net::UnixStream;
/// use corio_stream::streams;
///
/// # fn main() -> std::io::Result<()> {
/// # Executor::new(ThreadPark::new()).block_on(async {
/// let (here, there) = UnixStream::pair()?;
/// let ((mut reader, _writer), (_, writer)) = (streams(here), streams(there));
/// writer.write(b"hello");
/// writer.close();
/// assert_eq!(reader.read_to_end().await?, b"hello");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Panics
/// Outside a loop.
#[track_caller]
pub fn streams(connection: impl Connection) -> (StreamReader, StreamWriter) {
    over(Box::new(connection), Location::caller())
}

#[track_caller]
fn over(
    connection: Box<dyn Connection>,
    place: &'static Location<'static>,
) -> (StreamReader, StreamWriter) {
    let link = Link::new(connection, None, home("a stream"), place);
    (StreamReader::of_link(link.clone(), LIMIT_DEFAULT), StreamWriter::of_link(link))
}

/// The loop on which what a connection does not take at once is sent.
#[track_caller]
pub(crate) fn home(what: &str) -> Handle {
    match corio_executor::current() {
        Some(core) => core.handle(),
        None => panic!(
            "{what} is made outside a loop, which would have to send what the connection does not take \
             at once: make it in a task, or within `Runtime::block_on`"
        ),
    }
}
