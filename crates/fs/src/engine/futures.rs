//! The `futures_io` traits of what an engine reads and writes: files and the standard streams, which have it
//! in a field `engine`.
//!
//! Used by `file::traits` and `stdio`. Nothing here waits or copies by itself.

/// `AsyncRead` for each of the types.
macro_rules! futures_read {
    ($($what:ty),+) => {$(
        impl futures_io::AsyncRead for $what {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.engine.poll_read_into(context, buffer)
            }
        }
    )+};
}

/// `AsyncWrite` for each of the types. A flush waits until nothing that was written is on its way, and so
/// does a close: the descriptor of a file is closed with the last handle, that of a stream never.
macro_rules! futures_write {
    ($($what:ty),+) => {$(
        impl futures_io::AsyncWrite for $what {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.engine.poll_write(context, bytes)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.engine.poll_written(context)
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.engine.poll_written(context)
            }
        }
    )+};
}

/// `AsyncSeek` for each of the types.
macro_rules! futures_seek {
    ($($what:ty),+) => {$(
        impl futures_io::AsyncSeek for $what {
            fn poll_seek(
                self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                to: std::io::SeekFrom,
            ) -> std::task::Poll<std::io::Result<u64>> {
                self.engine.poll_seek(context, to)
            }
        }
    )+};
}

pub(crate) use {futures_read, futures_seek, futures_write};
