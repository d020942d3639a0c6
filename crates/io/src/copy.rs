//! All that a reader gives, into a writer.
//!
//! A future with a name over one [`Pump`]: whoever keeps it and polls it by reference can stop it at any
//! moment and know how far it came.

use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::action::Action;
use futures_io::{AsyncRead, AsyncWrite};

use crate::deeds::CopyDeed;
use crate::pump::{COPY_BUFFER_BYTES, Failure, Pump};

/// Copies all bytes of `reader` into `writer`, flushes it, and says how many they were. Closes neither.
///
/// The buffer has [`COPY_BUFFER_BYTES`]; [`copy_with_capacity`] takes another size. For a reader that
/// has a buffer of its own, [`copy_buf`](crate::copy_buf) needs none.
///
/// ```
/// use corio_io::{Cursor, copy};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let mut copied = Vec::new();
/// assert_eq!(copy(&mut Cursor::new("all of it"), &mut copied).await?, 9);
/// assert_eq!(copied, b"all of it");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// What the reader and the writer say; `WriteZero` if the writer takes nothing. What was read before
/// the reader failed is written first.
///
/// # Cancel safety
/// Dropped half-way, what it has read and not written is lost. Poll it by reference (`&mut copy`) to be
/// able to ask [`Copy::copied`](crate::future::Copy::copied) and
/// [`Copy::unwritten`](crate::future::Copy::unwritten), or to go on.
#[track_caller]
#[doc(alias = "sendfile")]
pub fn copy<'a, R, W>(reader: &'a mut R, writer: &'a mut W) -> Copy<'a, R, W>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    copy_with_capacity(reader, writer, COPY_BUFFER_BYTES)
}

/// [`copy`] through a buffer of `capacity` bytes.
///
/// # Panics
/// If `capacity` is 0.
///
/// # Errors
/// As [`copy`].
///
/// # Cancel safety
/// As [`copy`].
#[track_caller]
pub fn copy_with_capacity<'a, R, W>(
    reader: &'a mut R,
    writer: &'a mut W,
    capacity: usize,
) -> Copy<'a, R, W>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    Copy { reader, writer, pump: Pump::new(capacity), action: Action::new(Location::caller()) }
}

/// The future of [`copy`](crate::copy). Its own progress: keep it and poll it.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Copy<'a, R: ?Sized, W: ?Sized> {
    reader: &'a mut R,
    writer: &'a mut W,
    pump: Pump,
    action: Action<CopyDeed>,
}

impl<R: ?Sized, W: ?Sized> Copy<'_, R, W> {
    /// How many bytes the writer has taken so far.
    pub fn copied(&self) -> u64 {
        self.pump.written()
    }

    /// What has been read and not been written yet.
    ///
    /// ```
    /// use corio_io::{Cursor, copy, duplex};
    /// use std::task::{Context, Waker};
    ///
    /// let (mut near, _far) = duplex(3);
    /// let mut reader = Cursor::new("abcde");
    /// let mut copy = copy(&mut reader, &mut near);
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert!(std::pin::Pin::new(&mut copy).poll(&mut context).is_pending());
    /// assert_eq!((copy.copied(), copy.unwritten()), (3, &b"de"[..]));
    /// ```
    pub fn unwritten(&self) -> &[u8] {
        self.pump.unwritten()
    }
}

impl<R, W> Future for Copy<'_, R, W>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = &mut *self;
        this.action.begun();
        let result = this.pump.poll(context, Pin::new(this.reader), Pin::new(this.writer));
        result.map_err(|failure| match failure {
            Failure::Reading(error) | Failure::Writing(error) => error,
        })
    }
}
