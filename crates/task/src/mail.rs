//! What another thread tells a bound task's home.
//!
//! Everything that is not the counting of references goes by mail, in order: a wake, a task to take
//! in, a joiner's waker, the end of a handle, an abort, a request, a callback. The home opens it between two turns. A mail
//! that is dropped unopened found its home closed, when all its tasks have ended; it then does what
//! is left to do on the sender's thread.
#![expect(unsafe_code, reason = "tasks by pointer, Send because only their home opens them")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::task::Waker;

use crate::bound::{self, Raw, header};
use crate::call;

/// Something for one bound task, to be [opened](Mail::open) on its home's thread.
pub struct Mail(ManuallyDrop<Content>);

enum Content {
    /// The ledger's MAILED bit keeps the task.
    Wake(Raw),
    /// With the home's own reference: the task begins its life here.
    Spawned(Raw),
    /// With a reference.
    Join(Raw, Waker),
    /// With the handle's reference.
    Detach(Raw),
    /// With a reference.
    Abort(Raw),
    /// With a reference.
    Ask(Raw),
    /// With a reference.
    Callbacks(Raw),
}

// SAFETY: a mail holds or borrows references as its variants say, and reaches what belongs to the
// home only in `open`, on the home's thread.
unsafe impl Send for Mail {}
// SAFETY: `&Mail` offers nothing.
unsafe impl Sync for Mail {}

impl Mail {
    pub(crate) fn wake(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Wake(task)))
    }

    pub(crate) fn spawned(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Spawned(task)))
    }

    pub(crate) fn join(task: Raw, waker: Waker) -> Mail {
        Mail(ManuallyDrop::new(Content::Join(task, waker)))
    }

    pub(crate) fn detach(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Detach(task)))
    }

    pub(crate) fn abort(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Abort(task)))
    }

    pub(crate) fn ask(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Ask(task)))
    }

    pub(crate) fn callbacks(task: Raw) -> Mail {
        Mail(ManuallyDrop::new(Content::Callbacks(task)))
    }

    fn into_content(self) -> Content {
        let mut mail = ManuallyDrop::new(self);
        // SAFETY: taken once; the mail's own drop does not run.
        unsafe { ManuallyDrop::take(&mut mail.0) }
    }

    /// Does what the mail says.
    ///
    /// # Panics
    /// On any thread but the home's.
    pub fn open(self) {
        let task = match &*self.0 {
            Content::Wake(task)
            | Content::Spawned(task)
            | Content::Join(task, _)
            | Content::Detach(task)
            | Content::Abort(task)
            | Content::Ask(task)
            | Content::Callbacks(task) => *task,
        };
        let local = header(task).home.local().expect("a mail is opened on its home's thread");
        match self.into_content() {
            Content::Wake(task) => bound::open_wake(task, local),
            Content::Spawned(call) if call::is_call(call) => {
                call::arrive(call, local.closing.get());
            }
            Content::Spawned(task) => crate::spawn::arrive(task, local),
            Content::Join(task, waker) => bound::open_join(task, waker),
            Content::Detach(task) => bound::detach(task),
            Content::Abort(task) => {
                bound::abort(task);
                bound::release(task);
            }
            Content::Ask(task) => {
                bound::ask(task);
                bound::release(task);
            }
            Content::Callbacks(task) => bound::open_callbacks(task),
        }
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        // SAFETY: taken once, here.
        match unsafe { ManuallyDrop::take(&mut self.0) } {
            Content::Wake(task) => bound::bounce_wake(task),
            Content::Spawned(task) => crate::spawn::refuse(task),
            Content::Join(task, waker) => crate::join::answer_away(task, waker),
            Content::Detach(task) => crate::join::drop_output_away(task),
            Content::Abort(task) | Content::Ask(task) => bound::release(task),
            Content::Callbacks(task) => crate::callbacks::answer_away(task),
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, task) = match &*self.0 {
            Content::Wake(task) => ("Wake", task),
            Content::Spawned(task) => ("Spawned", task),
            Content::Join(task, _) => ("Join", task),
            Content::Detach(task) => ("Detach", task),
            Content::Abort(task) => ("Abort", task),
            Content::Ask(task) => ("Ask", task),
            Content::Callbacks(task) => ("Callbacks", task),
        };
        f.debug_struct("Mail").field(what, &header(*task).cold.id).finish()
    }
}
