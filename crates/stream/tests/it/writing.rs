//! Writing, draining and closing, over a connection that the test plays.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use corio_stream::{open_connection, streams};

use crate::support::{Played, run, soon, spawn, until, yield_now};

const CONNRESET: i32 = 104;

#[test]
fn a_write_goes_out_at_once_and_in_one_call() {
    run(async {
        let played = Played::new(100);
        let (_reader, writer) = streams(played.clone());
        writer.write(b"one ");
        writer.writelines(&["two ", "three"]);
        assert_eq!(played.written(), b"one two three");
        assert_eq!(played.calls(), 2);
        assert_eq!(writer.write_buffer_size(), 0);
        writer.close();
        assert!(played.is_closed());
    });
}

#[test]
fn what_is_left_over_goes_out_by_itself_and_in_order() {
    run(async {
        let played = Played::new(3);
        let (_reader, writer) = streams(played.clone());
        writer.write(b"abcdef");
        writer.write(b"");
        writer.write(b"ghi");
        assert_eq!((played.written(), writer.write_buffer_size()), (b"abc".to_vec(), 6));
        for _ in 0..6 {
            yield_now().await;
            played.allow(1);
        }
        until(|| played.written() == b"abcdefghi").await;
        assert_eq!(writer.write_buffer_size(), 0);
        let tasks = corio_executor::current().unwrap().all_tasks();
        yield_now().await;
        assert!(
            tasks.iter().filter(|task| task.name() == "stream-flush").all(|task| task.is_done())
        );
        played.allow(100);
        writer.write(b"j");
        assert_eq!(played.written(), b"abcdefghij", "at once again");
        writer.close();
    });
}

#[test]
fn test_multiple_drain() {
    run(async {
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        let writer = Rc::new(writer);
        writer.write(&[0; 100_000]);
        let drained = Rc::new(Cell::new(0));
        let drainers: Vec<_> = (0..10)
            .map(|_| {
                let (writer, drained) = (writer.clone(), drained.clone());
                spawn(async move {
                    writer.drain().await.unwrap();
                    drained.set(drained.get() + 1);
                })
            })
            .collect();
        yield_now().await;
        // Below the high water, but not at the low one yet.
        played.allow(50_000);
        until(|| writer.write_buffer_size() == 50_000).await;
        yield_now().await;
        assert_eq!(drained.get(), 0);
        played.allow(50_000 - writer.write_buffer_limits().0);
        for drainer in drainers {
            soon(drainer).await.unwrap();
        }
        assert_eq!(drained.get(), 10);
        writer.abort();
    });
}

#[test]
fn test_drain_raises() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    run(async {
        let (_reader, writer) = open_connection(address).await.unwrap();
        let error = soon(async {
            loop {
                writer.write(b"foo\n");
                if let Err(error) = writer.drain().await {
                    break error;
                }
            }
        })
        .await;
        let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.kind()), "{error}");
    });
    server.join().unwrap();
}

#[test]
fn limits_of_the_buffer_can_be_chosen() {
    run(async {
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        writer.set_write_buffer_limits(0, 0);
        soon(writer.drain()).await.unwrap();
        writer.write(b"ab");
        let mut drain = std::pin::pin!(writer.drain());
        assert!(futures::poll!(drain.as_mut()).is_pending());
        played.allow(1);
        yield_now().await;
        yield_now().await;
        assert!(futures::poll!(drain.as_mut()).is_pending(), "one byte is left");
        played.allow(1);
        soon(drain).await.unwrap();
        writer.write(b"cd");
        let mut drain = std::pin::pin!(writer.drain());
        assert!(futures::poll!(drain.as_mut()).is_pending());
        writer.set_write_buffer_limits(2, 4);
        soon(drain).await.unwrap();
        assert_eq!(writer.write_buffer_limits(), (2, 4));
        writer.abort();
    });
}

#[test]
#[should_panic(expected = "low water (5) is above the high water (4)")]
fn limits_the_wrong_way_round_are_refused() {
    run(async {
        let (_reader, writer) = streams(Played::new(0));
        writer.close();
        writer.set_write_buffer_limits(5, 4);
    });
}

#[test]
fn close_sends_what_is_unsent_first() {
    run(async {
        let played = Played::new(0);
        let (mut reader, writer) = streams(played.clone());
        writer.write(b"unsent");
        writer.close();
        writer.write(b" ignored");
        assert!(writer.is_closing() && !played.is_closed());
        soon(writer.drain()).await.expect("little is unsent, and it is under way");
        let waiting = spawn(async move { (writer.wait_closed().await, writer) });
        let reading = spawn(async move { reader.read_some(1).await.unwrap() });
        yield_now().await;
        played.bring(b"not read any more");
        yield_now().await;
        assert!(!waiting.is_finished() && !reading.is_finished());
        played.allow(100);
        let (result, writer) = soon(waiting).await.unwrap();
        result.unwrap();
        assert_eq!(played.written(), b"unsent");
        assert!(played.is_closed() && !played.is_aborted());
        assert_eq!(soon(reading).await.unwrap(), b"");
        let error = writer.drain().await.unwrap_err();
        assert!(error.to_string().contains("Connection lost"), "{error}");
    });
}

#[test]
fn who_drains_while_another_closes_hears_that_all_was_sent() {
    run(async {
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        writer.write(&[7; 100_000]);
        let mut drain = std::pin::pin!(writer.drain());
        assert!(futures::poll!(drain.as_mut()).is_pending());
        writer.close();
        played.allow(100_000);
        soon(drain).await.expect("it went out, and then came the end");
        soon(writer.wait_closed()).await.unwrap();
        assert_eq!(played.written().len(), 100_000);
        assert!(writer.drain().await.is_err(), "begun after the end");
    });
}

#[test]
fn end_of_file_comes_after_what_is_unsent() {
    run(async {
        let played = Played::new(1);
        let (_reader, writer) = streams(played.clone());
        writer.write(b"ab");
        writer.write_eof().unwrap();
        writer.write_eof().unwrap();
        assert!(!played.has_eof());
        played.allow(1);
        until(|| played.has_eof()).await;
        assert_eq!(played.written(), b"ab");
        writer.close();
        assert!(played.is_closed());
    });
}

#[test]
#[should_panic(expected = "write() after write_eof()")]
fn nothing_is_written_after_the_end() {
    run(async {
        let (_reader, writer) = streams(Played::new(9));
        writer.write_eof().unwrap();
        writer.write(b"too late");
    });
}

#[test]
#[should_panic(expected = "write() after write_eof()")]
fn that_it_is_a_mistake_does_not_hang_on_when_the_connection_ends() {
    run(async {
        let (_reader, writer) = streams(Played::new(9));
        writer.write_eof().unwrap();
        writer.abort();
        writer.write(b"too late");
    });
}

#[test]
fn abort_drops_what_is_unsent() {
    run(async {
        let played = Played::new(0);
        let (mut reader, writer) = streams(played.clone());
        writer.write(&[0; 100_000]);
        let mut drain = std::pin::pin!(writer.drain());
        assert!(futures::poll!(drain.as_mut()).is_pending());
        writer.abort();
        assert_eq!(soon(drain).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        soon(writer.wait_closed()).await.unwrap();
        assert!(played.is_aborted());
        assert_eq!(writer.write_buffer_size(), 0);
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        let core = corio_executor::current().unwrap();
        until(|| core.all_tasks().iter().all(|task| task.name() != "stream-flush")).await;
    });
}

#[test]
fn a_failed_write_is_told_by_drain_and_reading_goes_on() {
    run(async {
        let played = Played::new(0);
        let (mut reader, writer) = streams(played.clone());
        played.bring(b"the last words");
        played.fail(CONNRESET);
        writer.write(b"into the void");
        assert!(writer.is_closing());
        for _ in 0..2 {
            let error = soon(writer.drain()).await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(CONNRESET));
        }
        assert_eq!(soon(writer.wait_closed()).await.unwrap_err().raw_os_error(), Some(CONNRESET));
        assert_eq!(reader.read_some(100).await.unwrap(), b"the last words");
        writer.close();
        assert!(played.is_aborted());
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
    });
}

#[test]
fn a_failure_in_the_midst_wakes_who_drains() {
    run(async {
        let played = Played::new(10);
        let (_reader, writer) = streams(played.clone());
        writer.write(&[0; 100_000]);
        let mut drain = std::pin::pin!(writer.drain());
        assert!(futures::poll!(drain.as_mut()).is_pending());
        played.fail(CONNRESET);
        assert_eq!(soon(drain).await.unwrap_err().raw_os_error(), Some(CONNRESET));
        writer.close();
    });
}

#[test]
fn a_connection_that_panics_has_ended() {
    run(async {
        for room in [0, 1] {
            let played = Played::new(room);
            let (mut reader, writer) = streams(played.clone());
            if room > 0 {
                writer.write(b"ab");
            }
            played.fail(0);
            let write = std::panic::AssertUnwindSafe(|| writer.write(b"c"));
            // The writer's panic, or that of the task that sends what was left over.
            assert_eq!(std::panic::catch_unwind(write).is_err(), room == 0);
            let error = soon(writer.wait_closed()).await.unwrap_err();
            assert!(error.to_string().contains("given up"), "{error}");
            assert!(played.is_aborted());
            assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        }
    });
}

#[test]
fn a_dropped_writer_sends_what_is_unsent() {
    run(async {
        let played = Played::new(2);
        let (_reader, writer) = streams(played.clone());
        writer.write(b"abcd");
        drop(writer);
        assert!(!played.is_closed());
        played.allow(2);
        until(|| played.is_closed()).await;
        assert_eq!(played.written(), b"abcd");
    });
}

#[test]
fn a_cancelled_flush_goes_on_for_a_little() {
    run(async {
        for turns_before in [0, 1, 3] {
            let played = Played::new(0);
            let (_reader, writer) = streams(played.clone());
            writer.write(b"abcd");
            writer.close();
            for _ in 0..turns_before {
                yield_now().await;
            }
            let core = corio_executor::current().unwrap();
            let is_flush = |task: &corio_executor::Task| task.name() == "stream-flush";
            let flush = core.all_tasks().into_iter().find(is_flush).expect("it waits for room");
            assert!(flush.cancel("the end of the run"));
            yield_now().await;
            yield_now().await;
            assert!(!flush.is_done(), "cancelled after {turns_before} turns");
            played.allow(4);
            soon(writer.wait_closed()).await.unwrap();
            assert_eq!(played.written(), b"abcd");
        }
    });
}

#[test]
fn a_cancelled_flush_gives_up_in_the_end() {
    run(async {
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        writer.write(b"abcd");
        writer.close();
        let core = corio_executor::current().unwrap();
        core.all_tasks().iter().filter(|task| task.name() == "stream-flush").for_each(|task| {
            task.cancel("the end of the run");
        });
        // After a second of real time: that is what is promised.
        let error = soon(writer.wait_closed()).await.unwrap_err();
        assert!(error.to_string().contains("4 bytes unsent"), "{error}");
        assert!(played.is_aborted() && played.written().is_empty());
    });
}

#[test]
fn a_task_that_only_writes_gives_way() {
    run(async {
        let played = Played::new(usize::MAX);
        let (_reader, writer) = streams(played.clone());
        let turns = Rc::new(Cell::new(0));
        let counting = turns.clone();
        let other = spawn(async move {
            loop {
                counting.set(counting.get() + 1);
                yield_now().await;
            }
        });
        spawn(async move {
            for _ in 0..1000 {
                writer.write(b"x");
                writer.drain().await.unwrap();
            }
            writer.close();
        })
        .await
        .unwrap();
        assert!(turns.get() >= 5, "{} turns in 1000 drains", turns.get());
        other.abort();
    });
}

#[test]
fn sending_much_gives_way() {
    const MUCH: usize = 8 << 20;
    run(async {
        let played = Played::new(0);
        let (_reader, writer) = streams(played.clone());
        writer.write(&vec![7; MUCH]);
        yield_now().await;
        played.allow(usize::MAX / 2);
        let mut turns = 0;
        while writer.write_buffer_size() > 0 {
            turns += 1;
            assert!(turns < 1000, "it does not go on");
            yield_now().await;
        }
        assert!(turns >= MUCH / (512 * 1024), "all in {turns} turns");
        assert_eq!(played.written().len(), MUCH);
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
    });
}

#[test]
fn threads_may_share_a_writer() {
    const THREADS: u8 = 4;
    const MESSAGES: u32 = 5000;
    run(async {
        let (here, there) = corio_net::UnixStream::pair().unwrap();
        let ((_near, writer), (mut reader, _far)) = (streams(here), streams(there));
        let writer = std::sync::Arc::new(writer);
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let writer = writer.clone();
                std::thread::spawn(move || {
                    for message in 0..MESSAGES {
                        let [a, b, c, d] = message.to_be_bytes();
                        writer.write(&[thread, a, b, c, d, b'.', b'.', b'\n']);
                    }
                })
            })
            .collect();
        let mut next = [0; THREADS as usize];
        for _ in 0..u32::from(THREADS) * MESSAGES {
            let message = soon(reader.read_exactly(8)).await.unwrap();
            let thread = usize::from(message[0]);
            let number = u32::from_be_bytes(message[1..5].try_into().unwrap());
            assert_eq!(number, next[thread], "each thread's in order: {message:?}");
            assert_eq!(&message[5..], b"..\n", "whole: {message:?}");
            next[thread] += 1;
        }
        for thread in threads {
            thread.join().unwrap();
        }
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
    });
}
