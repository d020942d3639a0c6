//! Seeded random tests: messages in random pieces, writers over connections that take random amounts.

use corio_stream::{ReadError, StreamReader, streams};
use futures::{AsyncBufReadExt, AsyncReadExt};

use crate::support::{Played, run, soon, spawn, until, yield_now};

/// Numbers that are the same in every run.
#[derive(Default)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| b"ab\n"[self.below(3)]).collect()
    }
}

/// The message that `read_until` has to find, looked for at every place with every separator.
fn first_message(bytes: &[u8], separators: &[Vec<u8>]) -> Option<usize> {
    (1..=bytes.len()).find(|end| separators.iter().any(|one| bytes[..*end].ends_with(one)))
}

#[test]
fn messages_are_the_same_in_whatever_pieces_they_come() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let length = dice.below(200);
        let data = dice.bytes(length);
        let count = 1 + dice.below(3);
        let separators: Vec<Vec<u8>> = (0..count)
            .map(|_| {
                let length = 1 + dice.below(4);
                dice.bytes(length)
            })
            .collect();
        let mut expected = Vec::new();
        let mut rest = &data[..];
        while let Some(end) = first_message(rest, &separators) {
            expected.push(rest[..end].to_vec());
            rest = &rest[end..];
        }
        run(async {
            let (mut reader, feeder) = StreamReader::fed();
            let reading = spawn(async move {
                let list: Vec<&[u8]> = separators.iter().map(Vec::as_slice).collect();
                let mut got = Vec::new();
                loop {
                    match reader.read_until(&list[..]).await {
                        Ok(message) => got.push(message),
                        Err(ReadError::Incomplete(error)) => return (got, error.partial),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
            let mut left = &data[..];
            while !left.is_empty() {
                let (piece, others) = left.split_at((1 + dice.below(9)).min(left.len()));
                feeder.feed_data(piece);
                left = others;
                yield_now().await;
            }
            drop(feeder);
            assert_eq!(reading.await.unwrap(), (expected, rest.to_vec()), "seed {seed}");
        });
    }
}

#[test]
fn every_byte_goes_out_once_and_in_order() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        run(async {
            let played = Played::new(0);
            let (_reader, writer) = streams(played.clone());
            writer.set_write_buffer_limits(5, 20);
            let mut expected = Vec::new();
            for _ in 0..60 {
                match dice.below(6) {
                    0 | 1 => {
                        let length = dice.below(30);
                        let bytes = dice.bytes(length);
                        writer.write(&bytes);
                        expected.extend(bytes);
                    }
                    2 => {
                        let (one, two) = (dice.bytes(3), dice.bytes(4));
                        writer.writelines(&[&one, &two]);
                        expected.extend(one.into_iter().chain(two));
                    }
                    3 => played.allow(dice.below(40)),
                    4 => yield_now().await,
                    _ => {
                        let mut drain = std::pin::pin!(writer.drain());
                        let may_go_on = futures::poll!(drain.as_mut()).is_ready();
                        assert!(may_go_on || writer.write_buffer_size() > 5, "seed {seed}");
                    }
                }
                let written = played.written();
                assert!(expected.starts_with(&written), "seed {seed}");
                assert_eq!(written.len() + writer.write_buffer_size(), expected.len());
            }
            let ends = dice.below(2) == 0;
            if ends {
                writer.write_eof().unwrap();
            }
            let is_dropped = dice.below(2) == 0;
            if is_dropped {
                drop(writer);
            } else {
                writer.close();
            }
            while !played.is_closed() {
                played.allow(1 + dice.below(50));
                yield_now().await;
            }
            assert_eq!(played.written(), expected, "seed {seed}");
            until(|| played.is_closed()).await;
        });
    }
}

#[test]
fn readers_are_sources_of_other_libraries_too() {
    run(async {
        let (mut reader, feeder) = StreamReader::fed();
        feeder.feed_data(b"a line\nand ");
        let mut line = String::new();
        soon(AsyncBufReadExt::read_line(&mut reader, &mut line)).await.unwrap();
        assert_eq!(line, "a line\n");
        feeder.feed_data(b"the rest");
        drop(feeder);
        let mut rest = Vec::new();
        soon(AsyncReadExt::read_to_end(&mut reader, &mut rest)).await.unwrap();
        assert_eq!(rest, b"and the rest");
    });
}
