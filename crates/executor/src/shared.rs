//! What the tasks of a loop, and other threads, have of it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use corio_base::{ThreadBound, Unparker};
use corio_task::{CallPanic, FreeRunnable, Mail, RunList, Runnable, Schedule, Unseen};
use corio_trace::metrics::parts;

use crate::inbox::{Delivered, Inbox};

/// Something for the loop from another thread.
pub(crate) enum Delivery {
    Mail(Mail),
    Free(FreeRunnable),
}

/// The loop's queue, its inbox, and the way to wake it.
pub(crate) struct Shared {
    pub(crate) local: ThreadBound<Local>,
    pub(crate) inbox: Inbox<Delivery>,
    unparker: Unparker,
}

/// See [`Core::set_panic_hook`](crate::Core::set_panic_hook).
pub type PanicHook = Rc<dyn Fn(CallPanic)>;

/// See [`Core::set_unseen_hook`](crate::Core::set_unseen_hook).
pub type UnseenHook = Rc<dyn Fn(&Unseen<'_>)>;

/// What only the loop's thread touches.
pub(crate) struct Local {
    pub(crate) ready: RunList,
    /// Somebody else drives the loop's thread at the moment, and has to be told of a ready task: see
    /// [`Core::set_outside`](crate::Core::set_outside).
    pub(crate) outside: Cell<bool>,
    /// Who is told of the panics of calls.
    pub(crate) panic_hook: RefCell<Option<PanicHook>>,
    /// Who is told of what nobody retrieved.
    pub(crate) unseen_hook: RefCell<Option<UnseenHook>>,
}

impl Shared {
    pub(crate) fn new(unparker: Unparker) -> Self {
        let local = Local {
            ready: RunList::new(),
            outside: Cell::new(false),
            panic_hook: RefCell::new(None),
            unseen_hook: RefCell::new(None),
        };
        Shared { local: ThreadBound::new(local), inbox: Inbox::new(), unparker }
    }

    /// A task became ready while somebody else drives the loop's thread, who has to be told.
    #[cold]
    fn ready_outside(&self, local: Option<&Local>, task: Runnable) {
        let Some(local) = local else {
            unreachable!("a bound task is scheduled on its home's thread")
        };
        local.ready.push(task);
        local.outside.set(false);
        self.unparker.unpark();
    }

    fn deliver(&self, delivery: Delivery) {
        match self.inbox.deliver(delivery) {
            Ok(Delivered::Quietly) => {}
            Ok(Delivered::Unpark) => self.unparker.unpark(),
            // Dropped here, outside the queue: a mail then does what is left to do.
            Err(refused) => drop(refused),
        }
    }
}

impl parts::Queue for Shared {
    fn depth(&self) -> usize {
        self.inbox.len()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Where the tasks of a home find its loop.
pub(crate) struct Router(pub(crate) Arc<Shared>);

impl Schedule for Router {
    #[inline]
    fn ready(&self, task: Runnable) {
        match self.0.local.get() {
            Some(local) if !local.outside.get() => local.ready.push(task),
            local => self.0.ready_outside(local, task),
        }
    }

    #[inline]
    fn queue(&self) -> Option<&RunList> {
        self.0.local.get().map(|local| &local.ready)
    }

    fn post(&self, mail: Mail) {
        self.0.deliver(Delivery::Mail(mail));
    }

    fn submit(&self, task: FreeRunnable) {
        self.0.deliver(Delivery::Free(task));
    }

    fn call_panicked(&self, panic: CallPanic) {
        // Cloned out: the hook may do anything, also set another one.
        let hook = self.0.local.get().and_then(|local| local.panic_hook.borrow().clone());
        match hook {
            Some(hook) => hook(panic),
            None => corio_trace::report_error("corio::loop", format_args!("{panic}")),
        }
    }

    fn unseen(&self, unseen: &Unseen<'_>) {
        // As above; what goes on another thread goes into the log.
        let hook = self.0.local.get().and_then(|local| local.unseen_hook.borrow().clone());
        match hook {
            Some(hook) => hook(unseen),
            None => unseen.log(),
        }
    }
}
