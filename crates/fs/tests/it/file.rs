//! An open file: what is read and written is what std would have read and written.

use std::io::{ErrorKind, SeekFrom};

use corio_fs::{File, OpenOptions, PathError};
use futures_util::future::join_all;
use futures_util::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::util::{Folder, block_on, kind, poll_once};

/// Bytes of which no two stretches are alike.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 * 7 + at / 65_521) as u8).collect()
}

#[test]
fn what_is_written_is_read() {
    let folder = Folder::new("round-trip");
    for length in [0, 1, 4095, 65_536, 65_537, 3 << 20] {
        let (path, bytes) = (folder.join("file"), bytes(length));
        block_on(async {
            let file = File::create(&path).await.unwrap();
            for piece in bytes.chunks(10_007) {
                file.write_all(piece).await.unwrap();
            }
            file.close().await.unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);

            let file = File::open(&path).await.unwrap();
            let mut whole = vec![9];
            assert_eq!(file.read_to_end(&mut whole).await.unwrap(), length);
            assert_eq!(whole[1..], bytes);
            assert_eq!(file.read(&mut [0; 4]).await.unwrap(), 0);

            file.rewind().await.unwrap();
            let mut piece = vec![0; 977];
            let mut at = 0;
            loop {
                match file.read(&mut piece).await.unwrap() {
                    0 => break,
                    read => assert_eq!(piece[..read], bytes[at..][..read]),
                }
                at = file.stream_position().await.unwrap() as usize;
                if length > 1 << 20 {
                    at = file.seek(SeekFrom::Current(100_000)).await.unwrap() as usize;
                }
                at = at.min(length);
            }
        });
    }
}

#[test]
fn a_large_read_takes_one_large_piece() {
    let folder = Folder::new("large-read");
    let path = folder.file("file", bytes(1 << 20));
    block_on(async {
        let file = File::open(&path).await.unwrap();
        let mut buffer = vec![0; 1 << 20];
        assert_eq!(file.read(&mut buffer).await.unwrap(), 512 * 1024);
    });
}

#[test]
fn a_write_after_a_read_goes_where_the_program_is() {
    let folder = Folder::new("read-write");
    let path = folder.file("file", "0123456789");
    block_on(async {
        let file = OpenOptions::new().read(true).write(true).open(&path).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        file.write_all(b"ab").await.unwrap();
        file.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"45");
        file.write_all(b"cd").await.unwrap();
        assert_eq!(file.stream_position().await.unwrap(), 8);
        file.close().await.unwrap();
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"01ab45cd89");
}

#[test]
fn positions() {
    let folder = Folder::new("positions");
    let path = folder.file("file", "0123456789");
    block_on(async {
        let file = OpenOptions::new().read(true).write(true).open(&path).await.unwrap();
        let mut byte = [0];
        for (to, position, next) in [
            (SeekFrom::Start(3), 3, b'3'),
            (SeekFrom::Current(2), 6, b'6'),
            (SeekFrom::Current(-7), 0, b'0'),
            (SeekFrom::End(-1), 9, b'9'),
            (SeekFrom::Current(-5), 5, b'5'),
        ] {
            assert_eq!(file.seek(to).await.unwrap(), position);
            file.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte[0], next, "{to:?}");
        }
        assert_eq!(kind(file.seek(SeekFrom::Current(-100)).await), ErrorKind::InvalidInput);
        assert_eq!(file.stream_position().await.unwrap(), 6, "a failed seek moves nothing");

        let text = file.seek(SeekFrom::Current(-100)).await.unwrap_err().to_string();
        assert!(text.starts_with(&format!("could not seek in {path:?}: ")), "{text}");
    });
}

#[test]
fn what_is_asked_beside_reads_and_writes_sees_them() {
    let folder = Folder::new("coherent");
    let path = folder.join("file");
    block_on(async {
        let file = File::create_new(&path).await.unwrap();
        file.write_all(b"0123456789").await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 10);
        let mut three = [0; 3];
        assert_eq!(file.read_at(&mut three, 4).await.unwrap(), 3);
        assert_eq!(&three, b"456");

        file.rewind().await.unwrap();
        file.read_exact(&mut three).await.unwrap();
        file.write_all_at(b"xy", 4).await.unwrap();
        file.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"3xy", "what was read ahead is not what is read");

        file.set_len(7).await.unwrap();
        let mut rest = String::new();
        assert_eq!(file.read_to_string(&mut rest).await.unwrap(), 1);
        assert_eq!(rest, "6");
        assert_eq!(file.write_at(b"!", 7).await.unwrap(), 1);
        assert_eq!(file.read_to_string(&mut rest).await.unwrap(), 1, "a file may grow");
        assert_eq!(rest, "6!");

        let mut permissions = file.metadata().await.unwrap().permissions();
        permissions.set_readonly(true);
        file.set_permissions(permissions).await.unwrap();
        file.sync_all().await.unwrap();
        file.sync_data().await.unwrap();
        assert!(file.metadata().await.unwrap().permissions().readonly());
    });
}

#[test]
fn many_positioned_reads_and_writes_side_by_side() {
    let folder = Folder::new("side-by-side");
    let path = folder.join("file");
    block_on(async {
        let file = &File::create_new(&path).await.unwrap();
        let writes = (0..64u64).map(|n| async move {
            file.write_all_at(&[n as u8; 100], n * 100).await.unwrap();
        });
        join_all(writes).await;
        let reads = (0..64u64).map(|n| async move {
            let mut buffer = [0; 100];
            assert_eq!(file.read_at(&mut buffer, n * 100).await.unwrap(), 100);
            assert_eq!(buffer, [n as u8; 100]);
        });
        join_all(reads).await;
    });
}

#[test]
fn clones_and_stds_file_are_where_the_program_is() {
    let folder = Folder::new("clones");
    let path = folder.file("file", "0123456789");
    block_on(async {
        let file = File::open(&path).await.unwrap();
        let mut two = [0; 2];
        file.read_exact(&mut two).await.unwrap();
        let clone = file.try_clone().await.unwrap();
        clone.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"23");
        let mut std = clone.into_std().await.unwrap();
        std::io::Read::read_exact(&mut std, &mut two).unwrap();
        assert_eq!(&two, b"45");
        let again = File::from(std);
        again.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"67");
    });
}

#[test]
fn appends_go_to_the_end_in_whole_lines() {
    let folder = Folder::new("append");
    let path = folder.join("file");
    block_on(async {
        let file = &OpenOptions::new().append(true).create(true).open(&path).await.unwrap();
        let writers = (0..10).map(|writer| async move {
            for line in 0..50 {
                file.write_all(format!("{writer} {line}\n").as_bytes()).await.unwrap();
            }
        });
        join_all(writers).await;
        file.flush().await.unwrap();
    });
    let text = std::fs::read_to_string(&path).unwrap();
    let mut next = [0; 10];
    for line in text.lines() {
        let (writer, number) = line.split_once(' ').expect("whole lines");
        let next = &mut next[writer.parse::<usize>().unwrap()];
        assert_eq!(number.parse(), Ok(*next), "each writer's are in order");
        *next += 1;
    }
    assert_eq!(next, [50; 10]);
}

#[test]
fn the_traits_of_futures() {
    let folder = Folder::new("traits");
    let path = folder.join("file");
    block_on(async {
        let mut file = File::create_new(&path).await.unwrap();
        AsyncWriteExt::write_all(&mut file, b"one two").await.unwrap();
        AsyncWriteExt::flush(&mut file).await.unwrap();
        AsyncSeekExt::seek(&mut file, SeekFrom::Start(4)).await.unwrap();
        let mut text = String::new();
        AsyncReadExt::read_to_string(&mut &file, &mut text).await.unwrap();
        assert_eq!(text, "two");
        AsyncWriteExt::write_all(&mut &file, b"!").await.unwrap();
        AsyncWriteExt::close(&mut file).await.unwrap();
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"one two!");
}

#[test]
fn errors_say_what_and_where() {
    let folder = Folder::new("errors");
    let path = folder.file("file", [b'a', 0xff]);
    block_on(async {
        let missing = folder.join("missing");
        let error = File::open(&missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let text = error.to_string();
        assert!(text.starts_with(&format!("could not open {missing:?}: No such")), "{text}");
        assert_eq!(kind(File::create_new(&path).await), ErrorKind::AlreadyExists);

        let file = File::open(&path).await.unwrap();
        let error = file.read_exact(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert!(error.to_string().ends_with("the file ends after 2 of 8 bytes"), "{error}");
        file.rewind().await.unwrap();
        let mut text = String::from("kept");
        assert_eq!(kind(file.read_to_string(&mut text).await), ErrorKind::InvalidData);
        assert_eq!(text, "kept");

        // It was opened to read.
        file.write_all(b"x").await.unwrap();
        let error = file.flush().await.unwrap_err();
        let inside = PathError::of(&error).unwrap();
        assert_eq!(inside.os_error().raw_os_error(), Some(9));
        assert_eq!((inside.path(), inside.bytes_lost()), (Some(&*path), 1));

        let folder = File::open(folder.path()).await.unwrap();
        assert_eq!(kind(folder.read(&mut [0; 8]).await), ErrorKind::IsADirectory);
    });
}

#[test]
fn what_it_waits_for_is_recorded_with_the_place_that_opened_it() {
    corio_trace::set_enabled(true);
    let (reader, _writer) = std::io::pipe().unwrap();
    let (file, line) = (File::from(std::os::fd::OwnedFd::from(reader)), line!());
    let mut buffer = [0; 1];
    assert!(poll_once(&mut std::pin::pin!(file.read(&mut buffer))).is_pending());
    let wait = corio_trace::take_last_wait().expect("it waits");
    corio_trace::set_enabled(false);
    assert_eq!((wait.kind, wait.place.line()), (corio_trace::WaitKind::Blocking, line));
    assert!(wait.place.file().ends_with("file.rs"));
}

#[test]
fn positions_past_four_gibibytes() {
    let folder = Folder::new("far");
    let far = (5 << 30) + 7;
    block_on(async {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).open(folder.join("file")).await;
        let file = file.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(far)).await.unwrap(), far);
        file.write_all(b"here").await.unwrap();
        assert_eq!(file.stream_position().await.unwrap(), far + 4);
        assert_eq!(file.metadata().await.unwrap().len(), far + 4);
        let mut four = [0; 4];
        assert_eq!(file.read_at(&mut four, far).await.unwrap(), 4);
        assert_eq!(&four, b"here");
        file.write_all_at(b"HE", far).await.unwrap();
        assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), far);
        file.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"HEre");
        file.set_len(far + 2).await.unwrap();
        assert_eq!(file.seek(SeekFrom::End(0)).await.unwrap(), far + 2);
        file.close().await.unwrap();
    });
}
