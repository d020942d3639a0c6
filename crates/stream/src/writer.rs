//! [`StreamWriter`]: bytes into a connection, without waiting for each.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use corio_trace::action::Deed;

use crate::TARGET;
use crate::connection::Address;
use crate::deeds::{DrainDeed, WaitClosedDeed};
use crate::link::Link;
use crate::write_io::Waiting;

/// Writes to a connection: asyncio's `StreamWriter`.
///
/// [`write`](StreamWriter::write) sends at once what the system takes and keeps the rest, which goes out by
/// itself as the peer reads. [`drain`](StreamWriter::drain) waits while that is too much: a program that
/// writes much calls it now and then. Several tasks may write and drain.
///
/// ```no_run
/// # use corio_stream::StreamWriter;
/// # async fn example(writer: StreamWriter) -> std::io::Result<()> {
/// for number in 0..1_000_000 {
///     writer.write(format!("{number}\n").as_bytes());
///     writer.drain().await?;
/// }
/// writer.close();
/// writer.wait_closed().await
/// # }
/// ```
///
/// It is also an `AsyncWrite`, whose writes wait as `drain` does.
///
/// **At the end** call `close` and await `wait_closed`. A writer that is dropped is closed, too: what is
/// unsent goes out in the background, and the debug mode warns, since nobody hears if that fails.
pub struct StreamWriter {
    pub(crate) link: Arc<Link>,
    /// Of the `AsyncWrite`.
    pub(crate) waiting: Waiting,
}

impl StreamWriter {
    pub(crate) fn of_link(link: Arc<Link>) -> StreamWriter {
        StreamWriter { link, waiting: Waiting::default() }
    }

    /// Sends `bytes`. It never waits: see [`StreamWriter::drain`].
    ///
    /// After the end of the connection nothing is sent, and `drain` says why.
    ///
    /// # Panics
    /// After [`StreamWriter::write_eof`].
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) {
        self.link.write(&[IoSlice::new(bytes)]);
    }

    /// Sends all of `bytes`, one after the other, in as few system calls as can be.
    ///
    /// # Panics
    /// As [`StreamWriter::write`].
    #[track_caller]
    pub fn write_vectored(&self, bytes: &[IoSlice<'_>]) {
        self.link.write(bytes);
    }

    /// Sends all the lines, as they are: asyncio's `writelines`. No ends of lines are added.
    ///
    /// # Panics
    /// As [`StreamWriter::write`].
    #[track_caller]
    pub fn writelines<L: AsRef<[u8]>>(&self, lines: &[L]) {
        let slices: Vec<_> = lines.iter().map(|line| IoSlice::new(line.as_ref())).collect();
        self.link.write(&slices);
    }

    /// Waits while too much is unsent: above the high water until it is down at the low one.
    ///
    /// ```no_run
    /// # async fn example(writer: corio_stream::StreamWriter) -> std::io::Result<()> {
    /// writer.write(b"much");
    /// writer.drain().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A task that only writes and drains gives way now and then.
    ///
    /// # Errors
    /// Why the connection has ended, if it has: `ConnectionReset` if it was closed on this side. (One that
    /// waits while somebody closes the connection succeeds, if all goes out.) And the error of the
    /// connection's reader, if that has one.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    #[track_caller]
    pub fn drain(&self) -> impl Future<Output = io::Result<()>> {
        DrainDeed::doing(async move { self.link.drain().await })
    }

    /// Whether the direction out can be ended alone.
    pub fn can_write_eof(&self) -> bool {
        self.link.connection().can_write_eof()
    }

    /// Ends the direction out, after what is unsent: the peer sees the end and may go on writing.
    ///
    /// # Errors
    /// `Unsupported` if the connection has no such thing.
    pub fn write_eof(&self) -> io::Result<()> {
        self.link.write_eof()
    }

    /// Closes the connection, after what is unsent. The reader finds the end.
    pub fn close(&self) {
        self.link.close();
    }

    /// Ends the connection now; what is unsent is lost.
    pub fn abort(&self) {
        self.link.abort();
    }

    /// Whether it was closed, or has ended.
    pub fn is_closing(&self) -> bool {
        self.link.is_closing()
    }

    /// Waits until the connection has ended, for this side: everything was sent, or can never be.
    ///
    /// It closes nothing: call [`StreamWriter::close`] before.
    ///
    /// # Errors
    /// Why the connection has ended, unless it was closed or aborted on this side.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    #[track_caller]
    pub fn wait_closed(&self) -> impl Future<Output = io::Result<()>> {
        WaitClosedDeed::doing(async move { self.link.wait_closed().await })
    }

    /// How many bytes are unsent.
    pub fn write_buffer_size(&self) -> usize {
        self.link.unsent()
    }

    /// The low and the high water, in bytes.
    pub fn write_buffer_limits(&self) -> (usize, usize) {
        self.link.limits()
    }

    /// Sets the low and the high water: [`StreamWriter::drain`] waits when more than `high` bytes are
    /// unsent, until `low` are. 16 and 64 KiB by default. With 0 and 0 it waits for everything.
    ///
    /// # Panics
    /// If `low` is more than `high`: nobody could go on.
    #[track_caller]
    pub fn set_write_buffer_limits(&self, low: usize, high: usize) {
        assert!(
            low <= high,
            "the low water ({low}) is above the high water ({high}): drain() waits above high until low \
             is reached, so low must not be more than high"
        );
        self.link.set_limits(low, high);
    }

    /// Where the connection leads: asyncio's `get_extra_info('peername')`.
    ///
    /// # Errors
    /// What the system says: `NotConnected` if the peer has reset the connection.
    pub fn peer_addr(&self) -> io::Result<Address> {
        self.link.peer_addr()
    }

    /// Our end of the connection: asyncio's `get_extra_info('sockname')`.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<Address> {
        self.link.connection().local_addr()
    }

    /// What else there is to know of the connection: asyncio's `get_extra_info`. Over TLS there is a
    /// `tls::TlsInfo`. `None` if there is no `T`.
    #[doc(alias = "get_extra_info")]
    pub fn extra_info<T: Any>(&self) -> Option<&T> {
        let info: &dyn Any = self.link.connection().extra_info()?;
        info.downcast_ref()
    }

    /// The descriptor, to set options: asyncio's `get_extra_info('socket')`. `None` if the connection is
    /// none of the system's.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.link.connection().socket()
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        if self.link.is_open() && !std::thread::panicking() {
            self.warn();
        }
        self.link.close();
    }
}

impl StreamWriter {
    #[cold]
    fn warn(&self) {
        let loop_is_closed = corio_executor::current().is_none_or(|core| core.is_closed());
        let what = if loop_is_closed { "loop is closed, " } else { "" };
        corio_trace::report_warning(
            TARGET,
            format_args!(
                "ResourceWarning: {what}unclosed {self:?} made at {}: it is closed now, and nobody will \
                 hear if what is unsent cannot be sent; call close(), and await wait_closed()",
                self.link.place()
            ),
        );
    }
}

impl fmt::Debug for StreamWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<StreamWriter {:?}>", self.link)
    }
}
