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
    let name = ["", "one", "three"][n as usize];
    let number = u64::from(n);
    Content { code: n, use_number: n, task: number, owner: number, name, ..Content::FREE }
}
