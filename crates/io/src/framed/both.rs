//! Frames in both directions over one stream: a `Stream` and a `Sink`.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Sink;

use super::read::{Incoming, reads_frames};
use super::write::{Outgoing, writes_frames};
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

    /// The stream and the codec, and what has been read and belongs to no frame yet: to go on in another
    /// protocol. What has not been written is lost: `flush` first.
    pub fn into_parts(self) -> (S, C, Vec<u8>) {
        (self.stream, self.codec, self.incoming.into_bytes())
    }
}

impl<S: Unpin, C> Unpin for Framed<S, C> {}

reads_frames!(Framed, stream);
writes_frames!(Framed, stream);

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
