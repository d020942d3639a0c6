//! In which order a queue's items leave it.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

/// Where a queue keeps its items, and which one is next. Only the queues of this crate have one.
pub trait Store: private::Sealed {
    /// What is kept.
    type Item;

    /// Adds an item.
    fn push(&mut self, item: Self::Item);
    /// Takes the next one.
    fn pop(&mut self) -> Option<Self::Item>;
    /// How many there are.
    fn count(&self) -> usize;
    /// Takes everything out, as a store of its own.
    #[must_use]
    fn take(&mut self) -> Self;
}

mod private {
    pub trait Sealed: Sized {}
    impl<T> Sealed for super::Fifo<T> {}
    impl<T> Sealed for super::Lifo<T> {}
    impl<T> Sealed for super::Smallest<T> {}
}

/// First in, first out.
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out.
pub struct Lifo<T>(Vec<T>);

/// The smallest one first, and of equal ones that which came first.
pub struct Smallest<T> {
    heap: BinaryHeap<Reverse<Numbered<T>>>,
    /// The number of the next item. 64 bits do not run out.
    next: u64,
}

/// An item, and when it came.
struct Numbered<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Ord for Numbered<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.item.cmp(&other.item).then(self.number.cmp(&other.number))
    }
}

impl<T: Ord> PartialOrd for Numbered<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Numbered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Numbered<T> {}

impl<T> Fifo<T> {
    pub(super) const fn new() -> Self {
        Fifo(VecDeque::new())
    }
}

impl<T> Lifo<T> {
    pub(super) const fn new() -> Self {
        Lifo(Vec::new())
    }
}

impl<T: Ord> Smallest<T> {
    pub(super) const fn new() -> Self {
        Smallest { heap: BinaryHeap::new(), next: 0 }
    }
}

impl<T> Store for Fifo<T> {
    type Item = T;

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push_back(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self) -> Self {
        Fifo(std::mem::take(&mut self.0))
    }
}

impl<T> Store for Lifo<T> {
    type Item = T;

    #[inline]
    fn push(&mut self, item: T) {
        self.0.push(item);
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self) -> Self {
        Lifo(std::mem::take(&mut self.0))
    }
}

impl<T: Ord> Store for Smallest<T> {
    type Item = T;

    fn push(&mut self, item: T) {
        let number = self.next;
        self.next += 1;
        self.heap.push(Reverse(Numbered { item, number }));
    }

    fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|Reverse(numbered)| numbered.item)
    }

    fn count(&self) -> usize {
        self.heap.len()
    }

    fn take(&mut self) -> Self {
        Smallest { heap: std::mem::take(&mut self.heap), next: self.next }
    }
}

// The items are the user's, and a queue's lock is no place for their `Debug`: numbers only.

impl<T> fmt::Debug for Fifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fifo [items:{}]", self.0.len())
    }
}

impl<T> fmt::Debug for Lifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lifo [items:{}]", self.0.len())
    }
}

impl<T> fmt::Debug for Smallest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smallest [items:{}]", self.heap.len())
    }
}
