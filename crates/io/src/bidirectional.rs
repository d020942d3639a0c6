//! Two streams joined: what a proxy does.
//!
//! Each direction goes its own way to its end, so a side that has said everything still hears all of
//! the answer:
//!
//! ```text
//!   Copying ──1 poll: the reader has ended──▶ Closing ──2 poll: the writer is closed──▶ Over
//! ```
//!
//! The future is ready when both are over, or one has failed. Never closes a side before everything that
//! was read for it has been written.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_trace::action::Action;
use futures_io::{AsyncRead, AsyncWrite};

use crate::deeds::CopyBidirectionalDeed;
use crate::pump::{COPY_BUFFER_BYTES, Failure, Pump};

/// Copies from `a` to `b` and from `b` to `a` until both have ended, and says how many bytes went
/// from `a` to `b` and from `b` to `a`.
///
/// The end of one side is passed on: the other's writing is closed (for TCP, a shutdown of writing), and
/// the way back goes on.
///
/// ```
/// use corio_io::prelude::*;
/// use corio_io::{copy_bidirectional, duplex};
/// use futures_util::future::join;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let (mut client, mut a) = duplex(64);
/// let (mut b, mut server) = duplex(64);
/// let talk = async {
///     client.write_all(b"a question").await?;
///     client.close().await?; // says the end, and still listens
///     let mut question = String::new();
///     server.read_to_string(&mut question).await?;
///     server.write_all(b"an answer").await?;
///     server.close().await?;
///     let mut answer = String::new();
///     client.read_to_string(&mut answer).await?;
///     assert_eq!((&*question, &*answer), ("a question", "an answer"));
///     std::io::Result::Ok(())
/// };
/// let (copied, talked) = join(copy_bidirectional(&mut a, &mut b), talk).await;
/// talked?;
/// assert_eq!(copied?, (10, 9));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// [`CopyError`], when either direction fails: it says which side failed, and how far both directions
/// came. What was read before a side failed to be read is written first. It converts into an
/// [`io::Error`] of the same kind.
///
/// # Cancel safety
/// Dropped half-way, what it has read and not written is lost. Poll it by reference to be able to ask
/// [`CopyBidirectional::copied`](crate::future::CopyBidirectional::copied), or to go on.
#[track_caller]
pub fn copy_bidirectional<'a, A, B>(a: &'a mut A, b: &'a mut B) -> CopyBidirectional<'a, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_capacity(a, b, COPY_BUFFER_BYTES, COPY_BUFFER_BYTES)
}

/// [`copy_bidirectional`] through buffers of `a_to_b` and `b_to_a` bytes.
///
/// # Panics
/// If either is 0.
///
/// # Errors
/// As [`copy_bidirectional`].
///
/// # Cancel safety
/// As [`copy_bidirectional`].
#[track_caller]
pub fn copy_bidirectional_with_capacity<'a, A, B>(
    a: &'a mut A,
    b: &'a mut B,
    a_to_b: usize,
    b_to_a: usize,
) -> CopyBidirectional<'a, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let action = Action::new(Location::caller());
    CopyBidirectional { a, b, a_to_b: Way::new(a_to_b), b_to_a: Way::new(b_to_a), action }
}

/// The future of [`copy_bidirectional`]. Its own progress: keep it and poll it.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct CopyBidirectional<'a, A: ?Sized, B: ?Sized> {
    a: &'a mut A,
    b: &'a mut B,
    a_to_b: Way,
    b_to_a: Way,
    action: Action<CopyBidirectionalDeed>,
}

impl<A: ?Sized, B: ?Sized> CopyBidirectional<'_, A, B> {
    /// How many bytes have gone from `a` to `b` and from `b` to `a` so far.
    pub fn copied(&self) -> (u64, u64) {
        (self.a_to_b.pump.written(), self.b_to_a.pump.written())
    }

    /// What has been read from `a` and not been written to `b`, and the other way round.
    pub fn unwritten(&self) -> (&[u8], &[u8]) {
        (self.a_to_b.pump.unwritten(), self.b_to_a.pump.unwritten())
    }
}

impl<A, B> Future for CopyBidirectional<'_, A, B>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    type Output = Result<(u64, u64), CopyError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.action.begun();
        // Both, also when one has failed: what can be moved the other way is moved.
        let there = this.a_to_b.poll(context, &mut *this.a, &mut *this.b);
        let back = this.b_to_a.poll(context, &mut *this.b, &mut *this.a);
        let (a_to_b, b_to_a) = this.copied();
        let failed = |side, error| Poll::Ready(Err(CopyError { side, a_to_b, b_to_a, error }));
        match (there, back) {
            (Poll::Ready(Err(Failure::Reading(error))), _)
            | (_, Poll::Ready(Err(Failure::Writing(error)))) => failed(Side::A, error),
            (Poll::Ready(Err(Failure::Writing(error))), _)
            | (_, Poll::Ready(Err(Failure::Reading(error)))) => failed(Side::B, error),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(Ok((a_to_b, b_to_a))),
            _ => Poll::Pending,
        }
    }
}

/// One direction.
#[derive(Debug)]
struct Way {
    pump: Pump,
    stage: Stage,
}

/// The states in the picture above.
#[derive(Debug)]
enum Stage {
    Copying,
    Closing,
    Over,
}

impl Way {
    #[track_caller]
    fn new(capacity: usize) -> Way {
        Way { pump: Pump::new(capacity), stage: Stage::Copying }
    }

    fn poll<R, W>(
        &mut self,
        context: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<Result<(), Failure>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            match self.stage {
                Stage::Copying => {
                    ready!(self.pump.poll(context, Pin::new(reader), Pin::new(writer)))?;
                    self.stage = Stage::Closing;
                }
                Stage::Closing => {
                    ready!(Pin::new(&mut *writer).poll_close(context)).map_err(Failure::Writing)?;
                    self.stage = Stage::Over;
                }
                Stage::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// One of the two streams of a [`copy_bidirectional`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first one.
    A,
    /// The second one.
    B,
}

/// Why a [`copy_bidirectional`] ended before its streams did.
#[derive(Debug)]
pub struct CopyError {
    side: Side,
    a_to_b: u64,
    b_to_a: u64,
    error: io::Error,
}

impl CopyError {
    /// The stream that failed, as a reader or as a writer.
    pub fn side(&self) -> Side {
        self.side
    }

    /// How many bytes had gone from `a` to `b`, and from `b` to `a`.
    pub fn copied(&self) -> (u64, u64) {
        (self.a_to_b, self.b_to_a)
    }

    /// The kind of the stream's error.
    pub fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }

    /// What the stream said.
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// What the stream said.
    pub fn into_error(self) -> io::Error {
        self.error
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CopyError { side, a_to_b, b_to_a, error } = self;
        write!(
            f,
            "stream {side:?} failed, after {a_to_b} bytes had gone from A to B and {b_to_a} from B \
             to A: {error}"
        )
    }
}

impl Error for CopyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<CopyError> for io::Error {
    /// An error of the same kind, with the counts in its message and the [`CopyError`] inside.
    fn from(error: CopyError) -> io::Error {
        io::Error::new(error.kind(), error)
    }
}
