//! The slot, for its model: records that are told apart by one number.

use crate::book::slot::{Content, Slot};

/// A slot whose every field is made of one number, so that a mixture of two writes is seen.
#[derive(Debug)]
pub struct Numbered(Slot);

impl Numbered {
    /// A free slot.
    #[expect(clippy::new_without_default, reason = "for models, which say what they do")]
    pub fn new() -> Self {
        Numbered(Slot::new())
    }

    /// Writes number 1 or 2; for the slot's owner.
    pub fn write(&self, n: u32) {
        self.0.write(&content(n));
    }

    /// Writes number 1 or 2 as a task's, whose counters begin, and counts that task's polls up to its number;
    /// for the slot's owner.
    pub fn write_task(&self, n: u32) {
        self.0.write_task(&content(n), n as usize);
        for _ in 0..n {
            self.0.count_half_poll();
        }
    }

    /// As [`Numbered::read`], of a slot that [`Numbered::write_task`] wrote.
    ///
    /// # Panics
    /// If the fields are of different writes, or the counters of another task.
    pub fn read_task(&self) -> Option<u32> {
        let (read, counters) = self.0.read_counted()?;
        assert!(read.code == 0 || read == content(read.code), "a mixture: {read:?}");
        let is_of = counters.home == read.code as usize;
        let polls = counters.polls * 2 - u64::from(counters.is_polled);
        assert!(
            read.code == 0 || is_of && polls <= u64::from(read.code),
            "{counters:?} of another than {read:?}"
        );
        Some(read.code)
    }

    /// Frees the slot; for its owner.
    pub fn clear(&self) {
        self.0.clear();
    }

    /// The number that stands here, 0 after [`Numbered::clear`]; `None` while it is being written.
    ///
    /// # Panics
    /// If the fields are of different writes.
    pub fn read(&self) -> Option<u32> {
        let read = self.0.read()?;
        assert!(read.code == 0 || read == content(read.code), "a mixture: {read:?}");
        Some(read.code)
    }
}

fn content(n: u32) -> Content {
    Content { code: n, use_number: n, task: u64::from(n), ..Content::FREE }
}
