//! Blocks for tasks, recycled by the home they were freed at.
//!
//! A task that ends leaves its block to the next one: taking it back is a load and a store, where
//! the allocator asks for some ten times that. Blocks come from the global allocator one by one and
//! may be freed to it by any thread; only the home's thread recycles. At most [`CACHED_BYTES_MAX`]
//! are kept, so that a burst of a million tasks is not a million blocks for ever.
#![expect(unsafe_code, reason = "raw blocks, handed out and taken back by their size class")]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Sizes are rounded up to 8 more than a multiple of this: allocators keep 8 bytes of their own
/// before a block and hand out multiples of 16, so such a block wastes none.
const CLASS_STEP: usize = 16;
/// Classes: blocks of up to 1000 bytes. A future larger than that costs more to fill than its block
/// costs to find.
const CLASSES: usize = 63;
/// What a home keeps at most: a hundred thousand small tasks' blocks.
const CACHED_BYTES_MAX: usize = 16 << 20;

/// Free blocks of one home, by size.
pub(crate) struct Pool {
    heads: [Cell<*mut FreeBlock>; CLASSES],
    cached_bytes: Cell<usize>,
}

/// What a free block holds: the way to the next one.
struct FreeBlock {
    next: *mut FreeBlock,
}

/// What a block is asked for with: its layout, and its class if it has one, known at compile time.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    layout: Layout,
    /// [`CLASSES`] if it has none.
    class: usize,
}

impl Shape {
    pub(crate) const fn of(layout: Layout) -> Shape {
        let class = (layout.size() + CLASS_STEP / 2 - 1) / CLASS_STEP;
        let small = layout.align() <= CLASS_STEP && class < CLASSES;
        Shape { layout, class: if small { class } else { CLASSES } }
    }

    /// The layout that a block is really allocated with.
    fn block(self) -> Layout {
        if self.class < CLASSES { class_layout(self.class) } else { self.layout }
    }
}

const fn class_size(class: usize) -> usize {
    class * CLASS_STEP + CLASS_STEP / 2
}

fn class_layout(class: usize) -> Layout {
    Layout::from_size_align(class_size(class), CLASS_STEP)
        .expect("a class is small and its alignment a power of two")
}

/// A block from the global allocator.
pub(crate) fn allocate(shape: Shape) -> NonNull<u8> {
    let layout = shape.block();
    debug_assert!(layout.size() > 0);
    // SAFETY: a task's header alone has a size.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives a block back to the global allocator.
///
/// # Safety
/// `block` came from [`allocate`] or [`Pool::take`] for the same `shape` and is not used again.
#[cold]
pub(crate) unsafe fn release(block: NonNull<u8>, shape: Shape) {
    // SAFETY: allocated with this layout, as the caller vouches.
    unsafe { dealloc(block.as_ptr(), shape.block()) }
}

impl Pool {
    pub(crate) fn new() -> Self {
        Pool { heads: [const { Cell::new(ptr::null_mut()) }; CLASSES], cached_bytes: Cell::new(0) }
    }

    /// A block of this shape.
    #[inline]
    pub(crate) fn take(&self, shape: Shape) -> NonNull<u8> {
        if let Some(head) = self.heads.get(shape.class)
            && let Some(block) = NonNull::new(head.get())
        {
            // SAFETY: a block in the list is free, and was made a FreeBlock by `put`.
            head.set(unsafe { (*block.as_ptr()).next });
            self.cached_bytes.set(self.cached_bytes.get() - class_size(shape.class));
            return block.cast();
        }
        allocate(shape)
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// As [`release`].
    #[inline]
    pub(crate) unsafe fn put(&self, block: NonNull<u8>, shape: Shape) {
        let bytes = self.cached_bytes.get() + class_size(shape.class);
        match self.heads.get(shape.class) {
            Some(head) if bytes <= CACHED_BYTES_MAX => {
                let free: *mut FreeBlock = block.as_ptr().cast();
                // SAFETY: a block is at least as large as a task's header and aligned to 16.
                unsafe { free.write(FreeBlock { next: head.get() }) };
                head.set(free);
                self.cached_bytes.set(bytes);
            }
            // SAFETY: the caller's claim.
            _ => unsafe { release(block, shape) },
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (class, head) in self.heads.iter().enumerate() {
            let mut next = head.get();
            while let Some(block) = NonNull::new(next) {
                // SAFETY: as in `take`; the list ends with this walk.
                unsafe {
                    next = (*next).next;
                    dealloc(block.as_ptr().cast(), class_layout(class));
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_block_freed_is_the_next_one_taken() {
        let pool = Pool::new();
        let layout = Shape::of(Layout::from_size_align(100, 8).unwrap());
        let first = pool.take(layout);
        // SAFETY: taken above for the same layout.
        unsafe { pool.put(first, layout) };
        let again = pool.take(Shape::of(Layout::from_size_align(97, 8).unwrap()));
        assert_eq!(first, again, "100 and 97 bytes are one class");
        // SAFETY: as above.
        unsafe { release(again, layout) };
    }

    #[test]
    fn classes_hold_what_they_are_asked_for() {
        for size in 88..2000 {
            let layout = Layout::from_size_align(size, 8).unwrap();
            let block = Shape::of(layout).block();
            assert!(block.size() >= size && block.size() < size + CLASS_STEP, "{size}");
        }
    }

    #[test]
    fn large_and_over_aligned_blocks_are_the_allocators() {
        let pool = Pool::new();
        for layout in [(4096, 8), (256, 64)] {
            let layout = Layout::from_size_align(layout.0, layout.1).unwrap();
            let shape = Shape::of(layout);
            let block = pool.take(shape);
            assert_eq!(block.as_ptr() as usize % layout.align(), 0);
            // SAFETY: taken above for the same shape.
            unsafe { pool.put(block, shape) };
            assert_eq!(pool.cached_bytes.get(), 0);
        }
    }
}
