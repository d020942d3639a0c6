//! Files, directories and the standard streams.

use std::io::SeekFrom;
use std::ops::Deref;
use std::path::PathBuf;

use corio::fs;
use corio::io::{stderr, stdout};

use super::super::silence;
use super::{run, told};

/// A path that nobody else has; what is there goes with the test, also when it fails.
struct Somewhere(PathBuf);

fn somewhere(what: &str) -> Somewhere {
    let name = format!("corio-told-{what}-{}", std::process::id());
    Somewhere(std::env::temp_dir().join(name))
}

impl Deref for Somewhere {
    type Target = PathBuf;

    fn deref(&self) -> &PathBuf {
        &self.0
    }
}

impl Drop for Somewhere {
    fn drop(&mut self) {
        // At most one of them is there.
        let _ = std::fs::remove_file(&self.0);
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An operation on a path names it.
#[test]
fn of_paths() {
    run("files::of_paths", async || {
        let place = somewhere("path");
        let path = &*place;
        let named = |what: &str| format!("{what} {path:?}");
        told(&named("write to"), || fs::write(path, "text"));
        told(&named("read"), || fs::read(path));
        told(&named("open"), || fs::File::create(path));
        assert!(!fs::try_exists(path).await.unwrap());
        fs::write(path, "text").await.unwrap();
        told(&named("remove"), || fs::remove_file(path));
        fs::remove_file(path).await.unwrap();
        silence();
    });
}

#[test]
fn of_what_moves_in_a_file() {
    run("files::of_what_moves_in_a_file", async || {
        let place = somewhere("moves");
        let path = &*place;
        let file = fs::OpenOptions::new().read(true).write(true).create_new(true).open(path);
        let file = file.await.unwrap();
        told("File::write", || file.write(b"text"));
        told("File::write_all", || file.write_all(b"text"));
        told("File::write_at", || file.write_at(b"text", 0));
        told("File::write_all_at", || file.write_all_at(b"text", 0));
        told("File::flush", || file.flush());
        file.write_all(b"more").await.unwrap();
        told("File::seek", || file.seek(SeekFrom::Start(0)));
        told("File::rewind", || file.rewind());
        told("File::stream_position", || file.stream_position());
        assert_eq!(file.stream_position().await.unwrap(), 4);
        file.rewind().await.unwrap();
        let (mut bytes, mut text) = (Vec::new(), String::new());
        told("File::read", || drop(file.read(&mut [0; 8])));
        told("File::read_exact", || drop(file.read_exact(&mut [0; 8])));
        told("File::read_at", || drop(file.read_at(&mut [0; 8], 0)));
        told("File::read_to_end", || drop(file.read_to_end(&mut bytes)));
        told("File::read_to_string", || drop(file.read_to_string(&mut text)));
        // Nothing was done, and all works.
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!((bytes.as_slice(), text.as_str()), (&b""[..], "more"));
        file.close().await.unwrap();
        fs::remove_file(path).await.unwrap();
        silence();
    });
}

#[test]
fn of_a_file_as_a_whole() {
    run("files::of_a_file_as_a_whole", async || {
        let place = somewhere("whole");
        let path = &*place;
        let file = fs::File::create_new(path).await.unwrap();
        told("File::sync_all", || file.sync_all());
        told("File::sync_data", || file.sync_data());
        told("File::set_len", || file.set_len(8));
        told("File::metadata", || file.metadata());
        let metadata = file.metadata().await.unwrap();
        assert_eq!(metadata.len(), 0);
        told("File::set_permissions", || file.set_permissions(metadata.permissions()));
        told("File::try_clone", || file.try_clone());
        let clone = file.try_clone().await.unwrap();
        told("File::into_std", || clone.into_std());
        told("File::close", || file.close());
        fs::remove_file(path).await.unwrap();
        silence();
    });
}

#[test]
fn of_directories() {
    run("files::of_directories", async || {
        let place = somewhere("directory");
        let path = &*place;
        fs::create_dir(path).await.unwrap();
        fs::write(path.join("entry"), "text").await.unwrap();
        let mut entries = fs::read_dir(path).await.unwrap();
        told("ReadDir::next_entry", || drop(entries.next_entry()));
        let entry = entries.next_entry().await.unwrap().expect("the one that was made");
        told("DirEntry::file_type", || entry.file_type());
        told("DirEntry::metadata", || entry.metadata());
        assert_eq!(entry.metadata().await.unwrap().len(), 4);
        assert!(entries.next_entry().await.unwrap().is_none());
        fs::remove_dir_all(path).await.unwrap();
        silence();
    });
}

#[test]
fn of_standard_streams() {
    run("files::of_standard_streams", async || {
        told("Stdout::write", || drop(stdout().write(b"x")));
        told("Stdout::write_all", || drop(stdout().write_all(b"x")));
        told("Stdout::flush", || drop(stdout().flush()));
        told("Stderr::write", || drop(stderr().write(b"x")));
        told("Stderr::write_all", || drop(stderr().write_all(b"x")));
        told("Stderr::flush", || drop(stderr().flush()));
        silence();
    });
}
