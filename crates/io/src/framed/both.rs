//! Frames in both directions over one stream: a `Stream` and a `Sink`.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Sink;

use super::read::Incoming;
use super::write::Outgoing;
use super::{Decode, Encode};

/// Frames read from and written to `S` by the codec `C`: [`FramedRead`](crate::FramedRead) and
/// [`FramedWrite`](crate::FramedWrite) in one.
///
/// To read in one task and write in another, split the stream first and frame its halves.
///
/// ```
/// use corio_io::prelude::*;
/// use corio_io::{Framed, LengthDelimited, duplex};
///
/// # fn main() -> Result<(), corio_io::framed::FrameError> {
/// # corio_base::park::block_on(async {
/// let (near, far) = duplex(64);
/// let mut near = Framed::new(near, LengthDelimited::max(1024));
/// let mut far = Framed::new(far, LengthDelimited::max(1024));
/// near.send(b"question").await?;
/// let question = far.next().await.unwrap()?;
/// far.send(&question[..5]).await?;
/// assert_eq!(near.next().await.unwrap()?, b"quest");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Cancel safety
/// As [`FramedRead`](crate::FramedRead) and [`FramedWrite`](crate::FramedWrite).
pub struct Framed<S, C> {
    stream: S,
    codec: C,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl<S, C> Framed<S, C> {
    /// Frames of `stream`, by `codec`.
    pub fn new(stream: S, codec: C) -> Self {
        Framed { stream, codec, incoming: Incoming::default(), outgoing: Outgoing::default() }
    }

    /// The stream.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream. What is read from it is missing in the frames, and what is written stands between two.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// The codec, to change a limit say.
    pub fn codec_mut(&mut self) -> &mut C {
        &mut self.codec
    }

    /// What has been read and belongs to no frame yet.
    pub fn read_buffer(&self) -> &[u8] {
        self.incoming.bytes()
    }

    /// What has been encoded and not been written yet.
    pub fn write_buffer(&self) -> &[u8] {
        self.outgoing.bytes()
    }

    /// Writes and flushes what is in the buffer.
    ///
    /// (`SinkExt::flush` cannot tell for which type of frame it is called, where the codec takes several.)
    ///
    /// # Errors
    /// What the writer says, and `WriteZero` if it takes nothing.
    ///
    /// # Cancel safety
    /// Dropped half-way, the rest is still in the buffer.
    pub fn flush(&mut self) -> impl Future<Output = io::Result<()>> + Unpin
    where
        S: AsyncWrite + Unpin,
    {
        poll_fn(|context| self.outgoing.poll_flush(context, Pin::new(&mut self.stream)))
    }

    /// Writes what is in the buffer, and closes the stream's writing.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    ///
    /// # Cancel safety
    /// Dropped half-way, the rest is still in the buffer.
    pub fn close(&mut self) -> impl Future<Output = io::Result<()>> + Unpin
    where
        S: AsyncWrite + Unpin,
    {
        poll_fn(|context| self.outgoing.poll_close(context, Pin::new(&mut self.stream)))
    }

    /// The stream and the codec, and what has been read and belongs to no frame yet: to go on in another
    /// protocol. What has not been written is lost: `flush` first.
    pub fn into_parts(self) -> (S, C, Vec<u8>) {
        (self.stream, self.codec, self.incoming.into_bytes())
    }
}

impl<S: Unpin, C> Unpin for Framed<S, C> {}

impl<S, C> Stream for Framed<S, C>
where
    S: AsyncRead + Unpin,
    C: Decode,
{
    type Item = Result<C::Item, C::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        this.incoming.poll_frame(context, Pin::new(&mut this.stream), &mut this.codec)
    }
}

impl<S, C, T> Sink<T> for Framed<S, C>
where
    S: AsyncWrite + Unpin,
    C: Encode<T>,
{
    type Error = C::Error;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), C::Error>> {
        let this = &mut *self;
        this.outgoing.poll_ready(context, Pin::new(&mut this.stream)).map_err(C::Error::from)
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), C::Error> {
        let this = &mut *self;
        this.outgoing.add(item, &mut this.codec)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), C::Error>> {
        let this = &mut *self;
        this.outgoing.poll_flush(context, Pin::new(&mut this.stream)).map_err(C::Error::from)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), C::Error>> {
        let this = &mut *self;
        this.outgoing.poll_close(context, Pin::new(&mut this.stream)).map_err(C::Error::from)
    }
}

impl<S: fmt::Debug, C: fmt::Debug> fmt::Debug for Framed<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framed")
            .field("stream", &self.stream)
            .field("codec", &self.codec)
            .field("incoming", &self.incoming)
            .field("outgoing", &self.outgoing)
            .finish()
    }
}
