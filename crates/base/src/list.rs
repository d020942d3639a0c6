//! A doubly linked list through nodes that lie in somebody else's memory.
//!
//! A future that waits embeds its node, so waiting allocates nothing and leaving is O(1) from
//! anywhere in the list. The list owns no node and never drops one: it knows addresses. It locks
//! nothing either; whoever owns it keeps it behind a lock, together with the links of its nodes.
//!
//! ```text
//!   List            node              node              node
//!   head ─────────▶ next ───────────▶ next ───────────▶ next ──▶ none
//!   tail ─┐ none ◀─ prev ◀─────────── prev ◀─────────── prev
//!         └──────────────────────────────────────────────▲
//! ```
//!
//! **Aliasing**: a node is reached by its owner through `&Node` and by the list through the address
//! that the owner handed in. Both are shared; what changes lies in cells ([`Links`] is one, and the
//! node's own fields must be). [`Links`] is not `Unpin`, so a pinned `&mut` to a node claims no
//! exclusive access to it.
#![expect(unsafe_code, reason = "nodes are reached by address; their owners keep them in place")]

use std::fmt;
use std::marker::PhantomPinned;
use std::ptr::NonNull;

use crate::loom::cell::UnsafeCell;

/// A node's neighbours; part of each node.
pub struct Links<T> {
    /// # Invariant
    /// Reached only through the list that the node is in, by whoever has `&mut` to that list.
    pointers: UnsafeCell<Pointers<T>>,
    _pinned: PhantomPinned,
}

struct Pointers<T> {
    prev: Option<NonNull<T>>,
    next: Option<NonNull<T>>,
}

impl<T> Links<T> {
    /// Of a node that is in no list.
    #[cfg(not(loom))]
    #[inline]
    pub const fn new() -> Self {
        Links {
            pointers: UnsafeCell::new(Pointers { prev: None, next: None }),
            _pinned: PhantomPinned,
        }
    }

    /// Of a node that is in no list.
    #[cfg(loom)]
    pub fn new() -> Self {
        Links {
            pointers: UnsafeCell::new(Pointers { prev: None, next: None }),
            _pinned: PhantomPinned,
        }
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Links<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Links")
    }
}

/// What can be in a [`List`].
///
/// # Safety
/// [`Linked::links`] gives the same [`Links`] each time, part of the node and of no other, and
/// nobody else reaches into them.
pub unsafe trait Linked: Sized {
    /// The links of this node.
    fn links(&self) -> &Links<Self>;
}

/// A list of nodes, first in first out, with removal from anywhere.
pub struct List<T> {
    /// # Invariant
    /// Every node between `head` and `tail` is alive and in place: the promise made to the pushes.
    head: Option<NonNull<T>>,
    tail: Option<NonNull<T>>,
    len: usize,
}

// SAFETY: a list is addresses of nodes; whoever has it may reach them as `&T`, and hand them on to
// another thread together with what they contain.
unsafe impl<T: Send + Sync> Send for List<T> {}
// SAFETY: through `&List` nodes are only read, as `&T`.
unsafe impl<T: Send + Sync> Sync for List<T> {}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> List<T> {
    /// An empty list.
    pub const fn new() -> Self {
        List { head: None, tail: None, len: 0 }
    }

    /// How many nodes are in it.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// The first node.
    #[inline]
    pub fn front(&self) -> Option<NonNull<T>> {
        self.head
    }
}

impl<T: Linked> List<T> {
    /// Adds `node` behind the last one.
    ///
    /// # Safety
    /// `node` is in no list, and stays alive and in place until it is taken out of this one.
    #[inline]
    pub unsafe fn push_back(&mut self, node: NonNull<T>) {
        let prev = self.tail.replace(node);
        // SAFETY: the caller vouches for `node`; `prev` is in this list.
        unsafe {
            with_pointers(node, |own| *own = Pointers { prev, next: None });
            match prev {
                Some(prev) => with_pointers(prev, |pointers| pointers.next = Some(node)),
                None => self.head = Some(node),
            }
        }
        self.len += 1;
    }

    /// Adds `node` before the first one.
    ///
    /// # Safety
    /// As for [`List::push_back`].
    #[inline]
    pub unsafe fn push_front(&mut self, node: NonNull<T>) {
        let next = self.head.replace(node);
        // SAFETY: the caller vouches for `node`; `next` is in this list.
        unsafe {
            with_pointers(node, |own| *own = Pointers { prev: None, next });
            match next {
                Some(next) => with_pointers(next, |pointers| pointers.prev = Some(node)),
                None => self.tail = Some(node),
            }
        }
        self.len += 1;
    }

    /// Takes the first node out.
    #[inline]
    pub fn pop_front(&mut self) -> Option<NonNull<T>> {
        let node = self.head?;
        // SAFETY: both are in this list.
        unsafe {
            let next = with_pointers(node, |own| own.next);
            self.head = next;
            match next {
                Some(next) => with_pointers(next, |pointers| pointers.prev = None),
                None => self.tail = None,
            }
        }
        self.len -= 1;
        Some(node)
    }

    /// Takes `node` out.
    ///
    /// # Safety
    /// `node` is in this list, not in another and not in none.
    #[inline]
    pub unsafe fn remove(&mut self, node: NonNull<T>) {
        // SAFETY: the caller vouches for `node`; its neighbours are in this list.
        unsafe {
            let Pointers { prev, next } =
                with_pointers(node, |own| Pointers { prev: own.prev, next: own.next });
            match prev {
                Some(prev) => with_pointers(prev, |pointers| pointers.next = next),
                None => self.head = next,
            }
            match next {
                Some(next) => with_pointers(next, |pointers| pointers.prev = prev),
                None => self.tail = prev,
            }
        }
        self.len -= 1;
    }

    /// The node behind `node`.
    ///
    /// # Safety
    /// `node` is in this list.
    #[inline]
    pub unsafe fn next(&self, node: NonNull<T>) -> Option<NonNull<T>> {
        // SAFETY: a node of the list is alive.
        let links = unsafe { node.as_ref() }.links();
        links.pointers.with(|pointers| {
            // SAFETY: the links are reached through the list alone, which is borrowed here.
            unsafe { (*pointers).next }
        })
    }
}

/// Calls `change` with the pointers of `node`.
///
/// # Safety
/// `node` is alive and in place; it is in a list that the caller has `&mut` to, or about to be.
/// `change` reaches no other node.
#[inline]
unsafe fn with_pointers<T: Linked, R>(
    node: NonNull<T>,
    change: impl FnOnce(&mut Pointers<T>) -> R,
) -> R {
    // SAFETY: alive, as the caller vouches.
    let links = unsafe { node.as_ref() }.links();
    links.pointers.with_mut(|pointers| {
        // SAFETY: links are reached through their list alone, to which the caller has `&mut`.
        change(unsafe { &mut *pointers })
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Node {
        links: Links<Node>,
        number: u32,
    }

    // SAFETY: one field, given out to nobody else.
    unsafe impl Linked for Node {
        fn links(&self) -> &Links<Node> {
            &self.links
        }
    }

    fn nodes(count: u32) -> Vec<Node> {
        (0..count).map(|number| Node { links: Links::new(), number }).collect()
    }

    fn numbers(list: &List<Node>) -> Vec<u32> {
        let mut numbers = Vec::new();
        let mut at = list.front();
        while let Some(node) = at {
            // SAFETY: the tests' nodes outlive their lists and do not move.
            unsafe {
                numbers.push(node.as_ref().number);
                at = list.next(node);
            }
        }
        assert_eq!(numbers.len(), list.len());
        assert_eq!(numbers.is_empty(), list.is_empty());
        numbers
    }

    #[test]
    fn first_in_first_out() {
        let nodes = nodes(3);
        let mut list = List::new();
        for node in &nodes {
            // SAFETY: in no list, and the vector does not move.
            unsafe { list.push_back(NonNull::from(node)) };
        }
        assert_eq!(numbers(&list), [0, 1, 2]);
        let first = list.pop_front().unwrap();
        // SAFETY: out of the list; alive.
        unsafe { list.push_front(first) };
        assert_eq!(numbers(&list), [0, 1, 2]);
        while list.pop_front().is_some() {}
        assert_eq!(numbers(&list), []);
    }

    #[test]
    fn removal_from_everywhere() {
        for (removed, left) in [(0, [1, 2]), (1, [0, 2]), (2, [0, 1])] {
            let nodes = nodes(3);
            let mut list = List::new();
            for node in &nodes {
                // SAFETY: in no list, and the vector does not move.
                unsafe { list.push_back(NonNull::from(node)) };
            }
            // SAFETY: it was pushed above.
            unsafe { list.remove(NonNull::from(&nodes[removed])) };
            assert_eq!(numbers(&list), left);
            // SAFETY: it was taken out above.
            unsafe { list.push_back(NonNull::from(&nodes[removed])) };
            assert_eq!(numbers(&list), [left[0], left[1], removed as u32]);
        }
    }
}
