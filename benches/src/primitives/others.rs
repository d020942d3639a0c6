//! Libraries without a runtime.

use std::ops::{Deref, DerefMut};

use futures::channel::oneshot as futures_oneshot;

use super::structure::Unordered;
use super::{Channel, Event, Loop, Mutex, Notify, Offer, Oneshot, RwLock, Semaphore, offers};
use crate::workloads::{channels, locks, structure};

pub(crate) const ASYNC_LOCK: &[Offer] = offers! { Loop;
    Mutex => locks::mutex::<Loop, async_lock::Mutex<u64>>,
    MutexContended => locks::mutex_contended::<Loop, async_lock::Mutex<u64>>,
    Semaphore => locks::semaphore::<Loop, async_lock::Semaphore>,
    RwLockRead => locks::rwlock_read::<Loop, async_lock::RwLock<u64>>,
    RwLockWrite => locks::rwlock_write::<Loop, async_lock::RwLock<u64>>,
};

pub(crate) const EVENT_LISTENER: &[Offer] = offers! { Loop;
    NotifyWaiter => locks::notify_waiter::<Loop, event_listener::Event>,
    Broadcast1000 => locks::broadcast_1000::<Loop, event_listener::Event>,
};

pub(crate) const FUTURES: &[Offer] = offers! { Loop;
    Mutex => locks::mutex::<Loop, futures::lock::Mutex<u64>>,
    MutexContended => locks::mutex_contended::<Loop, futures::lock::Mutex<u64>>,
    Oneshot => channels::oneshot::<Loop, FuturesOnce>,
    PingpongOneshot => channels::pingpong::<Loop, FuturesOnce>,
    Gather1000 => structure::gather_1000::<Loop, Unordered<Loop>>,
};

pub(crate) const ONESHOT: &[Offer] = offers! { Loop;
    Oneshot => channels::oneshot::<Loop, Once>,
    PingpongOneshot => channels::pingpong::<Loop, Once>,
};

pub(crate) const KANAL: &[Offer] = offers! { Loop;
    Channel1x1 => channels::one_to_one::<Loop, Kanal>,
    Channel4x1 => channels::four_to_one::<Loop, Kanal>,
    Shared1x1 => channels::one_to_one::<Loop, Kanal>,
    Shared4x1 => channels::four_to_one::<Loop, Kanal>;
    bytes Kanal,
};

pub(crate) const FLUME: &[Offer] = offers! { Loop;
    Channel1x1 => channels::one_to_one::<Loop, Flume>,
    Channel4x1 => channels::four_to_one::<Loop, Flume>,
    Shared1x1 => channels::one_to_one::<Loop, Flume>,
    Shared4x1 => channels::four_to_one::<Loop, Flume>;
    bytes Flume,
};

pub(crate) const ASYNC_CHANNEL: &[Offer] = offers! { Loop;
    Channel1x1 => channels::one_to_one::<Loop, AsyncChannel>,
    Channel4x1 => channels::four_to_one::<Loop, AsyncChannel>,
    Shared1x1 => channels::one_to_one::<Loop, AsyncChannel>,
    Shared4x1 => channels::four_to_one::<Loop, AsyncChannel>;
    bytes AsyncChannel,
};

impl Mutex for async_lock::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    fn lock(&self) -> impl Future<Output = impl DerefMut<Target = u64>> {
        self.lock()
    }
}

impl Mutex for futures::lock::Mutex<u64> {
    fn new() -> Self {
        Self::new(0)
    }

    fn lock(&self) -> impl Future<Output = impl DerefMut<Target = u64>> {
        self.lock()
    }
}

impl Semaphore for async_lock::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }
}

impl RwLock for async_lock::RwLock<u64> {
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

impl Notify for event_listener::Event {
    fn new() -> Self {
        Self::new()
    }

    fn notify_one(&self) {
        self.notify(1);
    }

    // With its place in the task, as async-lock uses it; the other way is to allocate.
    async fn notified(&self) {
        event_listener::listener!(self => listener);
        listener.await;
    }
}

impl Event for event_listener::Event {
    fn new() -> Self {
        Self::new()
    }

    fn set(&self) {
        self.notify(usize::MAX);
    }

    async fn wait(&self) {
        event_listener::listener!(self => listener);
        listener.await;
    }
}

struct FuturesOnce;

impl Oneshot for FuturesOnce {
    type Sender<T: 'static> = futures_oneshot::Sender<T>;
    type Receiver<T: 'static> = futures_oneshot::Receiver<T>;

    fn channel<T: 'static>() -> (futures_oneshot::Sender<T>, futures_oneshot::Receiver<T>) {
        futures_oneshot::channel()
    }

    fn send<T: 'static>(sender: futures_oneshot::Sender<T>, value: T) {
        assert!(sender.send(value).is_ok(), "the receiver is there");
    }

    async fn receive<T: 'static>(receiver: futures_oneshot::Receiver<T>) -> T {
        receiver.await.expect("it was sent")
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

struct Kanal;

impl Channel for Kanal {
    type Sender = kanal::AsyncSender<u64>;
    type Receiver = kanal::AsyncReceiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        kanal::bounded_async(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("a sender is there")
    }
}

struct Flume;

impl Channel for Flume {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        flume::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send_async(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv_async().await.expect("a sender is there")
    }
}

struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(capacity)
    }

    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Self::Receiver) -> u64 {
        receiver.recv().await.expect("a sender is there")
    }
}
