//! Files and folders by their paths: std's functions, each one trip to the pool.

use std::fs::{self, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Name;
use crate::operation::Operation;

/// One that changes something at `path`.
#[track_caller]
fn changing<R: Send + 'static>(
    operation: &'static str,
    path: impl AsRef<Path>,
    work: impl FnOnce(&Path) -> io::Result<R> + Send + 'static,
) -> Operation<R> {
    let path: Arc<Path> = path.as_ref().into();
    Operation::changing(operation, Name::Path(path.clone()), move || work(&path))
}

/// One that only looks.
#[track_caller]
fn looking<R: Send + 'static>(
    operation: &'static str,
    path: impl AsRef<Path>,
    work: impl FnOnce(&Path) -> io::Result<R> + Send + 'static,
) -> Operation<R> {
    let path: Arc<Path> = path.as_ref().into();
    Operation::looking(operation, Name::Path(path.clone()), move || work(&path))
}

/// One with two paths, which changes something.
#[track_caller]
fn between<R: Send + 'static>(
    operation: &'static str,
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    work: impl FnOnce(&Path, &Path) -> io::Result<R> + Send + 'static,
) -> Operation<R> {
    let (from, to): (Arc<Path>, Arc<Path>) = (from.as_ref().into(), to.as_ref().into());
    let name = Name::Paths(from.clone(), to.clone());
    Operation::changing(operation, name, move || work(&from, &to))
}

/// Reads a whole file.
///
/// ```
/// # corio_base::park::block_on(async {
/// let bytes = corio_fs::read("Cargo.toml").await?;
/// assert!(bytes.starts_with(b"[package]"));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn read(path: impl AsRef<Path>) -> Operation<Vec<u8>> {
    looking("read", path, |path| fs::read(path))
}

/// Reads a whole file of UTF-8; another one is an error of the kind `InvalidData`.
#[track_caller]
pub fn read_to_string(path: impl AsRef<Path>) -> Operation<String> {
    looking("read", path, |path| fs::read_to_string(path))
}

/// Makes the file, or empties it, and writes `contents`, a copy of them, to it.
///
/// Who reads it meanwhile sees a part. Where that matters, write another file and [`rename`] it.
#[track_caller]
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Operation<()> {
    let contents = contents.as_ref().to_vec();
    changing("write to", path, move |path| fs::write(path, contents))
}

/// Makes the file, if there is none, and writes `contents`, a copy of them, to its end.
#[track_caller]
pub fn append(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Operation<()> {
    let contents = contents.as_ref().to_vec();
    changing("append to", path, move |path| {
        fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(&contents)
    })
}

/// Copies a file's bytes and permissions, and says how many bytes that were. What was in `to` is gone.
#[track_caller]
pub fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<u64> {
    between("copy", from, to, |from, to| fs::copy(from, to))
}

/// Gives a file or folder another path, in one step; what was at `to` is gone.
#[track_caller]
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Operation<()> {
    between("rename", from, to, |from, to| fs::rename(from, to))
}

/// Gives a file a second path.
#[track_caller]
pub fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    between("link", original, link, |original, link| fs::hard_link(original, link))
}

/// Makes `link`, which leads to `original`, whether there is one or not.
#[track_caller]
pub fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> Operation<()> {
    between("link", original, link, |original, link| std::os::unix::fs::symlink(original, link))
}

/// Where a symbolic link leads.
#[track_caller]
pub fn read_link(path: impl AsRef<Path>) -> Operation<PathBuf> {
    looking("read the link", path, |path| fs::read_link(path))
}

/// Takes away a path of a file; with the last one, and when nobody has it open, the file is gone.
#[track_caller]
pub fn remove_file(path: impl AsRef<Path>) -> Operation<()> {
    changing("remove", path, |path| fs::remove_file(path))
}

/// Makes a folder.
#[track_caller]
pub fn create_dir(path: impl AsRef<Path>) -> Operation<()> {
    changing("create the folder", path, |path| fs::create_dir(path))
}

/// Makes a folder and those above it, as far as there are none.
#[track_caller]
pub fn create_dir_all(path: impl AsRef<Path>) -> Operation<()> {
    changing("create the folder", path, |path| fs::create_dir_all(path))
}

/// Removes an empty folder.
#[track_caller]
pub fn remove_dir(path: impl AsRef<Path>) -> Operation<()> {
    changing("remove the folder", path, |path| fs::remove_dir(path))
}

/// Removes a folder with all that is in it; follows no symbolic link.
#[track_caller]
pub fn remove_dir_all(path: impl AsRef<Path>) -> Operation<()> {
    changing("remove the folder", path, |path| fs::remove_dir_all(path))
}

/// What the system knows about what is at `path`, or where that leads as a symbolic link.
#[track_caller]
pub fn metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    looking("read the metadata of", path, |path| fs::metadata(path))
}

/// What the system knows about what is at `path`, be it a symbolic link.
#[track_caller]
pub fn symlink_metadata(path: impl AsRef<Path>) -> Operation<Metadata> {
    looking("read the metadata of", path, |path| fs::symlink_metadata(path))
}

/// Changes who may do what with what is at `path`.
#[track_caller]
pub fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> Operation<()> {
    changing("set the permissions of", path, move |path| fs::set_permissions(path, permissions))
}

/// The path from the root, without symbolic links and dots.
#[track_caller]
pub fn canonicalize(path: impl AsRef<Path>) -> Operation<PathBuf> {
    looking("resolve", path, |path| fs::canonicalize(path))
}

/// Whether there is something at `path`; an error is that this cannot be known.
#[track_caller]
pub fn try_exists(path: impl AsRef<Path>) -> Operation<bool> {
    looking("look for", path, |path| fs::exists(path))
}
