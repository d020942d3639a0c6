//! corio's `sync`, and what it has around tasks and futures.

use std::future::ready;
use std::hint::black_box;
use std::ops::{Deref, DerefMut};

use ::corio::TaskGroup;
use corio_sync::{channel, mpsc, oneshot};

use super::structure::LIMIT;
use super::{
    Around, Channel, Event, Many, Mutex, Notify, Offer, Oneshot, RwLock, Semaphore, offers,
};
use crate::peers::Corio;
use crate::workloads::{channels, debug, files, locks, structure};

pub(crate) const CORIO: &[Offer] = offers! { Corio;
    Mutex => locks::mutex::<Corio, corio_sync::Mutex<u64>>,
    MutexContended => locks::mutex_contended::<Corio, corio_sync::Mutex<u64>>,
    Semaphore => locks::semaphore::<Corio, corio_sync::Semaphore>,
    RwLockRead => locks::rwlock_read::<Corio, corio_sync::RwLock<u64>>,
    RwLockWrite => locks::rwlock_write::<Corio, corio_sync::RwLock<u64>>,
    Notify => locks::notify::<Corio, corio_sync::Notify>,
    NotifyWaiter => locks::notify_waiter::<Corio, corio_sync::Notify>,
    Oneshot => channels::oneshot::<Corio, Once>,
    Channel1x1 => channels::one_to_one::<Corio, Mpsc>,
    Channel4x1 => channels::four_to_one::<Corio, Mpsc>,
    Shared1x1 => channels::one_to_one::<Corio, Shared>,
    Shared4x1 => channels::four_to_one::<Corio, Shared>,
    Broadcast1000 => locks::broadcast_1000::<Corio, corio_sync::Event>,
    PingpongOneshot => channels::pingpong::<Corio, Once>,
    TaskGroup10k => structure::task_group_10k::<Corio, Group>,
    Gather1000 => structure::gather_1000::<Corio, Gather>,
    FileWrite => files::write::<Corio, ::corio::fs::File>,
    FileRead => files::read::<Corio, ::corio::fs::File>,
    DebugYield => debug::yield_one::<true>,
    DebugPingpong => debug::pingpong::<true>,
    DebugSpawn => debug::spawn_join::<true>;
    bytes Mpsc;
    more TimeoutReady => structure::around_ready::<Corio, Timeout>,
    CatchReady => structure::around_ready::<Corio, Catch>,
};

/// The same as the rows of debug mode, without it.
pub(crate) const CORIO_OFF: &[Offer] = offers! { Corio;
    DebugYield => debug::yield_one::<false>,
    DebugPingpong => debug::pingpong::<false>,
    DebugSpawn => debug::spawn_join::<false>,
};

impl Mutex for corio_sync::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    fn lock(&self) -> impl Future<Output = impl DerefMut<Target = u64>> {
        self.lock()
    }
}

impl Semaphore for corio_sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }
}

impl RwLock for corio_sync::RwLock<u64> {
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

impl Notify for corio_sync::Notify {
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

impl Event for corio_sync::Event {
    fn new() -> Self {
        Self::new()
    }

    fn set(&self) {
        self.set();
        self.clear();
    }

    fn wait(&self) -> impl Future<Output = ()> {
        self.wait()
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

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("a sender is there")
    }
}

struct Shared;

impl Channel for Shared {
    type Sender = channel::Sender<u64>;
    type Receiver = channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        channel::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("a sender is there")
    }
}

struct Group;

impl Many for Group {
    async fn run(count: u64) {
        let tasks = TaskGroup::scope(|group| async move {
            (0..count).map(|op| group.spawn(ready(black_box(op)))).collect::<Vec<_>>()
        });
        for task in tasks.await.expect("no child fails") {
            black_box(task.await.expect("a workload's task ends well"));
        }
    }
}

struct Gather;

impl Many for Gather {
    async fn run(count: u64) {
        let tasks = (0..count).map(|op| ::corio::spawn_local(ready(black_box(op))));
        let values = ::corio::gather(tasks.collect::<Vec<_>>()).await;
        black_box(values.expect("a workload's tasks end well"));
    }
}

struct Timeout;

impl Around for Timeout {
    fn around<F: Future>(body: F) -> impl Future<Output: Sized> {
        ::corio::timeout(LIMIT, body)
    }
}

struct Catch;

impl Around for Catch {
    fn around<F: Future>(body: F) -> impl Future<Output: Sized> {
        ::corio::cancel::catch(body)
    }
}
