//! The bytes a reader has and has not given out yet.
//!
//! ```text
//!   bytes:  | given out | waiting | room |
//!           0         start      end    len
//! ```
//!
//! All of `bytes` is initialised, so that a source reads straight into the room. How much room a read
//! gets follows how much reads bring: twice as much after one that filled it, up to a bound. An empty
//! buffer that has grown large is given back, so that a connection at rest is small.

use std::mem;

/// The room of the first read: a page's worth, as a new connection's first message seldom is longer.
const ROOM_MIN: usize = 4 * 1024;
/// The room of a read at most: what a socket's buffer holds by default in one piece, and asyncio's
/// default limit.
const ROOM_MAX: usize = 64 * 1024;
/// An empty buffer larger than this is freed.
const KEEP_MAX: usize = ROOM_MAX;

#[derive(Debug)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    room: usize,
}

impl ReadBuffer {
    pub(crate) const fn new() -> Self {
        ReadBuffer { bytes: Vec::new(), start: 0, end: 0, room: ROOM_MIN }
    }

    /// What waits to be given out.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(crate) fn len(&self) -> usize {
        self.end - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How much the next read asks for.
    pub(crate) fn next_room(&self) -> usize {
        self.room
    }

    /// Where the next bytes are to be put; [`ReadBuffer::put`] says how many came.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.make_room(self.room);
        &mut self.bytes[self.end..]
    }

    /// So many bytes were put into the room.
    pub(crate) fn put(&mut self, count: usize) {
        let room = self.bytes.len() - self.end;
        assert!(count <= room, "a source says it read {count} bytes into room for {room}");
        if count == room {
            self.room = (self.room * 2).min(ROOM_MAX);
        }
        self.end += count;
    }

    /// Puts `bytes` behind what waits.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.bytes[self.end..][..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    /// Moves what waits to the front, or grows; each byte is moved once for each that was given out.
    fn make_room(&mut self, wanted: usize) {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.bytes.len() - self.end >= wanted {
            return;
        }
        let waiting = self.len();
        if self.start >= waiting {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, waiting);
        }
        let needed = self.end + wanted;
        if self.bytes.len() < needed {
            // Twice as much while it grows: a long message is copied a bounded number of times.
            let grown = if self.end == 0 { needed } else { needed.max(self.bytes.len() * 2) };
            self.bytes.resize(grown, 0);
        }
    }

    /// Copies as many bytes out as there are and `into` takes.
    pub(crate) fn copy_out(&mut self, into: &mut [u8]) -> usize {
        let count = self.len().min(into.len());
        into[..count].copy_from_slice(&self.waiting()[..count]);
        self.skip(count);
        count
    }

    /// Takes the first `count` bytes out.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = if count == self.end && self.start == 0 && count * 2 >= self.bytes.len() {
            // All of a well filled buffer: given away instead of copied.
            self.bytes.truncate(count);
            (self.start, self.end) = (0, 0);
            return mem::take(&mut self.bytes);
        } else {
            self.waiting()[..count].to_vec()
        };
        self.skip(count);
        taken
    }

    /// Drops the first `count` bytes.
    pub(crate) fn skip(&mut self, count: usize) {
        assert!(count <= self.len(), "{count} of {} waiting bytes cannot go", self.len());
        self.start += count;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > KEEP_MAX {
                self.bytes = Vec::new();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_in_the_order_they_went_in() {
        let mut buffer = ReadBuffer::new();
        let mut expected = Vec::new();
        let mut got = Vec::new();
        for step in 0..2000_usize {
            let bytes = vec![step as u8; step * 7 % 300];
            match step % 3 {
                0 => buffer.push(&bytes),
                _ => {
                    let room = buffer.room();
                    room[..bytes.len()].copy_from_slice(&bytes);
                    buffer.put(bytes.len());
                }
            }
            expected.extend_from_slice(&bytes);
            let count = (step * 13 % 310).min(buffer.len());
            match step % 2 {
                0 => got.extend(buffer.take(count)),
                _ => {
                    let mut out = vec![0; count];
                    assert_eq!(buffer.copy_out(&mut out), count);
                    got.extend(out);
                }
            }
        }
        let rest = buffer.take(buffer.len());
        got.extend(rest);
        assert_eq!(got, expected);
        assert!(buffer.is_empty());
    }

    #[test]
    fn room_grows_with_what_reads_bring_and_an_empty_buffer_is_small() {
        let mut buffer = ReadBuffer::new();
        for _ in 0..10 {
            let room = buffer.room().len();
            buffer.put(room);
        }
        assert_eq!(buffer.next_room(), ROOM_MAX);
        let all = buffer.len();
        buffer.skip(all);
        assert_eq!(buffer.bytes.capacity(), 0, "given back");
    }

    #[test]
    fn taking_all_of_a_full_buffer_gives_it_away() {
        let mut buffer = ReadBuffer::new();
        buffer.push(&[7; 5000]);
        let place = buffer.waiting().as_ptr();
        let taken = buffer.take(5000);
        assert_eq!(taken.as_ptr(), place);
        assert_eq!(buffer.take(0), b"");
    }
}
