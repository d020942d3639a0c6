//! Children inside one task: they may borrow what is outside of the scope.
//!
//! ```text
//!   InScope ─┬─ body ──────────spawn──▶ new children
//!            └─ children, each with a waker of its own: only those that were woken are polled
//! ```

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_base::WakerCell;
use corio_trace::action::Action;
use corio_trace::book::{Frame, FrameKind};
use corio_trace::disarm::{Enters, Leaves};
use corio_trace::{deeds, disarm};
use pin_project_lite::pin_project;

use crate::many::Arrivals;

type Child<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;

/// Runs `body` and the children that it starts, all in this task, and gives the body's value when all
/// have ended. Children may borrow what lives outside of the scope.
///
/// ```
/// corio::run(async {
///     let words = ["a", "bc", "def"];
///     let total = corio::scope(|scope| {
///         let words = &words;
///         async move {
///             let lengths = words.map(|word| scope.spawn(async move { word.len() }));
///             let mut total = 0;
///             for length in lengths {
///                 total += length.await;
///             }
///             total
///         }
///     })
///     .await;
///     assert_eq!(total, 6);
/// });
/// ```
///
/// One task is one computation at a time: for work that is to run beside other work, and for children
/// that fail, there is [`TaskGroup`](crate::TaskGroup). A panic of a child is a panic of the task. A
/// cancel of the task reaches the scopes in body and children alike.
///
/// # Cancel safety
/// Dropping it drops body and children.
#[track_caller]
pub fn scope<'env, B, F>(body: B) -> InScope<'env, F>
where
    B: FnOnce(Scope<'env>) -> F,
    F: Future,
{
    let inner = Arc::new(Inner {
        state: Mutex::new(State { new: Vec::new(), is_over: false }),
        arrivals: Arrivals::new(),
    });
    let body = body(Scope { inner: Arc::clone(&inner) });
    let place = Location::caller();
    InScope {
        action: Action::new(place),
        enters: Enters::new(),
        body: Some(body),
        output: None,
        inner,
        children: Vec::new(),
        free: Vec::new(),
        alive: 0,
        arrived: Vec::new(),
        frame: Frame::new(),
        place,
        leaves: Leaves::new(),
    }
}

/// What starts children in a [`scope`]; may be cloned and kept by them.
pub struct Scope<'env> {
    inner: Arc<Inner<'env>>,
}

struct Inner<'env> {
    state: Mutex<State<'env>>,
    arrivals: Arc<Arrivals>,
}

struct State<'env> {
    /// Not polled yet.
    new: Vec<Child<'env>>,
    is_over: bool,
}

impl<'env> Inner<'env> {
    fn lock(&self) -> MutexGuard<'_, State<'env>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'env> Scope<'env> {
    /// Starts a child. Dropping the handle lets it run on; the scope waits for it.
    ///
    /// # Panics
    /// If the scope has ended.
    #[track_caller]
    #[doc(alias = "create_task")]
    pub fn spawn<F>(&self, future: F) -> ScopedHandle<F::Output>
    where
        F: Future + Send + 'env,
        F::Output: Send + 'env,
    {
        let slot = Arc::new(Slot { value: Mutex::new(None), waiter: WakerCell::new() });
        let handle = ScopedHandle { slot: Arc::clone(&slot) };
        let child = Box::pin(async move {
            let value = future.await;
            *slot.lock() = Some(value);
            slot.waiter.wake();
        });
        let is_over = {
            let mut state = self.inner.lock();
            if !state.is_over {
                state.new.push(child);
            }
            state.is_over
        };
        assert!(!is_over, "a scope that has ended takes no children: start them from inside of it");
        self.inner.arrivals.wake();
        handle
    }
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Scope { inner: Arc::clone(&self.inner) }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("is_over", &self.inner.lock().is_over).finish_non_exhaustive()
    }
}

/// The value of a child, when it has ended.
#[must_use = "the child runs without it, but nobody gets its value unless this is awaited"]
pub struct ScopedHandle<T> {
    slot: Arc<Slot<T>>,
}

struct Slot<T> {
    value: Mutex<Option<T>>,
    waiter: WakerCell,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Future for ScopedHandle<T> {
    type Output = T;

    /// Pending for ever once the value was given, or if the scope was dropped before the child's end.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Before the look: a child that ends later finds the waker.
        self.slot.waiter.register(context.waker());
        self.slot.lock().take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> fmt::Debug for ScopedHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedHandle").field("is_ready", &self.slot.lock().is_some()).finish()
    }
}

pin_project! {
    /// The future of [`scope`].
    #[must_use = "neither body nor children run unless it is awaited"]
    pub struct InScope<'env, F>
    where
        F: Future,
    {
        // Dropped first: it speaks for the body, or that was begun, and what it and the children have left
        // goes rightly.
        action: Action<ScopeDeed>,
        enters: Enters,
        #[pin]
        body: Option<F>,
        output: Option<F::Output>,
        inner: Arc<Inner<'env>>,
        // Each with its waker; `None`: ended.
        children: Vec<Option<(Child<'env>, Waker)>>,
        // The places of those that have ended: a late wake of one polls who has its place, once in vain.
        free: Vec<usize>,
        alive: usize,
        arrived: Vec<usize>,
        frame: Frame,
        place: &'static Location<'static>,
        leaves: Leaves,
    }

    impl<'env, F> PinnedDrop for InScope<'env, F>
    where
        F: Future,
    {
        fn drop(this: Pin<&mut Self>) {
            // Children may hold the scope that holds them.
            let new = {
                let mut state = this.inner.lock();
                state.is_over = true;
                std::mem::take(&mut state.new)
            };
            let _disarmed = disarm::guard();
            drop(new);
        }
    }
}

deeds! {
    /// What an [`InScope`] does.
    ScopeDeed = "scope";
}

impl<F: Future> InScope<'_, F> {
    /// Polls the children that were woken, and those that are new.
    fn poll_children(self: Pin<&mut Self>) {
        let this = self.project();
        this.inner.arrivals.take(this.arrived);
        for at in this.arrived.drain(..) {
            if poll_child(&mut this.children[at]) {
                *this.alive -= 1;
                this.free.push(at);
            }
        }
        loop {
            let new = std::mem::take(&mut this.inner.lock().new);
            if new.is_empty() {
                return;
            }
            for child in new {
                let at = this.free.pop().unwrap_or_else(|| {
                    this.children.push(None);
                    this.children.len() - 1
                });
                this.children[at] = Some((child, this.inner.arrivals.waker(at)));
                if poll_child(&mut this.children[at]) {
                    this.free.push(at);
                } else {
                    *this.alive += 1;
                }
            }
        }
    }
}

/// `true`: it has ended in this poll.
fn poll_child(slot: &mut Option<(Child<'_>, Waker)>) -> bool {
    let Some((child, waker)) = slot else { return false };
    let has_ended = child.as_mut().poll(&mut Context::from_waker(waker)).is_ready();
    if has_ended {
        *slot = None;
    }
    has_ended
}

impl<F: Future> Future for InScope<'_, F> {
    type Output = F::Output;

    /// # Panics
    /// With the panic of the body or a child; if polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Registered first: who is woken later wakes this.
        self.inner.arrivals.register(context.waker());
        let mut this = self.as_mut().project();
        this.action.begun();
        let place = *this.place;
        let _entered = this.frame.enter(|| (FrameKind::Join, "scope", place));
        if let Some(body) = this.body.as_mut().as_pin_mut()
            && let Poll::Ready(output) = body.poll(context)
        {
            this.body.set(None);
            *this.output = Some(output);
        }
        self.as_mut().poll_children();
        let this = self.project();
        if this.body.is_some() || *this.alive > 0 {
            return Poll::Pending;
        }
        this.inner.lock().is_over = true;
        match this.output.take() {
            Some(output) => Poll::Ready(output),
            None => panic!("a scope was polled after it had given its result"),
        }
    }
}

impl<F: Future> fmt::Debug for InScope<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InScope").field("alive", &self.alive).finish_non_exhaustive()
    }
}
