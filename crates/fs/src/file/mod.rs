//! An open file.

#[cfg(feature = "tokio-io")]
mod tokio_io;
mod traits;

use std::fmt;
use std::fs::{Metadata, Permissions};
use std::future::poll_fn;
use std::io::{self, ErrorKind, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use corio_blocking::current;
use corio_trace::action::Deed;

use crate::deeds::{
    CloseDeed, FlushDeed, IntoStdDeed, MetadataDeed, ReadAtDeed, ReadDeed, ReadExactDeed,
    ReadToEndDeed, ReadToStringDeed, RewindDeed, SeekDeed, SetLenDeed, SetPermissionsDeed,
    StreamPositionDeed, SyncAllDeed, SyncDataDeed, TryCloneDeed, WriteAllAtDeed, WriteAllDeed,
    WriteAtDeed, WriteDeed,
};
use crate::engine::{Engine, Exclusive, Inner, Target};
use crate::error::{Name, PathError};
use crate::operation::Operation;
use crate::options::OpenOptions;

/// How much `read_to_end` asks for at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file that is open, with a position at which it is read and written.
///
/// ```
/// use corio_fs::File;
/// use std::io::SeekFrom;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("corio-doc-file-{}", std::process::id()));
/// # corio_base::park::block_on(async {
/// let file = File::create_new(&path).await?;
/// file.write_all(b"all there is").await?;
/// file.close().await?;
///
/// let file = File::open(&path).await?;
/// file.seek(SeekFrom::Start(4)).await?;
/// let mut text = String::new();
/// file.read_to_string(&mut text).await?;
/// assert_eq!(text, "there is");
/// # corio_fs::remove_file(&path).await
/// # })
/// # }
/// ```
///
/// **Reading ahead.** A read takes up to 64 KiB (a large one up to 512 KiB) from the system at once, so
/// most small ones take no trip to another thread. Who seeks, writes or changes the length first has the
/// position taken back; so only other openers of the file could tell. What they write shows here when it
/// has not been read ahead.
///
/// **Writing behind.** A write is over when its bytes are in the file's buffer, of 256 KiB; a job of the pool
/// is under way with them. Its error comes later: to the *next operation*, whichever that is, or to
/// [`flush`](File::flush), [`sync_all`](File::sync_all) or [`close`](File::close), which wait for it. It
/// says how many bytes that had been taken are lost, and is told once.
///
/// **Dropping** a file loses nothing either: what was taken is still written. But there is nobody to tell
/// of an error, so that goes to the log (target `corio::fs`), with the path and the count of bytes. And
/// only the end of `corio::run` waits for it: another executor may let the process end before. So end with
/// `close().await`.
///
/// **One at a time.** Any number of tasks may use a file; what uses its position takes turns, and so do
/// the lengths of writes. [`read_at`](File::read_at) and [`write_at`](File::write_at) go side by side.
///
/// **Not for** terminals, pipes and devices that make a reader wait: a read that waits has the file, and
/// a thread, until something comes. `corio::net::pipe` watches a pipe.
///
/// # Cancel safety
/// A cancelled or dropped operation leaves the file as it was, or as it is after it. What a read has
/// taken from the system by then is kept for the next read; what a write has taken will be written;
/// the next operation waits for what is still under way.
pub struct File {
    engine: Engine<std::fs::File>,
    /// Of tokio's trait, which this handle is asked through.
    #[cfg(feature = "tokio-io")]
    seeking: tokio_io::Seeking,
}

impl Target for std::fs::File {
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut &*self, buffer)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &*self, bytes)
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        io::Seek::seek(&mut &*self, to)
    }
}

impl File {
    /// Opens a file to read it.
    #[track_caller]
    pub fn open(path: impl AsRef<Path>) -> Operation<File> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file to write it: a new one, or one that is emptied.
    #[track_caller]
    pub fn create(path: impl AsRef<Path>) -> Operation<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file, to read and write it; it may not exist.
    #[track_caller]
    pub fn create_new(path: impl AsRef<Path>) -> Operation<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    /// How to open a file: see [`OpenOptions`].
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// A file that std has opened. Errors have no path to name.
    #[track_caller]
    pub fn from_std(file: std::fs::File) -> File {
        File::named(file, Name::Text("a file without a path"), Location::caller())
    }

    pub(crate) fn named(
        file: std::fs::File,
        name: Name,
        place: &'static Location<'static>,
    ) -> File {
        File {
            engine: Engine::new(Inner::new(file, name, current::pool, place)),
            #[cfg(feature = "tokio-io")]
            seeking: tokio_io::Seeking::default(),
        }
    }

    /// Reads what there is, up to the length of `buffer`: 0 is the end.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    ///
    /// # Cancel safety
    /// Nothing is lost: the next read has it.
    #[track_caller]
    pub fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        ReadDeed::doing(async move {
            poll_fn(|context| self.engine.poll_read_into(context, buffer)).await
        })
    }

    /// Fills `buffer`.
    ///
    /// # Errors
    /// As [`File::read`], and [`ErrorKind::UnexpectedEof`] with the counts, if the file ends before.
    ///
    /// # Cancel safety
    /// What is in the buffer by then is lost, if the caller does not keep count: [`File::read`] does.
    #[track_caller]
    pub fn read_exact(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> {
        ReadExactDeed::doing(async move {
            let (mut filled, wanted) = (0, buffer.len());
            while filled < wanted {
                match self.read(&mut buffer[filled..]).await? {
                    0 => {
                        let text = format!("the file ends after {filled} of {wanted} bytes");
                        return Err(
                            self.error("read", io::Error::new(ErrorKind::UnexpectedEof, text))
                        );
                    }
                    read => filled += read,
                }
            }
            Ok(())
        })
    }

    /// Appends all that is left to `bytes`, and says how much that was.
    ///
    /// # Errors
    /// As [`File::read`].
    ///
    /// # Cancel safety
    /// What was read by then is in `bytes`.
    #[track_caller]
    pub fn read_to_end(&self, bytes: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>> {
        ReadToEndDeed::doing(async move {
            let before = bytes.len();
            loop {
                let read = poll_fn(|context| {
                    self.engine.poll_read(context, CHUNK_BYTES, &mut |input| {
                        bytes.extend_from_slice(input);
                        input.len()
                    })
                });
                if read.await? == 0 {
                    return Ok(bytes.len() - before);
                }
            }
        })
    }

    /// Appends all that is left to `text`, and says how many bytes that was.
    ///
    /// # Errors
    /// As [`File::read`], and [`ErrorKind::InvalidData`] if it is not UTF-8: `text` is as it was then.
    ///
    /// # Cancel safety
    /// What was read by then is lost.
    #[track_caller]
    pub fn read_to_string(&self, text: &mut String) -> impl Future<Output = io::Result<usize>> {
        ReadToStringDeed::doing(async move {
            let mut bytes = Vec::new();
            self.read_to_end(&mut bytes).await?;
            match std::str::from_utf8(&bytes) {
                Ok(more) => text.push_str(more),
                Err(error) => {
                    return Err(self.error("read", io::Error::new(ErrorKind::InvalidData, error)));
                }
            }
            Ok(bytes.len())
        })
    }

    /// Takes some of `bytes` to be written, and says how many.
    ///
    /// # Errors
    /// What an earlier write has failed with; this one is not begun then.
    ///
    /// # Cancel safety
    /// Cancelled, it has taken nothing.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        WriteDeed::doing(
            async move { poll_fn(|context| self.engine.poll_write(context, bytes)).await },
        )
    }

    /// Takes all of `bytes` to be written.
    ///
    /// # Errors
    /// As [`File::write`].
    ///
    /// # Cancel safety
    /// Cancelled, it has taken some of them.
    #[track_caller]
    pub fn write_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> {
        WriteAllDeed::doing(async move {
            let mut bytes = bytes;
            while !bytes.is_empty() {
                let taken = self.write(bytes).await?;
                bytes = &bytes[taken..];
            }
            Ok(())
        })
    }

    /// Waits until what was taken before has been given to the system.
    ///
    /// # Errors
    /// What it has failed with.
    ///
    /// # Cancel safety
    /// It goes on being written.
    #[track_caller]
    pub fn flush(&self) -> impl Future<Output = io::Result<()>> {
        FlushDeed::doing(async move {
            let bytes = self.engine.accepted();
            poll_fn(|context| self.engine.poll_flush(context, bytes)).await
        })
    }

    /// Goes to another position, and says which that is, from the start.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    ///
    /// # Cancel safety
    /// Cancelled, it may have been done.
    #[track_caller]
    pub fn seek(&self, to: SeekFrom) -> impl Future<Output = io::Result<u64>> {
        SeekDeed::doing(async move { poll_fn(|context| self.engine.poll_seek(context, to)).await })
    }

    /// Goes to the start.
    ///
    /// # Errors
    /// As [`File::seek`].
    #[track_caller]
    pub fn rewind(&self) -> impl Future<Output = io::Result<()>> {
        RewindDeed::doing(async move { self.seek(SeekFrom::Start(0)).await.map(drop) })
    }

    /// Where the program is, from the start.
    ///
    /// # Errors
    /// As [`File::seek`].
    #[track_caller]
    pub fn stream_position(&self) -> impl Future<Output = io::Result<u64>> {
        StreamPositionDeed::doing(async move { self.seek(SeekFrom::Current(0)).await })
    }

    /// Reads at a position, and leaves the file's own where it is. Any number may go side by side, but each
    /// is a trip to another thread: read large pieces. 0 is the end.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    ///
    /// # Cancel safety
    /// Nothing is changed.
    #[track_caller]
    pub fn read_at(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> impl Future<Output = io::Result<usize>> {
        ReadAtDeed::doing(async move {
            poll_fn(|context| self.engine.poll_written(context)).await?;
            let (inner, wanted) = (self.engine.inner().clone(), buffer.len());
            let bytes = Operation::looking("read", self.name(), move || {
                let mut bytes = vec![0; wanted];
                let read = inner.target.read_at(&mut bytes, offset)?;
                bytes.truncate(read);
                Ok(bytes)
            });
            let bytes = bytes.await?;
            buffer[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        })
    }

    /// Writes some of `bytes` at a position, and says how many; leaves the file's own position where it
    /// is. In a file opened to append, Linux appends them.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    ///
    /// # Cancel safety
    /// Once begun, it is done to the end, and a cancelled awaiter waits for that.
    #[track_caller]
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> impl Future<Output = io::Result<usize>> {
        WriteAtDeed::doing(async move {
            self.put_at(bytes, move |file, bytes| file.write_at(bytes, offset)).await
        })
    }

    /// As [`File::write_at`], all of them.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn write_all_at(&self, bytes: &[u8], offset: u64) -> impl Future<Output = io::Result<()>> {
        WriteAllAtDeed::doing(async move {
            self.put_at(bytes, move |file, bytes| file.write_all_at(bytes, offset)).await
        })
    }

    async fn put_at<R: Send + 'static>(
        &self,
        bytes: &[u8],
        put: impl FnOnce(&std::fs::File, &[u8]) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let ahead = poll_fn(|context| self.engine.poll_begin_if_ahead(context)).await?;
        let (inner, bytes) = (self.engine.inner().clone(), bytes.to_vec());
        let write = Operation::changing("write to", self.name(), move || {
            // What was read ahead would be older than what is written.
            ahead.as_ref().map_or(Ok(()), Exclusive::rewind)?;
            put(&inner.target, &bytes)
        });
        write.await
    }

    /// Waits until what was written, and the metadata, is on the disk, as far as the system knows.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    #[track_caller]
    pub fn sync_all(&self) -> impl Future<Output = io::Result<()>> {
        SyncAllDeed::doing(async move {
            self.alone("synchronise", |file| file.target().sync_all()).await
        })
    }

    /// As [`File::sync_all`], without metadata that is not needed to read the file.
    ///
    /// # Errors
    /// As there.
    #[track_caller]
    pub fn sync_data(&self) -> impl Future<Output = io::Result<()>> {
        SyncDataDeed::doing(async move {
            self.alone("synchronise", |file| file.target().sync_data()).await
        })
    }

    /// Cuts the file off, or fills it with zeros, to `bytes`. The position stays.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    #[track_caller]
    pub fn set_len(&self, bytes: u64) -> impl Future<Output = io::Result<()>> {
        SetLenDeed::doing(async move {
            let set_len = self.alone("set the length of", move |file| {
                file.rewind()?;
                file.target().set_len(bytes)
            });
            set_len.await
        })
    }

    /// What the system knows about the file; its length has all that was written.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    #[track_caller]
    pub fn metadata(&self) -> impl Future<Output = io::Result<Metadata>> {
        MetadataDeed::doing(async move {
            self.alone("read the metadata of", |file| file.target().metadata()).await
        })
    }

    /// Changes who may do what with the file.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    #[track_caller]
    pub fn set_permissions(
        &self,
        permissions: Permissions,
    ) -> impl Future<Output = io::Result<()>> {
        SetPermissionsDeed::doing(async move {
            let set = self.alone("set the permissions of", move |file| {
                file.target().set_permissions(permissions)
            });
            set.await
        })
    }

    /// A second descriptor of the file. Both have one position: what one of them reads ahead is not
    /// there for the other, so use them one after the other, with a [`seek`](File::seek) between.
    ///
    /// # Errors
    /// The system's, or what an earlier write has failed with.
    #[track_caller]
    pub fn try_clone(&self) -> impl Future<Output = io::Result<File>> {
        TryCloneDeed::doing(async move {
            let clone = self.alone("clone", |file| {
                file.rewind()?;
                file.target().try_clone()
            });
            Ok(File::named(clone.await?, self.name(), self.engine.inner().place))
        })
    }

    /// The file as std has it, at the same position, when all was written.
    ///
    /// # Errors
    /// What an earlier write has failed with, or the system's.
    #[track_caller]
    pub fn into_std(self) -> impl Future<Output = io::Result<std::fs::File>> {
        IntoStdDeed::doing(async move {
            self.alone("rewind", |file| file.rewind()).await?;
            let inner = self.engine.inner().clone();
            drop(self);
            match Arc::try_unwrap(inner) {
                Ok(inner) => Ok(inner.target),
                // An abandoned `read_at` is at it.
                Err(inner) => {
                    inner.target.try_clone().map_err(|e| PathError::wrap("clone", &inner.name, e))
                }
            }
        })
    }

    /// Waits until all is written, and closes the file: the way to end with one that was written to.
    ///
    /// What the system has taken it may still fail to bring to the disk; [`File::sync_all`] waits for that.
    ///
    /// # Errors
    /// What an earlier write has failed with.
    ///
    /// # Cancel safety
    /// Cancelled, it is as if the file had been dropped.
    #[track_caller]
    pub fn close(self) -> impl Future<Output = io::Result<()>> {
        CloseDeed::doing(async move {
            poll_fn(|context| self.engine.poll_written(context)).await?;
            let name = self.name();
            // Closing may wait for a file system on the network.
            let close = Operation::changing("close", name, move || {
                drop(self);
                Ok(())
            });
            // If the pool refuses that, the file is closed here.
            let _ = close.await;
            Ok(())
        })
    }

    /// Does `work` when nothing else is done with the file's position.
    async fn alone<R: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Exclusive<std::fs::File>) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let exclusive = poll_fn(|context| self.engine.poll_begin(context)).await?;
        Operation::looking(operation, self.name(), move || work(&exclusive)).await
    }

    fn name(&self) -> Name {
        self.engine.inner().name.clone()
    }

    fn error(&self, operation: &'static str, error: io::Error) -> io::Error {
        PathError::wrap(operation, &self.engine.inner().name, error)
    }
}

impl From<std::fs::File> for File {
    #[track_caller]
    fn from(file: std::fs::File) -> File {
        File::from_std(file)
    }
}

impl From<OwnedFd> for File {
    #[track_caller]
    fn from(descriptor: OwnedFd) -> File {
        File::from_std(descriptor.into())
    }
}

/// For what is asked of the descriptor itself: its position may be ahead of the program's.
impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.engine.inner().target.as_fd()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}
