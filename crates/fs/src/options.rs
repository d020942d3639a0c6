//! How a file is opened.

use std::os::unix::fs::OpenOptionsExt;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;

use crate::error::Name;
use crate::file::File;
use crate::operation::Operation;

/// How to open a file, as std's of the same name.
///
/// ```
/// use corio_fs::OpenOptions;
///
/// # fn main() -> std::io::Result<()> {
/// # let path = std::env::temp_dir().join(format!("corio-doc-options-{}", std::process::id()));
/// # corio_base::park::block_on(async {
/// let log = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).await?;
/// log.write_all(b"one more line\n").await?;
/// log.close().await?;
/// # corio_fs::remove_file(&path).await
/// # })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions(std::fs::OpenOptions);

impl OpenOptions {
    /// Nothing is chosen: say at least one of [`read`](Self::read), [`write`](Self::write) and
    /// [`append`](Self::append).
    #[expect(clippy::new_without_default, reason = "std's has no default either: it opens nothing")]
    pub fn new() -> Self {
        OpenOptions(std::fs::OpenOptions::new())
    }

    /// The file can be read.
    pub fn read(&mut self, read: bool) -> &mut Self {
        self.0.read(read);
        self
    }

    /// The file can be written.
    pub fn write(&mut self, write: bool) -> &mut Self {
        self.0.write(write);
        self
    }

    /// Every write goes to the end of the file, wherever that is by then.
    pub fn append(&mut self, append: bool) -> &mut Self {
        self.0.append(append);
        self
    }

    /// The file is emptied.
    pub fn truncate(&mut self, truncate: bool) -> &mut Self {
        self.0.truncate(truncate);
        self
    }

    /// The file is made, if there is none.
    pub fn create(&mut self, create: bool) -> &mut Self {
        self.0.create(create);
        self
    }

    /// The file is made, and it is an error if there is one.
    pub fn create_new(&mut self, create_new: bool) -> &mut Self {
        self.0.create_new(create_new);
        self
    }

    /// Who may do what with a file that is made, less what the process's mask takes away; `0o666` unless
    /// said otherwise.
    pub fn mode(&mut self, mode: u32) -> &mut Self {
        self.0.mode(mode);
        self
    }

    /// Further flags of `open`, such as `O_DIRECTORY`.
    pub fn custom_flags(&mut self, flags: i32) -> &mut Self {
        self.0.custom_flags(flags);
        self
    }

    /// Opens the file.
    ///
    /// # Cancel safety
    /// A cancelled awaiter does not wait, for some files make it wait long (a pipe, until somebody opens
    /// the other end). What is opened then is closed; a file may have been made or emptied.
    #[track_caller]
    pub fn open(&self, path: impl AsRef<Path>) -> Operation<File> {
        let path: Arc<Path> = path.as_ref().into();
        let (options, name, place) = (self.0.clone(), Name::Path(path.clone()), Location::caller());
        let work = move || Ok(File::named(options.open(&path)?, Name::Path(path), place));
        Operation::looking("open", name, work)
    }
}

impl From<std::fs::OpenOptions> for OpenOptions {
    fn from(options: std::fs::OpenOptions) -> Self {
        OpenOptions(options)
    }
}
