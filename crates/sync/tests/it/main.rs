//! The tests of the primitives, one file a subject. No clock and no sleeping: futures are polled by
//! hand, or by threads that end.

mod barrier;
mod book;
mod bounded_semaphore;
mod broadcast;
mod capacity_limiter;
mod channel;
mod condition;
mod event;
mod hostile;
mod leaked;
mod lock;
mod mpsc;
mod mutex;
mod notify;
mod once_cell;
mod oneshot;
mod queue;
mod rw_lock;
mod semaphore;
mod stress;
mod util;
mod wait_list;
mod watch;
