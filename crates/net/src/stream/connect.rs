//! Connecting: the system does it, and says "writable" when it is done or has failed.
//!
//! ```text
//!   Address ──1 begin──▶ Connecting ──2 poll_connect: writable──▶ Over
//!      └─────1 begin: the system refuses at once─────────────────▶ Over
//! ```

use std::io;
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_reactor::Io;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::TcpStream;

/// Connects; made by [`TcpStream::connect`]. Its own progress: keep it and poll it.
///
/// # Cancel safety
/// Dropped, the attempt is given up and the socket closed.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Connect(State);

#[derive(Debug)]
enum State {
    /// Not polled yet.
    Address(SocketAddr),
    /// Under way, registered with the loop of the first poll.
    Connecting(Io<net::TcpStream>),
    /// The result was given out.
    Over,
}

impl TcpStream {
    /// Connects to `address`, from the first poll on. The stream belongs to the loop of that poll.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut` and what else the system says.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is given up and the socket closed.
    pub fn connect(address: impl Into<SocketAddr>) -> Connect {
        Connect(State::Address(address.into()))
    }

    /// The poll form of [`TcpStream::connect`]: `connect` is the progress, and the last waker wins.
    ///
    /// ```
    /// use corio_net::{TcpListener, TcpStream};
    /// use std::future::poll_fn;
    /// use std::net::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    /// let mut connect = TcpStream::connect(listener.local_addr()?);
    /// let stream = poll_fn(|context| TcpStream::poll_connect(context, &mut connect)).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TcpStream::connect`].
    ///
    /// # Panics
    /// If `connect` has given its result before: make a new one for the next attempt.
    pub fn poll_connect(
        context: &mut Context<'_>,
        connect: &mut Connect,
    ) -> Poll<io::Result<TcpStream>> {
        let result = ready!(connect.0.poll(context));
        // The error's socket is closed here, not when its owner is dropped.
        connect.0 = State::Over;
        Poll::Ready(result)
    }
}

impl State {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        let io = match self {
            State::Address(address) => {
                let stream = begin(*address)?;
                // Only now registered, so that the first edge is the end of the attempt and not
                // the hang-up that a socket shows before it has tried.
                *self = State::Connecting(Io::new(stream)?);
                return self.poll(context);
            }
            State::Connecting(io) => io,
            State::Over => panic!(
                "a connect was polled after it had given its result: call TcpStream::connect again \
                 for the next attempt"
            ),
        };
        ready!(io.poll_writable(context))?;
        if let Some(error) = io.get_ref().take_error()? {
            return Poll::Ready(Err(error));
        }
        match std::mem::replace(self, State::Over) {
            State::Connecting(io) => Poll::Ready(Ok(TcpStream { io })),
            State::Address(_) | State::Over => unreachable!("it was connecting just now"),
        }
    }
}

impl Future for Connect {
    type Output = io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        TcpStream::poll_connect(context, &mut self)
    }
}

/// Edge 1: a socket that is being connected.
fn begin(address: SocketAddr) -> io::Result<net::TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        // An interrupted attempt goes on by itself.
        Err(error)
            if matches!(
                Errno::from_io_error(&error),
                Some(Errno::INPROGRESS | Errno::INTR | Errno::WOULDBLOCK)
            ) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}
