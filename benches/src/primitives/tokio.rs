//! tokio's `sync`, `JoinSet` and `timeout`.

use std::future::ready;
use std::hint::black_box;
use std::ops::{Deref, DerefMut};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::structure::LIMIT;
use super::{
    Around, Channel, Event, Many, Mutex, Notify, Offer, Oneshot, RwLock, Semaphore, offers,
};
use crate::peers::Tokio;
use crate::workloads::{channels, files, locks, structure};

pub(crate) const TOKIO: &[Offer] = offers! { Tokio;
    Mutex => locks::mutex::<Tokio, tokio::sync::Mutex<u64>>,
    MutexContended => locks::mutex_contended::<Tokio, tokio::sync::Mutex<u64>>,
    Semaphore => locks::semaphore::<Tokio, tokio::sync::Semaphore>,
    RwLockRead => locks::rwlock_read::<Tokio, tokio::sync::RwLock<u64>>,
    RwLockWrite => locks::rwlock_write::<Tokio, tokio::sync::RwLock<u64>>,
    Notify => locks::notify::<Tokio, tokio::sync::Notify>,
    NotifyWaiter => locks::notify_waiter::<Tokio, tokio::sync::Notify>,
    Oneshot => channels::oneshot::<Tokio, Once>,
    Channel1x1 => channels::one_to_one::<Tokio, Mpsc>,
    Channel4x1 => channels::four_to_one::<Tokio, Mpsc>,
    // It has no other that hands each message to one receiver.
    Shared1x1 => channels::one_to_one::<Tokio, Mpsc>,
    Shared4x1 => channels::four_to_one::<Tokio, Mpsc>,
    Broadcast1000 => locks::broadcast_1000::<Tokio, tokio::sync::Notify>,
    PingpongOneshot => channels::pingpong::<Tokio, Once>,
    TaskGroup10k => structure::task_group_10k::<Tokio, Set>,
    Gather1000 => structure::gather_1000::<Tokio, Set>,
    FileWrite => files::write::<Tokio, tokio::fs::File>,
    FileRead => files::read::<Tokio, tokio::fs::File>;
    bytes Mpsc;
    more TimeoutReady => structure::around_ready::<Tokio, Timeout>,
};

impl Mutex for tokio::sync::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    fn lock(&self) -> impl Future<Output = impl DerefMut<Target = u64>> {
        self.lock()
    }
}

impl Semaphore for tokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }
}

impl RwLock for tokio::sync::RwLock<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    fn read(&self) -> impl Future<Output = impl Deref<Target = u64>> {
        self.read()
    }

    fn write(&self) -> impl Future<Output = impl DerefMut<Target = u64>> {
        self.write()
    }
}

impl Notify for tokio::sync::Notify {
    fn new() -> Self {
        Self::new()
    }

    fn notify_one(&self) {
        self.notify_one();
    }

    fn notified(&self) -> impl Future<Output = ()> {
        self.notified()
    }
}

impl Event for tokio::sync::Notify {
    fn new() -> Self {
        Self::new()
    }

    fn set(&self) {
        self.notify_waiters();
    }

    fn wait(&self) -> impl Future<Output = ()> {
        self.notified()
    }
}

struct Once;

impl Oneshot for Once {
    type Sender<T: 'static> = oneshot::Sender<T>;
    type Receiver<T: 'static> = oneshot::Receiver<T>;

    fn channel<T: 'static>() -> (oneshot::Sender<T>, oneshot::Receiver<T>) {
        oneshot::channel()
    }

    fn send<T: 'static>(sender: oneshot::Sender<T>, value: T) {
        assert!(sender.send(value).is_ok(), "the receiver is there");
    }

    async fn receive<T: 'static>(receiver: oneshot::Receiver<T>) -> T {
        receiver.await.expect("it was sent")
    }
}

struct Mpsc;

impl Channel for Mpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (mpsc::Sender<u64>, mpsc::Receiver<u64>) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &mpsc::Sender<u64>, value: u64) {
        sender.send(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut mpsc::Receiver<u64>) -> u64 {
        receiver.recv().await.expect("a sender is there")
    }
}

struct Set;

impl Many for Set {
    async fn run(count: u64) {
        let mut tasks = JoinSet::new();
        for op in 0..count {
            tasks.spawn(ready(black_box(op)));
        }
        while let Some(value) = tasks.join_next().await {
            black_box(value.expect("a workload's task ends well"));
        }
    }
}

struct Timeout;

impl Around for Timeout {
    fn around<F: Future>(body: F) -> impl Future<Output: Sized> {
        tokio::time::timeout(LIMIT, body)
    }
}
