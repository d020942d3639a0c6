//! What is in a folder, as a stream.
//!
//! ```text
//!     poll_next_entry ──▶ Batch: entries at hand? ──no──▶ a trip to the pool: ENTRIES_PER_TRIP more
//! ```

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs::{FileType, Metadata};
use std::future::poll_fn;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use corio_trace::action::Deed;
use futures_core::Stream;

use crate::deeds::{EntryMetadataDeed, FileTypeDeed, NextEntryDeed};
use crate::error::{Name, PathError};
use crate::operation::Operation;

/// How many entries one trip brings. The trip takes some 10 µs and an entry less than one, so more would
/// save little; and who stops early has read little in vain.
const ENTRIES_PER_TRIP: usize = 64;

/// Begins to read a folder.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let mut entries = corio_fs::read_dir("src").await?;
/// let mut names = Vec::new();
/// while let Some(entry) = entries.next_entry().await? {
///     names.push(entry.file_name());
/// }
/// assert!(names.iter().any(|name| name == "lib.rs"));
/// # Ok(())
/// # })
/// # }
/// ```
#[track_caller]
pub fn read_dir(path: impl AsRef<Path>) -> Operation<ReadDir> {
    let path: Arc<Path> = path.as_ref().into();
    let name = Name::Path(path.clone());
    Operation::looking("read the folder", name, move || {
        let batch =
            Batch { source: std::fs::read_dir(&path)?, read: VecDeque::new(), ended: false };
        Ok(ReadDir { path, step: Step::Has(batch.more()) })
    })
}

/// The entries of a folder, in no order: a stream, and [`next_entry`](ReadDir::next_entry).
///
/// # Cancel safety
/// A call that is dropped or cancelled loses nothing: the next one goes on.
pub struct ReadDir {
    path: Arc<Path>,
    step: Step,
}

enum Step {
    Has(Batch),
    Waits(Operation<Batch>),
    /// A trip has failed: there is nothing more.
    Over,
}

struct Batch {
    source: std::fs::ReadDir,
    read: VecDeque<io::Result<DirEntry>>,
    ended: bool,
}

impl Batch {
    /// On a thread that may block.
    fn more(mut self) -> Self {
        for _ in 0..ENTRIES_PER_TRIP {
            match self.source.next() {
                Some(entry) => self.read.push_back(entry.map(DirEntry::new)),
                None => {
                    self.ended = true;
                    break;
                }
            }
        }
        self
    }
}

impl ReadDir {
    /// The next one, if there is one.
    ///
    /// # Errors
    /// The system's, with the folder's path. The next call goes on after it.
    #[track_caller]
    pub fn next_entry(&mut self) -> impl Future<Output = io::Result<Option<DirEntry>>> {
        NextEntryDeed::doing(async move { poll_fn(|context| self.poll_next_entry(context)).await })
    }

    /// [`ReadDir::next_entry`], for those who write futures.
    ///
    /// # Errors
    /// As there.
    pub fn poll_next_entry(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            match &mut self.step {
                Step::Has(batch) => {
                    if let Some(entry) = batch.read.pop_front() {
                        return Poll::Ready(self.finish(entry).map(Some));
                    }
                    if batch.ended {
                        return Poll::Ready(Ok(None));
                    }
                    self.go();
                }
                Step::Waits(operation) => {
                    let result = ready!(Pin::new(operation).poll(context));
                    self.step = Step::Over;
                    self.step = Step::Has(result?);
                }
                Step::Over => return Poll::Ready(Ok(None)),
            }
        }
    }

    fn go(&mut self) {
        if let Step::Has(batch) = std::mem::replace(&mut self.step, Step::Over) {
            let name = Name::Path(self.path.clone());
            self.step =
                Step::Waits(Operation::looking("read the folder", name, || Ok(batch.more())));
        }
    }

    fn finish(&self, entry: io::Result<DirEntry>) -> io::Result<DirEntry> {
        entry.map_err(|error| {
            PathError::wrap("read the folder", &Name::Path(self.path.clone()), error)
        })
    }
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<DirEntry>>> {
        self.poll_next_entry(context).map(Result::transpose)
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir").field("path", &self.path).finish_non_exhaustive()
    }
}

/// One thing in a folder; from [`read_dir`].
#[derive(Clone)]
pub struct DirEntry {
    entry: Arc<std::fs::DirEntry>,
    /// Nearly always known with the entry.
    file_type: Option<FileType>,
}

impl DirEntry {
    fn new(entry: std::fs::DirEntry) -> Self {
        DirEntry { file_type: entry.file_type().ok(), entry: Arc::new(entry) }
    }

    /// The folder's path as it was given, and the name.
    pub fn path(&self) -> PathBuf {
        self.entry.path()
    }

    /// Its name in the folder.
    pub fn file_name(&self) -> OsString {
        self.entry.file_name()
    }

    /// The number of its inode.
    pub fn ino(&self) -> u64 {
        std::os::unix::fs::DirEntryExt::ino(&*self.entry)
    }

    /// Whether it is a file, a folder, a symbolic link. As a rule that came with the entry, and costs no
    /// trip to another thread.
    ///
    /// # Errors
    /// The system's: it may have gone meanwhile.
    #[track_caller]
    pub fn file_type(&self) -> impl Future<Output = io::Result<FileType>> {
        FileTypeDeed::doing(async move {
            match self.file_type {
                Some(file_type) => Ok(file_type),
                None => self.metadata().await.map(|metadata| metadata.file_type()),
            }
        })
    }

    /// What the system knows about it; a symbolic link is not followed.
    ///
    /// # Errors
    /// The system's: it may have gone meanwhile.
    #[track_caller]
    pub fn metadata(&self) -> impl Future<Output = io::Result<Metadata>> {
        EntryMetadataDeed::doing(async move {
            let (name, entry) = (Name::path(&self.path()), self.entry.clone());
            Operation::looking("read the metadata of", name, move || entry.metadata()).await
        })
    }
}

impl fmt::Debug for DirEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DirEntry").field(&self.path()).finish()
    }
}
