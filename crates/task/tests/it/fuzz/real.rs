//! The random trees as futures.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

use corio_task::{JoinHandle, Reason, Target, Task, Triggered, catch, mask};
use futures::future::{Either, join_all, select};
use futures::stream::{FuturesUnordered, StreamExt};

use super::Logged;
use super::program::{Event, Exit, Op, Program, Seq};
use crate::support::{Door, Loop};

type Boxed = Pin<Box<dyn Future<Output = ()>>>;

/// A task's place in the list, and its handle as long as nobody awaits it.
type Spawned = Option<Task>;

pub(super) struct World {
    shared: Rc<Shared>,
    /// Of the first task.
    _handle: JoinHandle<()>,
}

struct Shared {
    home: Loop,
    tasks: Vec<Seq>,
    doors: Vec<Rc<Door>>,
    flags: Vec<RefCell<(bool, Option<Waker>)>>,
    spawned: RefCell<Vec<Spawned>>,
    ended: RefCell<Vec<bool>>,
    log: RefCell<Logged>,
}

impl World {
    pub(super) fn new(program: &Program) -> World {
        let shared = Rc::new(Shared {
            home: Loop::new(),
            tasks: program.tasks.clone(),
            doors: (0..program.doors).map(|_| Door::new()).collect(),
            flags: (0..program.flags).map(|_| RefCell::default()).collect(),
            spawned: RefCell::new(vec![None; program.tasks.len()]),
            ended: RefCell::new(vec![false; program.tasks.len()]),
            log: RefCell::default(),
        });
        let _handle = spawn(&shared, 0);
        World { shared, _handle }
    }

    pub(super) fn happen(&self, event: &Event) -> Logged {
        let task = |index: usize| self.shared.spawned.borrow()[index].clone();
        match *event {
            Event::Start => {}
            Event::Open(door) => {
                let door = &self.shared.doors[door];
                door.open();
                if let Some(waker) = door.left() {
                    waker.wake();
                }
            }
            Event::Cancel(index, message) => {
                if let Some(task) = task(index) {
                    task.cancel(format!("c{message}"));
                }
            }
            Event::Uncancel(index) => {
                if let Some(task) = task(index).filter(|task| !task.is_done()) {
                    task.uncancel();
                }
            }
            Event::Raise(flag) => {
                let waker = {
                    let mut flag = self.shared.flags[flag].borrow_mut();
                    let waker = flag.1.take();
                    flag.0 |= waker.is_some();
                    waker
                };
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
        self.settle();
        let spawned = self.shared.spawned.borrow();
        for (index, task) in spawned.iter().enumerate() {
            let Some(task) = task else { continue };
            if task.is_done()
                && !std::mem::replace(&mut self.shared.ended.borrow_mut()[index], true)
            {
                self.shared.log(format!("task {index} cancelled {}", task.is_cancelled()));
            }
            if !task.is_done() && task.cancelling() > 0 {
                self.shared.log(format!("task {index} cancelling {}", task.cancelling()));
            }
        }
        self.shared.log.take()
    }

    fn settle(&self) {
        let home = &self.shared.home;
        let mut turns = 0;
        while home.mails() > 0 || !home.ready().is_empty() {
            home.turn();
            turns += 1;
            assert!(turns < 10_000, "it goes round and round");
        }
    }

    /// What is left when all is over.
    pub(super) fn end(&self) -> Result<(), String> {
        for (index, task) in self.shared.spawned.borrow().iter().enumerate() {
            let Some(task) = task else { continue };
            let unwinding = task.unwinding();
            if !task.is_done() || unwinding.scopes + unwinding.guards > 0 {
                return Err(format!("task {index} in the end: {task:?} {unwinding:?}"));
            }
        }
        Ok(())
    }
}

impl Shared {
    fn log(&self, text: String) {
        self.log.borrow_mut().push(text);
    }
}

fn spawn(shared: &Rc<Shared>, index: usize) -> JoinHandle<()> {
    let body = seq(&Rc::downgrade(shared), shared.tasks[index].clone());
    let handle = shared.home.spawn(body);
    shared.spawned.borrow_mut()[index] = Some(handle.task());
    handle
}

fn seq(shared: &Weak<Shared>, ops: Seq) -> Boxed {
    let shared = shared.clone();
    Box::pin(async move {
        let mut parked = Vec::new();
        for op in ops {
            parked.extend(run(&shared, op).await);
        }
    })
}

/// Says what a select has parked.
async fn run(weak: &Weak<Shared>, op: Op) -> Option<Boxed> {
    let shared = weak.upgrade().expect("it lasts as long as the loop");
    let start = |ops| seq(weak, ops);
    match op {
        Op::Door(door) => shared.doors[door].clone().pass().await,
        Op::Catch { id, body, cleanup, exit } => match catch(start(body)).await {
            Ok(()) => shared.log(format!("catch {id} ok")),
            Err(cancelled) => {
                shared.log(format!("catch {id} {}", cancelled.message().unwrap_or("")));
                start(cleanup).await;
                shared.log(format!("catch {id} cleaned"));
                match exit {
                    Exit::Suppress => cancelled.suppress(),
                    Exit::Postpone => cancelled.postpone(),
                    Exit::Drop => drop(cancelled),
                    Exit::Resume => cancelled.resume().await,
                }
            }
        },
        Op::Mask { id, body } => {
            mask(start(body)).await;
            shared.log(format!("mask {id} done"));
        }
        Op::Target { id, flag, level, body } => {
            let target = Box::pin(Target::new(start(body)));
            let ended = Flagged { target, shared: shared.clone(), flag, level }.await;
            shared.log(format!("target {id} returned {}", ended.is_ok()));
        }
        Op::Join { wakes: true, branches } => {
            let mut all: FuturesUnordered<_> = branches.into_iter().map(start).collect();
            while all.next().await.is_some() {}
        }
        Op::Join { wakes: false, branches } => {
            drop(join_all(branches.into_iter().map(start)).await)
        }
        Op::Select { park, first, second } => {
            let lost = match select(start(first), start(second)).await {
                Either::Left((_, lost)) | Either::Right((_, lost)) => lost,
            };
            return park.then_some(lost);
        }
        Op::Child { id, task } => {
            let result = spawn(&shared, task).await;
            shared.log(format!("child {id} returned {}", result.is_ok()));
        }
    }
    None
}

struct Flagged {
    target: Pin<Box<Target<Boxed>>>,
    shared: Rc<Shared>,
    flag: usize,
    level: bool,
}

impl Future for Flagged {
    type Output = Result<(), Reason>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let (flag, level) = (&this.shared.flags[this.flag], this.level);
        this.target.as_mut().poll_with(context, |context| {
            let mut flag = flag.borrow_mut();
            flag.1 = Some(context.waker().clone());
            flag.0.then(|| Triggered { reason: "flag".into(), level })
        })
    }
}
