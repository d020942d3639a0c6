//! Blocks of memory for channels, recycled by the thread that frees them.
//!
//! A channel for one value lives for one answer, and most of its price is the allocator's. A block
//! that is freed stays with its thread for the next channel made there: a load and a store. Blocks
//! come one by one from the global allocator, and any thread may give one back to it.
#![expect(unsafe_code, reason = "raw blocks, handed out and taken back by their size")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Sizes are 8 less than a multiple of this: allocators keep 8 bytes of their own before a block, so
/// that such a one fills whole cache lines. The first holds a value of 8 bytes.
const CLASS_STEP: usize = 64;
/// Blocks of up to 248 bytes; a greater value costs more to move than its block to find.
const CLASSES: usize = 4;
const CLASS_ALIGN: usize = 16;
/// What a thread keeps of a class: the answers that are under way at a time in a busy task or two,
/// 40 KB if all classes are full.
const KEPT_MAX: u32 = 64;
/// A model, and an interpreter that looks for errors, are to see each block made and freed.
const RECYCLES: bool = !cfg!(any(loom, miri));

/// The blocks that one thread keeps, by class.
struct Pool {
    shelves: [Shelf; CLASSES],
}

struct Shelf {
    first: Cell<*mut FreeBlock>,
    /// How many more it takes: none before it is opened, and none after the thread's end.
    room: Cell<u32>,
    opened: Cell<bool>,
}

/// What a free block holds: the way to the next one.
struct FreeBlock {
    next: *mut FreeBlock,
}

std::thread_local! {
    /// Without a destructor, so that reaching it asks nothing.
    static POOL: Pool = const {
        Pool {
            shelves: [const {
                Shelf {
                    first: Cell::new(ptr::null_mut()),
                    room: Cell::new(0),
                    opened: Cell::new(false),
                }
            }; CLASSES],
        }
    };
    /// Frees what is in the pool when the thread ends. It is there before the first block is, and no
    /// block comes after it.
    static END: End = const { End };
}

/// Empties the thread's pool when it is dropped.
struct End;

/// What a block is asked for with, known at compile time.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    layout: Layout,
    /// [`CLASSES`] if it has none.
    class: usize,
}

impl Shape {
    pub(super) const fn of(layout: Layout) -> Shape {
        let class = (layout.size() + 7) / CLASS_STEP;
        if !RECYCLES || layout.align() > CLASS_ALIGN || class >= CLASSES {
            return Shape { layout, class: CLASSES };
        }
        match Layout::from_size_align((class + 1) * CLASS_STEP - 8, CLASS_ALIGN) {
            Ok(layout) => Shape { layout, class },
            Err(_) => Shape { layout, class: CLASSES },
        }
    }
}

/// A block of this shape.
#[inline]
pub(super) fn take(shape: Shape) -> NonNull<u8> {
    if shape.class < CLASSES
        && let Some(block) = POOL.with(|pool| pool.shelves[shape.class].take())
    {
        return block;
    }
    allocate(shape.layout)
}

/// Takes a block back.
///
/// # Safety
/// `block` came from [`take`], on any thread, for the same `shape`, and is not used again.
#[inline]
pub(super) unsafe fn put(block: NonNull<u8>, shape: Shape) {
    if shape.class < CLASSES
        // SAFETY: the caller gives it up, and a class's blocks are large enough.
        && POOL.with(|pool| unsafe { pool.shelves[shape.class].put(block) })
    {
        return;
    }
    // SAFETY: allocated with this layout, as the caller vouches.
    unsafe { release(block, shape.layout) };
}

#[cold]
#[inline(never)]
fn allocate(layout: Layout) -> NonNull<u8> {
    debug_assert!(layout.size() > 0);
    // SAFETY: a channel has a word, so it has a size.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
/// `block` was allocated with `layout`, and is not used again.
#[cold]
#[inline(never)]
unsafe fn release(block: NonNull<u8>, layout: Layout) {
    // SAFETY: as the caller vouches.
    unsafe { dealloc(block.as_ptr(), layout) };
}

impl Shelf {
    #[inline]
    fn take(&self) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.first.get())?;
        // SAFETY: a block on the shelf is free, and was made a FreeBlock by `put`.
        self.first.set(unsafe { (*block.as_ptr()).next });
        self.room.set(self.room.get() + 1);
        Some(block.cast())
    }

    /// `false`: the shelf is full, or the thread is past its end.
    ///
    /// # Safety
    /// Nobody uses `block`, which is of this shelf's class.
    #[inline]
    unsafe fn put(&self, block: NonNull<u8>) -> bool {
        if self.room.get() == 0 && !self.open() {
            return false;
        }
        let block: *mut FreeBlock = block.as_ptr().cast();
        // SAFETY: the caller's claim; a block of any class holds a pointer.
        unsafe { block.write(FreeBlock { next: self.first.get() }) };
        self.first.set(block);
        self.room.set(self.room.get() - 1);
        true
    }

    /// Has a shelf that is new take blocks. `false`: it is full, or the thread is past its end.
    #[cold]
    #[inline(never)]
    fn open(&self) -> bool {
        let opens = !self.opened.replace(true) && END.try_with(|_| ()).is_ok();
        if opens {
            self.room.set(KEPT_MAX);
        }
        opens
    }
}

impl Drop for End {
    fn drop(&mut self) {
        POOL.with(Pool::clear);
    }
}

impl Pool {
    fn clear(&self) {
        for (class, shelf) in self.shelves.iter().enumerate() {
            let layout = Layout::from_size_align((class + 1) * CLASS_STEP - 8, CLASS_ALIGN)
                .expect("a class is small and its alignment a power of two");
            while let Some(block) = shelf.take() {
                // SAFETY: of this class, and free.
                unsafe { release(block, layout) };
            }
            shelf.opened.set(true);
            shelf.room.set(0);
        }
    }
}

#[cfg(all(test, not(any(loom, miri))))]
mod tests {
    use super::*;

    fn shape(size: usize, align: usize) -> Shape {
        Shape::of(Layout::from_size_align(size, align).unwrap())
    }

    #[test]
    fn a_block_freed_is_the_next_one_taken() {
        let first = take(shape(100, 8));
        // SAFETY: taken above for the same class.
        unsafe { put(first, shape(100, 8)) };
        let again = take(shape(80, 16));
        assert_eq!(first, again, "80 and 100 bytes are one class");
        // SAFETY: as above.
        unsafe { put(again, shape(80, 16)) };
    }

    #[test]
    fn classes_hold_what_they_are_asked_for() {
        for size in 1..300 {
            let shape = shape(size, 8);
            assert!(shape.layout.size() >= size && shape.layout.size() < size + CLASS_STEP);
            assert_eq!(shape.class < CLASSES, size <= 248, "{size}");
        }
        assert_eq!(shape(64, 32).class, CLASSES, "over-aligned");
    }

    #[test]
    fn a_thread_keeps_so_many() {
        let blocks: Vec<_> = (0..KEPT_MAX + 9).map(|_| take(shape(200, 8))).collect();
        for block in blocks {
            // SAFETY: taken above.
            unsafe { put(block, shape(200, 8)) };
        }
        let room = POOL.with(|pool| pool.shelves[shape(200, 8).class].room.get());
        assert_eq!(room, 0);
    }
}
