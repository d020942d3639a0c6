//! Operations that are dropped half-way.

use std::future::poll_fn;
use std::io::{SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::task::{Context, Poll};

use corio_blocking::current;
use corio_fs::File;

use crate::util::{Folder, LONG, block_on, occupied, poll_once, wait_until};
use crate::wakes::Wakes;

#[test]
fn what_a_dropped_read_has_read_is_kept() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let file = File::from(OwnedFd::from(reader));
    for _ in 0..3 {
        let mut buffer = [0; 16];
        assert!(poll_once(&mut pin!(file.read(&mut buffer))).is_pending());
    }
    writer.write_all(b"kept").unwrap();
    let mut buffer = [0; 16];
    assert_eq!(block_on(file.read(&mut buffer)).unwrap(), 4);
    assert_eq!(&buffer[..4], b"kept");

    let mut buffer = [0; 16];
    assert!(poll_once(&mut pin!(file.read(&mut buffer))).is_pending());
    drop(writer);
    wait_until("it is read", || format!("{file:?}").contains("Idle"));
    assert_eq!(block_on(file.read(&mut buffer)).unwrap(), 0, "the end, too");
}

#[test]
fn all_who_wait_are_woken_each_once() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let file = File::from(OwnedFd::from(reader));
    let waiters = [(); 3].map(|()| Wakes::new());
    for (_, waker) in &waiters {
        for _ in 0..3 {
            let mut buffer = [0; 16];
            let polled = pin!(file.read(&mut buffer)).poll(&mut Context::from_waker(waker));
            assert!(polled.is_pending());
        }
    }
    writer.write_all(b"text").unwrap();
    for (wakes, _) in &waiters {
        wait_until("it is woken", || wakes.count() > 0);
        assert_eq!(wakes.count(), 1);
    }
}

#[test]
fn an_operation_that_has_not_begun_never_begins() {
    let folder = Folder::new("not-begun");
    let (pool, gate) = occupied();
    let installed = current::install(pool.clone());
    let mut write = corio_fs::write(folder.join("file"), "text");
    assert!(poll_once(&mut write).is_pending());
    drop(write);
    let mut create = File::create(folder.join("other"));
    assert!(poll_once(&mut create).is_pending());
    drop(create);
    // It is not even a job without a poll.
    drop(corio_fs::write(folder.join("third"), "text"));
    drop(gate);
    block_on(pool.spawn(|| ())).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn a_dropped_use_of_a_file_gives_it_back() {
    let folder = Folder::new("given-back");
    let path = folder.file("file", "0123456789");
    let (pool, gate) = occupied();
    let installed = current::install(pool.clone());
    let file = File::from_std(std::fs::File::options().read(true).write(true).open(&path).unwrap());
    assert!(poll_once(&mut pin!(file.set_len(4))).is_pending());
    assert!(poll_once(&mut pin!(file.sync_all())).is_pending());
    assert!(poll_once(&mut pin!(file.write_at(b"x", 0))).is_pending());
    assert!(poll_once(&mut pin!(file.seek(SeekFrom::Start(2)))).is_pending());
    assert!(poll_once(&mut pin!(file.write(b"a"))).is_pending(), "the seek is under way");
    drop(gate);
    block_on(async {
        file.write_all(b"b").await.unwrap();
        file.close().await.unwrap();
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"01b3456789");
    drop(installed);
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn a_seek_that_is_asked_for_again_is_done_once() {
    let folder = Folder::new("seek-again");
    let path = folder.file("file", "0123456789");
    let mut file = File::from_std(std::fs::File::open(path).unwrap());
    let to = SeekFrom::Current(3);
    let mut seek = |context: &mut Context<'_>| {
        futures_util::AsyncSeek::poll_seek(std::pin::Pin::new(&mut file), context, to)
    };
    let mut polls = 0;
    let position = block_on(poll_fn(|context| {
        polls += 1;
        let polled = seek(context);
        // Polled more often than it was woken.
        if polled.is_pending() { seek(context) } else { polled }
    }));
    assert_eq!(position.unwrap(), 3, "in {polls} polls");
    let other = SeekFrom::Current(1);
    assert!(matches!(poll_once(&mut pin!(file.seek(to))), Poll::Pending));
    wait_until("it is done", || format!("{file:?}").contains("Idle"));
    assert_eq!(block_on(file.seek(other)).unwrap(), 7, "another one does not take its result");
}
