//! Locks, channels, timeouts, files and waits for many tasks: corio's beside those of other libraries.
//!
//! Each kind is a small trait, which the workloads are written over, and each library a file with
//! what it has. corio's run on corio's loop and tokio's on tokio's, as their users run them; the
//! libraries without a runtime run on corio's loop, so what they differ by from corio's is their own.
//! (Built without corio, they run on smol's.)

#[cfg(feature = "corio")]
mod corio;
pub(crate) mod files;
mod others;
mod structure;
mod tokio;

use std::io;
use std::ops::{Deref, DerefMut};

#[cfg(feature = "corio")]
pub(crate) use self::corio::{CORIO, CORIO_OFF};
pub(crate) use self::others::{
    ASYNC_CHANNEL, ASYNC_LOCK, EVENT_LISTENER, FLUME, FUTURES, KANAL, ONESHOT,
};
pub(crate) use self::structure::{GLOMMIO, MONOIO, SMOL, SMOL_STATIC};
pub(crate) use self::tokio::TOKIO;
use crate::measure::Order;
use crate::row::Row;

/// The loop that libraries without a runtime run on.
#[cfg(feature = "corio")]
type Loop = crate::peers::Corio;
/// The loop that libraries without a runtime run on.
#[cfg(not(feature = "corio"))]
type Loop = crate::peers::SmolStatic;

/// One row of one library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) row: Row,
    pub(crate) measure: fn(&Order) -> io::Result<f64>,
}

/// The rows of a library: `Row => workload`, each measured on a fresh runtime of the peer. `more`:
/// those that tell how much more one thing costs than another.
macro_rules! offers {
    (
        $peer:ty; $($row:ident => $work:expr),+
        $(; bytes $channel:ty)?
        $(; more $($figure:ident => $more:expr),+)?
        $(,)?
    ) => {
        &[
            $(crate::primitives::Offer {
                row: crate::row::Row::$row,
                measure: |order| {
                    let work = crate::workloads::Work::<$peer>::Timed($work);
                    crate::measure::measure_work::<$peer>(crate::row::Row::$row, work, order)
                },
            },)+
            $(crate::primitives::Offer {
                row: crate::row::Row::ChannelBytes,
                measure: |order| {
                    let n = crate::measure::ops_fixed(crate::row::Row::ChannelBytes, order);
                    Ok(crate::workloads::channels::bytes::<$channel>(n))
                },
            },)?
            $($(crate::primitives::Offer {
                row: crate::row::Row::$figure,
                measure: |order| {
                    let work = crate::workloads::Work::<$peer>::Figure($more);
                    crate::measure::measure_work::<$peer>(crate::row::Row::$figure, work, order)
                },
            },)+)?
        ]
    };
}
pub(crate) use offers;

/// A lock around a number.
pub(crate) trait Mutex: 'static {
    fn new() -> Self;
    fn lock(&self) -> impl Future<Output = impl DerefMut<Target = u64>>;
}

/// Permits.
pub(crate) trait Semaphore: 'static {
    fn new(permits: usize) -> Self;
    fn acquire(&self) -> impl Future<Output: Sized>;
}

/// A lock around a number, for many readers or one writer.
pub(crate) trait RwLock: 'static {
    fn new() -> Self;
    fn read(&self) -> impl Future<Output = impl Deref<Target = u64>>;
    fn write(&self) -> impl Future<Output = impl DerefMut<Target = u64>>;
}

/// A wake for one who waits; only peers that keep it for later have the row `notify`.
pub(crate) trait Notify: 'static {
    fn new() -> Self;
    fn notify_one(&self);
    fn notified(&self) -> impl Future<Output = ()>;
}

/// A wake for all who wait.
pub(crate) trait Event: 'static {
    fn new() -> Self;
    /// Wakes those who wait, and nobody who comes later.
    fn set(&self);
    fn wait(&self) -> impl Future<Output = ()>;
}

/// A channel for one value.
pub(crate) trait Oneshot: 'static {
    type Sender<T: 'static>: 'static;
    type Receiver<T: 'static>: 'static;
    fn channel<T: 'static>() -> (Self::Sender<T>, Self::Receiver<T>);
    fn send<T: 'static>(sender: Self::Sender<T>, value: T);
    fn receive<T: 'static>(receiver: Self::Receiver<T>) -> impl Future<Output = T>;
}

/// A channel for many numbers.
pub(crate) trait Channel: 'static {
    type Sender: Clone + 'static;
    type Receiver: 'static;
    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);
    fn send(sender: &Self::Sender, value: u64) -> impl Future<Output = ()>;
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = u64>;
}

/// A way to wait for many tasks.
pub(crate) trait Many: 'static {
    /// Spawns so many tasks, each ready with its number, and takes all the numbers.
    fn run(count: u64) -> impl Future<Output = ()>;
}

/// Something around a future that ends with it.
pub(crate) trait Around: 'static {
    fn around<F: Future>(body: F) -> impl Future<Output: Sized>;
}
