//! A home turned by hand under loom, and things that count.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdUsize;
use std::task::{Context, Poll, Wake, Waker};

use corio_base::ThreadBound;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::sync::{Arc, Mutex};
use corio_base::loom::thread;
use corio_task::{FreeRunnable, Home, JoinHandle, Mail, RunList, Runnable, Schedule, Spawn};

pub(crate) struct Shared {
    ready: ThreadBound<RunList>,
    /// `None`: closed.
    mails: Mutex<Option<VecDeque<Mail>>>,
    frees: Mutex<Option<VecDeque<FreeRunnable>>>,
}

/// The home's own; `gone` counts its drop.
pub(crate) struct Router(StdArc<Shared>, StdArc<StdUsize>);

impl Drop for Router {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

impl Router {
    pub(crate) fn in_use(&self) -> InUse {
        InUse(self.0.clone(), self.1.clone())
    }
}

/// A call of the schedule that is under way: the schedule must not go meanwhile.
pub(crate) struct InUse(StdArc<Shared>, StdArc<StdUsize>);

impl Drop for InUse {
    fn drop(&mut self) {
        // A point at which loom may let others run first.
        drop(self.0.frees.lock());
        let gone = self.1.load(Ordering::SeqCst);
        assert!(gone == 0 || std::thread::panicking(), "a schedule was dropped while in use");
    }
}

impl Schedule for Router {
    fn ready(&self, task: Runnable) {
        self.0.ready.get().expect("on the home's thread").push(task);
    }

    fn queue(&self) -> Option<&RunList> {
        self.0.ready.get()
    }

    fn post(&self, mail: Mail) {
        let _in_use = self.in_use();
        let mut mails = self.0.mails.lock().unwrap();
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
        let _in_use = self.in_use();
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
}

impl Shared {
    pub(crate) fn pop_free(&self) -> Option<FreeRunnable> {
        self.frees.lock().unwrap().as_mut().and_then(VecDeque::pop_front)
    }

    /// Runs what free tasks are queued now; `true` if there was one.
    pub(crate) fn run_free(&self) -> bool {
        let task = self.pop_free();
        task.map(FreeRunnable::run).is_some()
    }
}

pub(crate) struct Loop {
    home: Option<Home>,
    pub(crate) shared: StdArc<Shared>,
}

impl Loop {
    pub(crate) fn home(&self) -> &Home {
        self.home.as_ref().unwrap()
    }

    pub(crate) fn open_one(&self) -> bool {
        let mail = self.shared.mails.lock().unwrap().as_mut().and_then(VecDeque::pop_front);
        mail.map(Mail::open).is_some()
    }

    /// Opens what mail there is and polls what is ready, once.
    pub(crate) fn turn(&self) {
        while self.open_one() {}
        let ready = self.shared.ready.get().unwrap();
        for _ in 0..ready.len() {
            ready.pop().unwrap().run();
        }
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.shared.ready.get().unwrap().is_empty()
            || self.shared.mails.lock().unwrap().as_ref().is_some_and(|mails| !mails.is_empty())
    }

    pub(crate) fn settle(&self) {
        while self.has_work() {
            self.turn();
        }
    }

    /// Ends the home as a loop should: its tasks, its mailbox, what is in it, its queue, its counts.
    pub(crate) fn close(&mut self) {
        let Some(home) = self.home.take() else { return };
        home.cancel_all();
        let mails = self.shared.mails.lock().unwrap().take();
        mails.into_iter().flatten().for_each(Mail::open);
        let frees = self.shared.frees.lock().unwrap().take();
        drop(frees);
        while let Some(task) = self.shared.ready.get().unwrap().pop() {
            task.run();
        }
        home.settle_all();
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.close();
    }
}

/// Counts the drops of what it made.
#[derive(Clone, Default)]
pub(crate) struct Drops(StdArc<StdUsize>);

pub(crate) struct Counted(StdArc<StdUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drops {
    pub(crate) fn counted(&self) -> Counted {
        Counted(self.0.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// An output that loom looks at: written by the poll, read by whoever takes or drops it.
pub(crate) struct Output(
    loom::cell::UnsafeCell<usize>,
    #[expect(dead_code, reason = "for its drop")] Counted,
);

impl Output {
    pub(crate) fn new(counted: Counted) -> Output {
        let output = Output(loom::cell::UnsafeCell::new(0), counted);
        // SAFETY: it is this function's.
        output.0.with_mut(|n| unsafe { *n = 1 });
        output
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // SAFETY: it is being dropped, by one; that this comes after the writing is what loom checks.
        assert_eq!(self.0.with_mut(|n| unsafe { *n }), 1);
    }
}

#[derive(Default)]
pub(crate) struct Wakes(pub(crate) StdUsize);

impl Wake for Wakes {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn wakes() -> (StdArc<Wakes>, Waker) {
    let wakes = StdArc::new(Wakes::default());
    (wakes.clone(), Waker::from(wakes))
}

/// Unparks a thread.
pub(crate) struct Unparks(pub(crate) thread::Thread);

impl Wake for Unparks {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn poll<T>(
    handle: &mut JoinHandle<T>,
    waker: &Waker,
) -> Option<Result<T, corio_task::JoinError>> {
    match pin!(handle).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Runs `body` in every interleaving. It gets a loop of its own and a counter for futures and
/// outputs, and says how many of these there were.
pub(crate) fn model(body: impl Fn(Loop, Drops) -> usize + Send + Sync + 'static) {
    loom::model(move || {
        let gone = StdArc::new(StdUsize::new(0));
        let shared = StdArc::new(Shared {
            ready: ThreadBound::new(RunList::new()),
            mails: Mutex::new(Some(VecDeque::new())),
            frees: Mutex::new(Some(VecDeque::new())),
        });
        let home = Home::new(Box::new(Router(shared.clone(), gone.clone())));
        let drops = Drops::default();
        let made = body(Loop { home: Some(home), shared }, drops.clone());
        assert_eq!(drops.count(), made, "each future and output is dropped once");
        assert_eq!(gone.load(Ordering::SeqCst), 1, "every task was freed");
    });
}

/// A bound task that waits until `flag` is set, polled once; and its waker.
pub(crate) fn waiting(l: &Loop, flag: &Arc<AtomicUsize>, drops: &Drops) -> (JoinHandle<()>, Waker) {
    let kept = StdArc::new(std::sync::Mutex::new(None));
    let (left, flag, counted) = (kept.clone(), flag.clone(), drops.counted());
    let handle = Spawn::new().bound(
        l.home(),
        poll_fn(move |context| {
            let _ = &counted;
            // Relaxed: the wake has to carry what was written before it.
            if flag.load(Ordering::Relaxed) == 1 {
                return Poll::Ready(());
            }
            left.lock().unwrap().get_or_insert_with(|| context.waker().clone());
            Poll::Pending
        }),
    );
    l.turn();
    let waker = kept.lock().unwrap().take().unwrap();
    (handle, waker)
}

pub(crate) fn flag() -> Arc<AtomicUsize> {
    Arc::new(AtomicUsize::new(0))
}
