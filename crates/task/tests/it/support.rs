//! A home whose loop is turned by hand, and things that count what happens to them.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use corio_base::ThreadBound;
use corio_task::{
    CallPanic, FreeRunnable, Home, JoinHandle, Mail, Ran, Reason, RemoteHome, RunList, Runnable,
    Schedule, Spawn, Unseen,
};

pub(crate) use crate::drops::{Counted, Drops};
pub(crate) use crate::wakes::Wakes;

/// What the home's schedule and the test share.
pub(crate) struct Shared {
    ready: ThreadBound<RunList>,
    /// `None`: closed.
    mails: Mutex<Option<VecDeque<Mail>>>,
    frees: Mutex<Option<VecDeque<FreeRunnable>>>,
    /// How many tasks came through `Schedule::ready`.
    pub(crate) detours: AtomicUsize,
    /// How many mails ever came.
    pub(crate) posted: AtomicUsize,
    stopped: AtomicUsize,
    /// What calls panicked with.
    pub(crate) panics: Mutex<Vec<CallPanic>>,
    /// What nobody retrieved.
    pub(crate) unseen: Mutex<Vec<String>>,
}

impl Shared {
    pub(crate) fn pop_free(&self) -> Option<FreeRunnable> {
        self.frees.lock().unwrap().as_mut().and_then(VecDeque::pop_front)
    }

    /// Tells the threads that run free tasks that theirs has ended.
    pub(crate) fn stop(&self) {
        self.stopped.store(1, Ordering::Release);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire) != 0
    }
}

struct Router(Arc<Shared>);

impl Schedule for Router {
    fn ready(&self, task: Runnable) {
        self.0.detours.fetch_add(1, Ordering::Relaxed);
        self.0.ready.get().expect("on the home's thread").push(task);
    }

    fn queue(&self) -> Option<&RunList> {
        self.0.ready.get()
    }

    fn post(&self, mail: Mail) {
        let mut mails = self.0.mails.lock().unwrap();
        self.0.posted.fetch_add(1, Ordering::Relaxed);
        let refused = match &mut *mails {
            Some(mails) => {
                mails.push_back(mail);
                None
            }
            None => Some(mail),
        };
        drop(mails);
        drop(refused);
    }

    fn submit(&self, task: FreeRunnable) {
        let mut frees = self.0.frees.lock().unwrap();
        let refused = match &mut *frees {
            Some(frees) => {
                frees.push_back(task);
                None
            }
            None => Some(task),
        };
        drop(frees);
        drop(refused);
    }

    fn call_panicked(&self, panic: CallPanic) {
        self.0.panics.lock().unwrap().push(panic);
    }

    fn unseen(&self, unseen: &Unseen<'_>) {
        self.0.unseen.lock().unwrap().push(unseen.to_string());
    }
}

/// A home and its queue.
pub(crate) struct Loop {
    home: Option<Home>,
    pub(crate) shared: Arc<Shared>,
}

impl Loop {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared {
            ready: ThreadBound::new(RunList::new()),
            mails: Mutex::new(Some(VecDeque::new())),
            frees: Mutex::new(Some(VecDeque::new())),
            detours: AtomicUsize::new(0),
            posted: AtomicUsize::new(0),
            stopped: AtomicUsize::new(0),
            panics: Mutex::default(),
            unseen: Mutex::default(),
        });
        let home = Home::new(Box::new(Router(shared.clone())));
        Loop { home: Some(home), shared }
    }

    pub(crate) fn home(&self) -> &Home {
        self.home.as_ref().expect("open")
    }

    pub(crate) fn remote(&self) -> RemoteHome {
        self.home().remote()
    }

    #[track_caller]
    pub(crate) fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        Spawn::new().bound(self.home(), future)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.home.is_some()
    }

    pub(crate) fn ready(&self) -> &RunList {
        self.shared.ready.get().expect("on the home's thread")
    }

    pub(crate) fn tasks(&self) -> usize {
        self.home().tasks()
    }

    pub(crate) fn mails(&self) -> usize {
        self.shared.mails.lock().unwrap().as_ref().map_or(0, VecDeque::len)
    }

    /// Opens the first mail.
    pub(crate) fn open_one(&self) -> bool {
        let mail = self.shared.mails.lock().unwrap().as_mut().and_then(VecDeque::pop_front);
        mail.map(Mail::open).is_some()
    }

    pub(crate) fn open_all(&self) {
        while self.open_one() {}
    }

    pub(crate) fn pop_free(&self) -> Option<FreeRunnable> {
        self.shared.pop_free()
    }

    /// Opens the mail and runs what is ready by then.
    pub(crate) fn turn(&self) -> Vec<Ran> {
        self.open_all();
        let mut ran = Vec::new();
        for _ in 0..self.ready().len() {
            ran.extend(self.ready().pop().map(Runnable::run));
        }
        ran
    }

    /// Turns until nothing is left to do.
    pub(crate) fn settle(&self) {
        while self.mails() > 0 || !self.ready().is_empty() {
            self.turn();
        }
    }

    /// Lets all come to rest, asks the task of `handle` to end, and lets it.
    pub(crate) fn cancel<T>(&self, handle: &JoinHandle<T>, reason: impl Into<Reason>) {
        self.settle();
        handle.task().cancel(reason);
        self.settle();
    }

    /// Ends the home as a loop should.
    pub(crate) fn close(&mut self) {
        let Some(home) = self.home.take() else { return };
        home.cancel_all();
        self.close_mailbox();
        while let Some(task) = self.ready().pop() {
            task.run();
        }
        home.settle_all();
    }

    /// Refuses mail from now on, and opens what is there.
    pub(crate) fn close_mailbox(&self) {
        let mails = self.shared.mails.lock().unwrap().take();
        mails.into_iter().flatten().for_each(Mail::open);
        drop(self.shared.frees.lock().unwrap().take());
    }

    /// Refuses mail from now on. What is there is still to be opened.
    pub(crate) fn shut_mailbox(&self) -> VecDeque<Mail> {
        self.shared.mails.lock().unwrap().take().unwrap_or_default()
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.close();
    }
}

/// Panics in its destructor.
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Polls once.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    pin!(future).as_mut().poll(&mut Context::from_waker(waker))
}

/// A future that leaves its waker here at each poll, and ends when told to.
pub(crate) struct Door {
    waker: std::cell::RefCell<Option<Waker>>,
    open: Cell<bool>,
    pub(crate) polls: Cell<usize>,
}

impl Door {
    pub(crate) fn new() -> Rc<Door> {
        Rc::new(Door { waker: None.into(), open: Cell::new(false), polls: Cell::new(0) })
    }

    pub(crate) fn waker(&self) -> Waker {
        self.waker.borrow().clone().expect("polled once")
    }

    /// The waker that the last poll left, out of here.
    pub(crate) fn take_waker(&self) -> Waker {
        self.waker.borrow_mut().take().expect("polled once")
    }

    /// The waker that the last poll left, if there was one.
    pub(crate) fn left(&self) -> Option<Waker> {
        self.waker.borrow_mut().take()
    }

    /// The next poll is ready.
    pub(crate) fn open(&self) {
        self.open.set(true);
    }

    /// The next poll is ready, and comes.
    pub(crate) fn open_and_wake(&self) {
        self.open();
        self.take_waker().wake();
    }

    /// Waits, with the waker of the last poll in this door.
    pub(crate) async fn pass(self: Rc<Door>) {
        poll_fn(|context| {
            self.polls.set(self.polls.get() + 1);
            if self.open.get() {
                self.waker.borrow_mut().take();
                return Poll::Ready(());
            }
            let old = self.waker.borrow_mut().replace(context.waker().clone());
            drop(old);
            Poll::Pending
        })
        .await;
    }
}

/// Runs `f` on a thread of its own and waits for it.
pub(crate) fn away<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(f).join().expect("the other thread"))
}

/// Compiles for what may go to other threads.
pub(crate) fn assert_send<T: Send>() {}

/// Wakes by value, through a clone.
pub(crate) fn wake_a_clone(waker: &Waker) {
    let another = waker.clone();
    another.wake();
}

/// Never drops `thing`, and keeps it where a leak checker sees that this is meant.
pub(crate) fn keep_for_ever(thing: impl Send + 'static) {
    static KEPT: Mutex<Vec<Box<dyn std::any::Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(Box::new(thing));
}
