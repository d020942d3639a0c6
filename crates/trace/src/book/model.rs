//! The book, for models: a slot whose records are told apart by one number, and what stands in the book when a
//! run is over.

use crate::book::slot::{Content, Slot};
use crate::book::{arena, asked, code, names};

/// A record that stands in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whether it is a wait's; otherwise it is of something held.
    pub waits: bool,
    /// What is waited for or held.
    pub object: u64,
    /// Of a wait: whether it is marked as granted.
    pub granted: bool,
}

/// The waits and the held things that stand in the book in this run of a model. For who has joined the other
/// threads: a record that is being written is none yet.
///
/// # Panics
/// If a record is being written.
pub fn records() -> Vec<Record> {
    let contents = arena::all().map(|(number, slot)| {
        slot.read().unwrap_or_else(|| panic!("slot {number} is being written when the run is over"))
    });
    let records = contents.filter(|content| content.code != 0).map(|content| Record {
        waits: code::sort(content.code) == code::LEAF,
        object: content.object,
        granted: content.granted != 0,
    });
    records.collect()
}

/// Whether task `id` has a name in the table of names.
pub fn is_named(id: u64) -> bool {
    names::name(id).is_some()
}

/// Whether task `id` is in the table of those who were asked to end.
pub fn is_asked(id: u64) -> bool {
    asked::asked_to_end().iter().any(|&(of, _)| of == id)
}

/// A slot whose every field is made of one number, so that a mixture of two writes is seen.
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
