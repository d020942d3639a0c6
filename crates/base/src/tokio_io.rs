//! Tokio's I/O traits for types that have those of `futures_io`: what the crates' features `tokio-io` are
//! made of.
//!
//! Macros, since nothing here names tokio: each expands in a crate that does, under its feature, next to the
//! type. Only the traits are meant: nothing of tokio runs. The first argument has the type's parameters.

/// Tokio's `AsyncRead`: the part of the buffer that nothing was written to yet is zeroed, once, and then
/// read into.
#[doc(hidden)]
#[macro_export]
macro_rules! tokio_read {
    ([$($parameters:tt)*] $type:ty) => {
        impl<$($parameters)*> ::tokio::io::AsyncRead for $type {
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                buffer: &mut ::tokio::io::ReadBuf<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                let room = buffer.initialize_unfilled();
                let read = ::futures_io::AsyncRead::poll_read(self, context, room);
                read.map_ok(|count| buffer.advance(count))
            }
        }
    };
}

/// Tokio's `AsyncWrite`; `$vectored` is whether one call takes several slices.
#[doc(hidden)]
#[macro_export]
macro_rules! tokio_write {
    ([$($parameters:tt)*] $type:ty, vectored: $vectored:literal) => {
        impl<$($parameters)*> ::tokio::io::AsyncWrite for $type {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::futures_io::AsyncWrite::poll_write(self, context, bytes)
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
                bytes: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::futures_io::AsyncWrite::poll_write_vectored(self, context, bytes)
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::futures_io::AsyncWrite::poll_flush(self, context)
            }

            /// What `futures_io` calls a close.
            fn poll_shutdown(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::futures_io::AsyncWrite::poll_close(self, context)
            }

            fn is_write_vectored(&self) -> bool {
                $vectored
            }
        }
    };
}

/// Tokio's `AsyncBufRead`.
#[doc(hidden)]
#[macro_export]
macro_rules! tokio_buf_read {
    ([$($parameters:tt)*] $type:ty) => {
        impl<$($parameters)*> ::tokio::io::AsyncBufRead for $type {
            fn poll_fill_buf(
                self: ::std::pin::Pin<&mut Self>,
                context: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<&[u8]>> {
                ::futures_io::AsyncBufRead::poll_fill_buf(self, context)
            }

            fn consume(self: ::std::pin::Pin<&mut Self>, count: usize) {
                ::futures_io::AsyncBufRead::consume(self, count);
            }
        }
    };
}
