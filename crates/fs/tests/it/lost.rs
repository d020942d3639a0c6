//! Nothing that was written is lost without somebody being told.

use std::io::{ErrorKind, PipeWriter, Read, SeekFrom};
use std::os::fd::OwnedFd;
use std::time::Duration;

use corio_blocking::{Pool, current};
use corio_fs::{File, PathError};
use log::LevelFilter;

use crate::kept_log::{keep_log, logged};
use crate::util::{Folder, LONG, block_on, full, kind, occupied, occupy, wait_until};

/// The write end of a pipe as a file.
fn file(pipe: PipeWriter) -> File {
    File::from(OwnedFd::from(pipe))
}

#[test]
fn a_full_disk_is_told_by_whatever_comes_next() {
    macro_rules! tells {
        ($($what:literal: |$file:ident| $next:expr;)*) => {$(
            block_on(async {
                let $file = full();
                $file.write_all(b"ten bytes.").await.unwrap();
                let mut waited = 0;
                // A write is begun only when the error is known; the others wait for that.
                let error = loop {
                    match $next.await {
                        Err(error) => break error,
                        Ok(_) => waited += 1,
                    }
                    std::thread::yield_now();
                };
                assert!(waited == 0 || $what == "write", "{} succeeded {waited} times", $what);
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{}", $what);
                let lost = PathError::of(&error).unwrap().bytes_lost();
                assert!(lost == 10 + waited, "{}: {lost} of 10 + {waited}", $what);
            });
        )*};
    }
    tells! {
        "write": |file| file.write(b"x");
        "flush": |file| file.flush();
        "seek": |file| file.seek(SeekFrom::Start(0));
        "read": |file| file.read(&mut [0; 4]);
        "read_at": |file| file.read_at(&mut [0; 4], 0);
        "write_at": |file| file.write_at(b"x", 0);
        "sync_all": |file| file.sync_all();
        "sync_data": |file| file.sync_data();
        "set_len": |file| file.set_len(0);
        "metadata": |file| file.metadata();
    }
    for end in [true, false] {
        block_on(async {
            let file = full();
            file.write_all(&vec![0; 1000]).await.unwrap();
            let error = if end { file.close().await } else { file.into_std().await.map(drop) };
            let error = error.unwrap_err();
            assert_eq!(
                error.to_string(),
                "could not write to a file without a path, and 1000 bytes that had been taken are lost: \
                 No space left on device (os error 28)",
            );
        });
    }
}

#[test]
fn an_error_is_told_once_and_the_file_goes_on() {
    block_on(async {
        let file = full();
        for _ in 0..3 {
            file.write_all(b"text").await.unwrap();
            assert_eq!(kind(file.flush().await), ErrorKind::StorageFull);
            file.flush().await.unwrap();
        }
        file.close().await.unwrap();
    });
}

#[test]
fn a_large_write_to_a_full_disk_ends() {
    block_on(async {
        let file = full();
        assert_eq!(kind(file.write_all(&vec![0; 8 << 20]).await), ErrorKind::StorageFull);
    });
}

#[test]
fn a_pipe_nobody_reads() {
    let (reader, writer) = std::io::pipe().unwrap();
    let file = file(writer);
    block_on(async {
        file.write_all(b"read").await.unwrap();
        file.flush().await.unwrap();
        drop(reader);
        file.write_all(b"not read").await.unwrap();
        assert_eq!(kind(file.close().await), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_dropped_file_is_written() {
    let folder = Folder::new("dropped");
    let path = folder.join("file");
    let (pool, gate) = occupied();
    let installed = current::install(pool.clone());
    let file = File::from_std(std::fs::File::create(&path).unwrap());
    block_on(async { file.write_all(b"all of it").await.unwrap() });
    drop(file);
    assert_eq!(std::fs::read(&path).unwrap(), b"", "there is no thread for it yet");
    drop(gate);
    wait_until("it is written", || std::fs::read(&path).unwrap() == b"all of it");
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn what_a_dropped_file_could_not_write_goes_to_the_log() {
    keep_log(LevelFilter::Info);
    let folder = Folder::new("logged");
    let link = folder.join("a-full-device");
    block_on(async {
        corio_fs::symlink("/dev/full", &link).await.unwrap();
        let file = corio_fs::OpenOptions::new().write(true).open(&link).await.unwrap();
        file.write_all(b"ten bytes.").await.unwrap();
    });
    wait_until("it is logged", || !logged("a-full-device").is_empty());
    let lines = logged("a-full-device");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ERROR corio::fs: could not write to "), "{}", lines[0]);
    assert!(lines[0].contains("10 bytes"), "{}", lines[0]);
    assert!(lines[0].contains("No space left"), "{}", lines[0]);
}

#[test]
fn what_was_told_is_not_logged_and_what_was_not_is() {
    keep_log(LevelFilter::Info);
    let folder = Folder::new("told");
    let links = ["told-full-device", "untold-full-device"].map(|name| folder.join(name));
    for (link, told) in links.iter().zip([true, false]) {
        block_on(async {
            corio_fs::symlink("/dev/full", link).await.unwrap();
            let file = corio_fs::OpenOptions::new().write(true).open(link).await.unwrap();
            file.write_all(b"text").await.unwrap();
            if told {
                file.flush().await.unwrap_err();
            } else {
                // The job has ended when the file is dropped.
                while !format!("{file:?}").contains("Idle") {
                    std::thread::yield_now();
                }
            }
        });
    }
    assert_eq!(logged("untold-full-device").len(), 1);
    assert_eq!(logged("/told-full-device").len(), 0);
}

#[test]
fn a_pool_that_is_closed_before_the_turn_came_loses_nothing() {
    let folder = Folder::new("closed-pool");
    let path = folder.join("file");
    let (pool, gate) = occupied();
    let installed = current::install(pool.clone());
    let file = File::from_std(std::fs::File::create(&path).unwrap());
    block_on(async { file.write_all(b"waits in the queue, ").await.unwrap() });
    pool.close();
    assert_eq!(std::fs::read(&path).unwrap(), b"waits in the queue, ");
    // And one that is closed already.
    block_on(async {
        file.write_all(b"has no queue").await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"waits in the queue, has no queue");
        let error = file.read(&mut [0; 4]).await.unwrap_err();
        assert!(error.to_string().contains("the blocking pool did not do it"), "{error}");
        let error = file.seek(SeekFrom::Start(0)).await.unwrap_err();
        assert!(error.to_string().contains("the blocking pool did not do it"), "{error}");
        let error = file.sync_all().await.unwrap_err();
        assert!(error.to_string().contains("the blocking pool is closed"), "{error}");
        file.close().await.unwrap();
    });
    drop(gate);
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn a_shutdown_waits_for_what_is_being_written() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let pool = Pool::new();
    let installed = current::install(pool.clone());
    let file = file(writer);
    let bytes = vec![7; 200 << 10];
    block_on(async { file.write_all(&bytes).await.unwrap() });
    drop(file);
    wait_until("the job begins", || !pool.running().is_empty());
    // A pipe holds 64 KiB: the job is stuck.
    let stuck = pool.shutdown(Duration::from_millis(20));
    assert_eq!(stuck.len(), 1);
    assert_eq!(stuck[0].name(), "write to a file without a path");
    let reads = std::thread::spawn(move || {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        read
    });
    assert!(pool.shutdown(LONG).is_empty());
    assert!(reads.join().unwrap() == bytes);
    drop(installed);
}

#[test]
fn the_end_does_not_wait_for_ever_for_a_pipe_nobody_reads() {
    keep_log(LevelFilter::Info);
    let (reader, writer) = std::io::pipe().unwrap();
    let (pool, gate) = occupied();
    let installed = current::install(pool.clone());
    let file = file(writer);
    block_on(async { file.write_all(&vec![7; 200 << 10]).await.unwrap() });
    pool.close();
    assert_eq!(logged("is still on its way after 2s").len(), 1);
    drop((gate, installed, reader));
    assert_eq!(kind(block_on(file.close())), ErrorKind::BrokenPipe);
}

#[test]
fn a_bounded_queue() {
    let folder = Folder::new("bounded");
    let path = folder.file("file", "text");
    let pool = corio_blocking::Config::new().threads_max(1).queue_max(1).build();
    let installed = current::install(pool.clone());
    let gate = occupy(&pool);
    let waits = pool.spawn(|| ());
    // Operations wait for room; what is done at the position of an open file goes elsewhere.
    let mut operation = corio_fs::read(&path);
    assert!(crate::util::poll_once(&mut operation).is_pending());
    let file = File::from_std(std::fs::File::options().read(true).write(true).open(&path).unwrap());
    block_on(async {
        assert_eq!(file.read(&mut [0; 4]).await.unwrap(), 4);
        assert_eq!(file.seek(SeekFrom::Start(0)).await.unwrap(), 0);
        file.write_all(b"TEXT").await.unwrap();
        file.flush().await.unwrap();
    });
    drop(gate);
    assert_eq!(block_on(operation).unwrap(), b"TEXT");
    block_on(waits).unwrap();
    block_on(file.close()).unwrap();
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn a_writer_without_pause_leaves_a_thread_to_others() {
    let pool = corio_blocking::Config::new().threads_max(1).build();
    let installed = current::install(pool.clone());
    let file = File::from_std(std::fs::File::options().write(true).open("/dev/null").unwrap());
    let bytes = vec![0; 64 << 10];
    block_on(async {
        let mut other = None;
        for _ in 0..1000 {
            file.write_all(&bytes).await.unwrap();
            let other = other.get_or_insert_with(|| pool.spawn(|| ()));
            if other.is_finished() {
                return;
            }
        }
        panic!("the other job never had its turn");
    });
    block_on(file.close()).unwrap();
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}
