//! The task under test: does something random at each poll, and is counted all the way.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use crate::world::{Call, Joining, Record, World, violation};

/// What tasks here panic with.
pub(crate) struct OnPurpose;

pub(crate) fn is_on_purpose(payload: &(dyn Any + Send)) -> bool {
    payload.is::<OnPurpose>()
}

/// An output that is counted.
pub(crate) struct Token(Arc<Record>);

impl Token {
    fn new(record: &Arc<Record>) -> Token {
        record.outputs_made.fetch_add(1, Ordering::AcqRel);
        Token(record.clone())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if self.0.outputs_dropped.fetch_add(1, Ordering::AcqRel) != 0 {
            violation("an output was dropped twice");
        }
    }
}

/// The future of every task here.
pub(crate) struct Probe {
    world: Arc<World>,
    record: Arc<Record>,
    rng: fastrand::Rng,
    joining: Option<Joining>,
}

impl Probe {
    fn new(world: &Arc<World>, seed: u64) -> Option<Probe> {
        let record = world.record()?;
        let rng = fastrand::Rng::with_seed(seed);
        Some(Probe { world: world.clone(), record, rng, joining: None })
    }

    /// Begins a task on the loop that runs on this thread.
    pub(crate) fn spawn_here(world: &Arc<World>, seed: u64) {
        if let Some(mut probe) = Probe::new(world, seed) {
            let (record, mut rng) = (probe.record.clone(), probe.rng.fork());
            let handle = corio::spawn_local(Here { probe, _not_send: PhantomData });
            keep(world, Joining { handle, record }, &mut rng);
        }
    }

    /// Begins a task on the runtime of the moment, or on one that has just ended.
    pub(crate) fn spawn_away(world: &Arc<World>, rng: &mut fastrand::Rng) {
        let Some(runtime) = world.runtime.copy() else { return };
        if let Some(probe) = Probe::new(world, rng.u64(..)) {
            let record = probe.record.clone();
            keep(world, Joining { handle: runtime.spawn(probe), record }, rng);
        }
    }

    /// Polls the task that this one waits for.
    fn join(&mut self, context: &mut Context<'_>) {
        let Some(joining) = &mut self.joining else { return };
        match Pin::new(&mut joining.handle).poll(context) {
            Poll::Ready(output) => {
                check_output(output, &joining.record);
                *self.record.joining() = None;
                self.joining = None;
            }
            Poll::Pending if self.rng.u8(..) < 20 => {
                // It is somebody else's to wait for.
                *self.record.joining() = None;
                let joining = self.joining.take();
                let old =
                    joining.and_then(|joining| self.world.handle(&mut self.rng).swap(joining));
                drop(old);
            }
            Poll::Pending => {}
        }
    }

    fn act(&mut self, context: &mut Context<'_>) -> Poll<Token> {
        let call = Call { waker: context.waker().clone(), record: self.record.clone() };
        match self.rng.u8(..) {
            0..30 => return Poll::Ready(Token::new(&self.record)),
            30..34 => std::panic::panic_any(OnPurpose),
            34..60 => call.wake_by_ref(),
            60..70 => call.clone().wake(),
            70..80 => Probe::spawn_here(&self.world, self.rng.u64(..)),
            80..110 if self.joining.is_none() => {
                let found = self.world.handle(&mut self.rng).take();
                // To await itself is a task's mistake, and answered with a panic: not its own.
                let others = found.filter(|found| !Arc::ptr_eq(&found.record, &self.record));
                if let Some(joining) = others {
                    *self.record.joining() = Some(joining.record.clone());
                    self.joining = Some(joining);
                    self.join(context);
                }
            }
            110..125 => {
                let other = self.world.call(&mut self.rng).copy();
                if let Some(other) = other {
                    other.wake();
                }
            }
            125..130 => {
                if let Some(task) = corio::task::current() {
                    task.abort();
                    drop(self.world.task(&mut self.rng).swap(task));
                }
            }
            _ => {}
        }
        if self.rng.u8(..) < 220 {
            let old = self.world.call(&mut self.rng).swap(call);
            drop(old);
        }
        Poll::Pending
    }
}

impl Future for Probe {
    type Output = Token;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Token> {
        let this = &mut *self;
        this.world.polls.fetch_add(1, Ordering::Relaxed);
        let record = this.record.clone();
        if record.polling.swap(true, Ordering::AcqRel) {
            violation("a task was polled twice at a time");
        }
        if record.has_ended() {
            violation("a task was polled after its end");
        }
        record.answered.store(record.wanted.load(Ordering::Acquire), Ordering::Release);
        this.join(context);
        let polled = this.act(context);
        record.polling.store(false, Ordering::Release);
        if let Some(root) = this.world.root.copy() {
            root.wake();
        }
        polled
    }
}

/// A probe that is bound to its loop for good. (An async block would not do: where the destructor of
/// what it awaited panics, the compiler leaks the value it has awaited.)
struct Here {
    probe: Probe,
    _not_send: PhantomData<*const ()>,
}

impl Future for Here {
    type Output = Token;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Token> {
        Pin::new(&mut self.probe).poll(context)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        *self.record.joining() = None;
        if self.record.futures_dropped.fetch_add(1, Ordering::AcqRel) != 0 {
            violation("a future was dropped twice");
        }
        if let Some(root) = self.world.root.copy() {
            root.wake();
        }
        // A destructor is code like any other.
        match self.rng.u8(..) {
            0..20 => {
                let call = self.world.call(&mut self.rng).take();
                if let Some(call) = call {
                    call.wake();
                }
            }
            20..30 => {
                let handle = self.world.handle(&mut self.rng).take();
                drop(handle);
            }
            30..34 if !std::thread::panicking() => std::panic::panic_any(OnPurpose),
            _ => {}
        }
    }
}

/// Puts the handle of a new task where others find it, and sometimes a `Task` as well.
fn keep(world: &World, joining: Joining, rng: &mut fastrand::Rng) {
    if rng.bool() {
        drop(world.task(rng).swap(joining.handle.task()));
    }
    if rng.u8(..) < 200 {
        drop(world.handle(rng).swap(joining));
    }
}

/// What a handle gave must be true of its task.
pub(crate) fn check_output(output: Result<Token, corio::JoinError>, record: &Arc<Record>) {
    if !record.has_ended() {
        violation("a result before the future was dropped");
    }
    match output {
        Ok(token) if !Arc::ptr_eq(&token.0, record) => violation("another task's output"),
        Ok(_) => {}
        Err(error) if error.is_panic() => match error.into_panic().is::<OnPurpose>() {
            true => {}
            false => violation("a panic that nobody meant"),
        },
        Err(error) if error.is_cancelled() => {}
        Err(error) => violation(&format!("an error that is nothing: {error}")),
    }
}
