#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

#[doc(hidden)]
pub mod wait_list;

mod blocking;
mod error;
mod permits;

mod barrier;
mod bounded_semaphore;
pub mod broadcast;
mod capacity_limiter;
pub mod channel;
mod condition;
mod event;
mod lock;
pub mod mpsc;
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
pub mod queue;
mod rw_lock;
mod semaphore;
mod semaphore_permit;
pub mod watch;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult, BrokenBarrier};
pub use bounded_semaphore::{BoundedAcquire, BoundedPermit, BoundedSemaphore};
pub use capacity_limiter::{
    AlreadyBorrowing, Borrower, CapacityAcquire, CapacityLimiter, CapacityStatistics,
    CapacityToken, NotBorrowing, OwnedCapacityToken, TryBorrowError,
};
pub use condition::{Condition, ConditionGuard};
pub use error::{AcquireError, OverReleased, TryAcquireError, TryLockError};
pub use event::{Event, EventWait};
pub use lock::{Lock, LockGuard, Locking, OwnedLockGuard};
pub use mutex::{MappedMutexGuard, Mutex, MutexGuard, MutexLocking, OwnedMutexGuard};
pub use notify::{Notified, Notify};
pub use once_cell::{OnceCell, SetError};
pub use queue::{LifoQueue, PriorityQueue, Queue};
pub use rw_lock::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockMappedReadGuard,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockReading, RwLockWriteGuard, RwLockWriting,
};
pub use semaphore::{Acquire, Semaphore};
pub use semaphore_permit::{OwnedSemaphorePermit, SemaphorePermit};
