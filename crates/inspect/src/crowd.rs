//! Who talks to the inspector at a time: a bound on connections that nobody can use up.
//!
//! ```text
//!   accept ──▶ enter: it has said nothing yet ──▶ Visit::understood: it may ask ──▶ end
//!                      │ one too many of these:
//!                      └─▶ the oldest is sent away
//! ```
//!
//! Whoever connects and says nothing, or what is refused, makes room for who comes later; so a thousand such
//! clients keep nobody out. Who is answered is let finish, within its time.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use corio_executor::{JoinHandle, yield_now};
use corio_sync::Notify;

/// How many connections may be about to say what they want: browsers open some ahead.
const UNHEARD_MAX: usize = 16;
/// How many are answered at a time. A page and a few readers have some; none may use up the program's
/// descriptors.
const ANSWERED_MAX: usize = 16;

/// The connections of one door.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    /// The oldest first.
    unheard: RefCell<VecDeque<(u64, JoinHandle<()>)>>,
    entered: Cell<u64>,
    answered: Cell<usize>,
    room: Notify,
}

impl Crowd {
    /// A connection comes; `talk` begins its task, which ends with the visit. Who must leave for it, leaves.
    pub(crate) async fn enter(self: &Rc<Self>, talk: impl FnOnce(Visit) -> JoinHandle<()>) {
        let number = self.entered.get() + 1;
        self.entered.set(number);
        let crowd = Rc::clone(self);
        let task = talk(Visit { crowd, number, is_understood: Cell::new(false) });
        self.unheard.borrow_mut().push_back((number, task));
        if self.unheard.borrow().len() > UNHEARD_MAX {
            let oldest = self.unheard.borrow_mut().pop_front();
            if let Some((_, task)) = oldest {
                task.abort();
            }
        }
        // The newcomer is heard before the next one comes: its request may be there already.
        yield_now().await;
        while self.answered.get() >= ANSWERED_MAX {
            self.room.notified().await;
        }
    }

    fn leave_unheard(&self, number: u64) {
        let mut unheard = self.unheard.borrow_mut();
        let at = unheard.iter().position(|(one, _)| *one == number);
        let gone = at.and_then(|at| unheard.remove(at));
        drop(unheard);
        drop(gone);
    }
}

/// A connection, as long as it is there.
#[derive(Debug)]
pub(crate) struct Visit {
    crowd: Rc<Crowd>,
    number: u64,
    is_understood: Cell<bool>,
}

impl Visit {
    /// It wants what it may have: from now on it is not sent away for others.
    pub(crate) fn understood(&self) {
        self.crowd.leave_unheard(self.number);
        self.is_understood.set(true);
        self.crowd.answered.set(self.crowd.answered.get() + 1);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.is_understood.get() {
            self.crowd.answered.set(self.crowd.answered.get() - 1);
            self.crowd.room.notify_one();
        } else {
            self.crowd.leave_unheard(self.number);
        }
    }
}
