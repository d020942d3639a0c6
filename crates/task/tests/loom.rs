//! Models of a task's words: every interleaving of a few steps on two or three threads.
//!
//! Each model ends with the same question: was everything given back? Each task holds a reference to
//! its home and the home drops its schedule last, so a schedule that was dropped says that no task, no
//! waker and no handle was leaked or kept by a miscount; and loom itself finds what is used after it
//! was freed, or by two threads at a time.
#![cfg(loom)]

#[path = "loom/support.rs"]
mod support;

#[path = "loom/bound.rs"]
mod bound;
#[path = "loom/calls.rs"]
mod calls;
#[path = "loom/free.rs"]
mod free;
#[path = "loom/jobs.rs"]
mod jobs;
#[path = "loom/more.rs"]
mod more;
#[path = "loom/root.rs"]
mod root;
#[path = "loom/scopes.rs"]
mod scopes;
