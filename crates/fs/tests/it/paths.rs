//! Files and folders by their paths.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::pin::pin;

use corio_fs::PathError;
use futures_util::StreamExt;

use crate::util::{Folder, block_on, kind, poll_once};

#[test]
fn files() {
    let folder = Folder::new("files");
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.join(name));
    block_on(async {
        corio_fs::write(&a, "one").await.unwrap();
        corio_fs::append(&a, "two").await.unwrap();
        corio_fs::append(&b, "new").await.unwrap();
        assert_eq!(corio_fs::read(&a).await.unwrap(), b"onetwo");
        assert_eq!(corio_fs::read_to_string(&b).await.unwrap(), "new");
        assert_eq!(corio_fs::copy(&a, &b).await.unwrap(), 6);
        corio_fs::rename(&b, &c).await.unwrap();
        assert!(!corio_fs::try_exists(&b).await.unwrap());
        assert!(corio_fs::try_exists(&c).await.unwrap());

        corio_fs::hard_link(&c, &b).await.unwrap();
        corio_fs::remove_file(&c).await.unwrap();
        corio_fs::symlink("b", &c).await.unwrap();
        assert_eq!(corio_fs::read_link(&c).await.unwrap().to_str(), Some("b"));
        assert_eq!(corio_fs::read(&c).await.unwrap(), b"onetwo");
        let [file, link] = [corio_fs::metadata(&c).await, corio_fs::symlink_metadata(&c).await];
        assert!(file.unwrap().is_file());
        assert!(link.unwrap().is_symlink());
        let real = folder.path().canonicalize().unwrap().join("b");
        assert_eq!(corio_fs::canonicalize(&c).await.unwrap(), real);

        let mut permissions = corio_fs::metadata(&a).await.unwrap().permissions();
        permissions.set_readonly(true);
        corio_fs::set_permissions(&a, permissions.clone()).await.unwrap();
        assert_eq!(corio_fs::metadata(&a).await.unwrap().permissions(), permissions);
    });
}

#[test]
fn folders() {
    let folder = Folder::new("folders");
    block_on(async {
        let deep = folder.join("a/b/c");
        assert_eq!(kind(corio_fs::create_dir(&deep).await), ErrorKind::NotFound);
        corio_fs::create_dir_all(&deep).await.unwrap();
        assert_eq!(
            kind(corio_fs::remove_dir(folder.join("a")).await),
            ErrorKind::DirectoryNotEmpty
        );
        corio_fs::remove_dir(&deep).await.unwrap();
        corio_fs::remove_dir_all(folder.join("a")).await.unwrap();
        corio_fs::create_dir(folder.join("a")).await.unwrap();
        assert!(corio_fs::metadata(folder.join("a")).await.unwrap().is_dir());
    });
}

#[test]
fn errors_name_both_paths() {
    block_on(async {
        let error = corio_fs::rename("/no/such", "/nor/this").await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("could not rename \"/no/such\" to \"/nor/this\": "), "{text}");
        let inside = PathError::of(&error).unwrap();
        assert_eq!(inside.operation(), "rename");
        assert_eq!(inside.other_path().unwrap().to_str(), Some("/nor/this"));
        assert_eq!(kind(corio_fs::read("/").await), ErrorKind::IsADirectory);
        assert_eq!(kind(corio_fs::write("/no/such", "").await), ErrorKind::NotFound);
        assert_eq!(kind(corio_fs::read_dir("/no/such").await), ErrorKind::NotFound);
    });
}

#[test]
fn the_entries_of_a_folder() {
    let folder = Folder::new("entries");
    // More than one trip brings, none, and just as many.
    for count in [0, 1, 64, 128, 300] {
        let inner = folder.join(&format!("of-{count}"));
        std::fs::create_dir(&inner).unwrap();
        let names: BTreeSet<String> = (0..count).map(|n| format!("file-{n}")).collect();
        names.iter().for_each(|name| std::fs::write(inner.join(name), "text").unwrap());
        block_on(async {
            let mut seen = BTreeSet::new();
            let mut entries = corio_fs::read_dir(&inner).await.unwrap();
            loop {
                // Dropped half-way, it loses nothing.
                if let std::task::Poll::Ready(entry) = poll_once(&mut pin!(entries.next_entry())) {
                    let Some(entry) = entry.unwrap() else { break };
                    assert!(seen.insert(entry.file_name().into_string().unwrap()));
                    continue;
                }
                let Some(entry) = entries.next_entry().await.unwrap() else { break };
                assert!(entry.file_type().await.unwrap().is_file());
                assert_eq!(entry.metadata().await.unwrap().len(), 4);
                assert_eq!(entry.path(), inner.join(entry.file_name()));
                assert!(seen.insert(entry.file_name().into_string().unwrap()));
            }
            assert_eq!(seen, names);
            assert!(entries.next_entry().await.unwrap().is_none(), "the end stays");
            let stream = corio_fs::read_dir(&inner).await.unwrap();
            assert_eq!(stream.map(Result::unwrap).count().await, count);
        });
    }
}

#[test]
fn names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("bytes");
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9\xff"));
    block_on(async {
        corio_fs::write(&path, b"bytes").await.unwrap();
        let mut entries = corio_fs::read_dir(folder.path()).await.unwrap();
        let entry = entries.next_entry().await.unwrap().expect("one is there");
        assert_eq!(entry.path(), path);
        assert_eq!(corio_fs::read(entry.path()).await.unwrap(), b"bytes");
        corio_fs::remove_file(&path).await.unwrap();
        let error = corio_fs::metadata(&path).await.unwrap_err();
        assert_eq!(PathError::of(&error).unwrap().path(), Some(&*path));
        assert!(error.to_string().contains(r"caf\xE9\xFF"), "{error}");
    });
}

#[test]
fn a_folder_that_is_read_by_calls_that_are_dropped_loses_no_entry() {
    let folder = Folder::new("many");
    const COUNT: usize = 300;
    for number in 0..COUNT {
        folder.file(&number.to_string(), "");
    }
    block_on(async {
        let mut entries = corio_fs::read_dir(folder.path()).await.unwrap();
        let mut names = BTreeSet::new();
        loop {
            // Half of the calls are given up if they have to wait.
            let given_up = poll_once(&mut pin!(entries.next_entry()));
            let entry = match given_up {
                std::task::Poll::Ready(entry) => entry,
                std::task::Poll::Pending => entries.next_entry().await,
            };
            match entry.unwrap() {
                Some(entry) => assert!(names.insert(entry.file_name())),
                None => break,
            }
        }
        assert_eq!(names.len(), COUNT);
        // One that is left in the middle is closed.
        let mut entries = corio_fs::read_dir(folder.path()).await.unwrap();
        entries.next_entry().await.unwrap();
    });
}
