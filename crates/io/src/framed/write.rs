//! A sink of frames over a writer and a codec.
//!
//! [`Outgoing`] is the state beside the writer: what was encoded and not written. `both` has one, too.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use futures_util::Sink;

use super::Encode;
use crate::pump::took_nothing;

/// How much may wait to be written before a sink is no longer ready for more: what one write brings
/// away. A larger frame is taken whole.
const HIGH_WATER_BYTES: usize = 8 * 1024;

/// How much a buffer that has grown for a large frame keeps when it is empty.
const KEEP_MAX: usize = 64 * 1024;

/// Frames written to `W` by the codec `C`: a `Sink` of whatever `C` encodes.
///
/// `send` writes and flushes one; `feed` leaves it in the buffer, to be sent with the next ones, and
/// `flush` then sends them all.
///
/// ```
/// use corio_io::prelude::*;
/// use corio_io::{FramedWrite, LengthDelimited};
///
/// # fn main() -> Result<(), corio_io::framed::FrameError> {
/// # corio_base::park::block_on(async {
/// let mut frames = FramedWrite::new(Vec::new(), LengthDelimited::max(1024));
/// frames.feed("ab").await?;
/// frames.send("cde").await?;
/// assert_eq!(frames.into_inner(), b"\0\0\0\x02ab\0\0\0\x03cde");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Cancel safety
/// A `send` that is dropped half-way has its frame either not begun or in the buffer, whole; the next
/// `send` or `flush` goes on with it. Dropped, the sink loses what is in the buffer: `close` it.
pub struct FramedWrite<W, C> {
    writer: W,
    codec: C,
    outgoing: Outgoing,
}

impl<W, C> FramedWrite<W, C> {
    /// Frames into `writer`, by `codec`.
    pub fn new(writer: W, codec: C) -> Self {
        FramedWrite { writer, codec, outgoing: Outgoing::default() }
    }

    /// The writer.
    pub fn get_ref(&self) -> &W {
        &self.writer
    }

    /// The writer. What is written to it stands between two frames, or in the midst of one.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The codec, to change a limit say.
    pub fn codec_mut(&mut self) -> &mut C {
        &mut self.codec
    }

    /// The writer. What has not been written is lost: `flush` first.
    pub fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Unpin, C> Unpin for FramedWrite<W, C> {}

/// What every type with a writer, a codec and an [`Outgoing`] is: a sink of frames.
macro_rules! writes_frames {
    ($framed:ident, $writer:ident) => {
        impl<W, C> $framed<W, C> {
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
            #[track_caller]
            pub fn flush(&mut self) -> impl Future<Output = io::Result<()>> + Unpin
            where
                W: AsyncWrite + Unpin,
            {
                <$crate::deeds::FlushDeed as ::corio_trace::action::Deed>::doing(poll_fn(
                    |context| self.outgoing.poll_flush(context, Pin::new(&mut self.$writer)),
                ))
            }

            /// Writes what is in the buffer, and closes the writer's writing.
            ///
            /// # Errors
            /// As [`flush`](Self::flush).
            ///
            /// # Cancel safety
            /// Dropped half-way, the rest is still in the buffer.
            #[track_caller]
            pub fn close(&mut self) -> impl Future<Output = io::Result<()>> + Unpin
            where
                W: AsyncWrite + Unpin,
            {
                <$crate::deeds::CloseDeed as ::corio_trace::action::Deed>::doing(poll_fn(
                    |context| self.outgoing.poll_close(context, Pin::new(&mut self.$writer)),
                ))
            }
        }

        impl<W, C, T> Sink<T> for $framed<W, C>
        where
            W: AsyncWrite + Unpin,
            C: Encode<T>,
        {
            type Error = C::Error;

            fn poll_ready(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Result<(), C::Error>> {
                let this = &mut *self;
                this.outgoing
                    .poll_ready(context, Pin::new(&mut this.$writer))
                    .map_err(C::Error::from)
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
                this.outgoing
                    .poll_flush(context, Pin::new(&mut this.$writer))
                    .map_err(C::Error::from)
            }

            fn poll_close(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<Result<(), C::Error>> {
                let this = &mut *self;
                this.outgoing
                    .poll_close(context, Pin::new(&mut this.$writer))
                    .map_err(C::Error::from)
            }
        }
    };
}

pub(super) use writes_frames;

writes_frames!(FramedWrite, writer);

impl<W: fmt::Debug, C: fmt::Debug> fmt::Debug for FramedWrite<W, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FramedWrite")
            .field("writer", &self.writer)
            .field("codec", &self.codec)
            .field("outgoing", &self.outgoing)
            .finish()
    }
}

/// What was encoded and not written.
#[derive(Default)]
pub(super) struct Outgoing {
    /// Whole frames, but for the first `written` bytes.
    buffer: Vec<u8>,
    written: usize,
}

impl Outgoing {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// Appends one frame, or nothing.
    pub(super) fn add<T, C: Encode<T>>(&mut self, item: T, codec: &mut C) -> Result<(), C::Error> {
        self.forget_written();
        let whole = self.buffer.len();
        let result = codec.encode(item, &mut self.buffer);
        if result.is_err() {
            self.buffer.truncate(whole);
        }
        result
    }

    /// Frees what was written where that is the greater part of the buffer: to a writer that is never
    /// done the buffer would grow for ever. Each byte is moved for one that was written.
    fn forget_written(&mut self) {
        if self.written > self.bytes().len() {
            self.buffer.drain(..self.written);
            self.written = 0;
        }
    }

    /// Ready when the next frame may be added.
    pub(super) fn poll_ready<W: AsyncWrite>(
        &mut self,
        context: &mut Context<'_>,
        writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        if self.bytes().len() < HIGH_WATER_BYTES {
            return Poll::Ready(Ok(()));
        }
        self.poll_write_all(context, writer)
    }

    pub(super) fn poll_flush<W: AsyncWrite>(
        &mut self,
        context: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_write_all(context, writer.as_mut()))?;
        writer.poll_flush(context)
    }

    pub(super) fn poll_close<W: AsyncWrite>(
        &mut self,
        context: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_write_all(context, writer.as_mut()))?;
        writer.poll_close(context)
    }

    fn poll_write_all<W: AsyncWrite>(
        &mut self,
        context: &mut Context<'_>,
        mut writer: Pin<&mut W>,
    ) -> Poll<io::Result<()>> {
        while self.written < self.buffer.len() {
            let rest = &self.buffer[self.written..];
            match ready!(writer.as_mut().poll_write(context, rest))? {
                0 => return Poll::Ready(Err(took_nothing(rest.len()))),
                n => {
                    let left = rest.len();
                    assert!(n <= left, "a writer says that it took {n} of {left} bytes");
                    self.written += n;
                }
            }
        }
        self.written = 0;
        self.buffer.clear();
        self.buffer.shrink_to(KEEP_MAX);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("bytes", &self.bytes().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes at a time, and then none once.
    struct Slow(usize, bool);

    impl AsyncWrite for Slow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.1 = !self.1;
            if self.1 { Poll::Ready(Ok(bytes.len().min(self.0))) } else { Poll::Pending }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_writer_that_never_catches_up_costs_no_more_than_the_high_water() {
        const FRAME: usize = HIGH_WATER_BYTES / 2;
        let mut codec = crate::LengthDelimited::max(FRAME);
        let mut outgoing = Outgoing::default();
        let mut writer = Slow(FRAME, false);
        let mut context = Context::from_waker(std::task::Waker::noop());
        for _ in 0..1000 {
            if outgoing.poll_ready(&mut context, Pin::new(&mut writer)).is_ready() {
                outgoing.add([0; FRAME - 4], &mut codec).unwrap();
            }
            assert!(outgoing.bytes().len() <= HIGH_WATER_BYTES + FRAME);
            assert!(outgoing.buffer.len() <= 4 * HIGH_WATER_BYTES, "{}", outgoing.buffer.len());
        }
    }
}
