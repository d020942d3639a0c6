//! What a pool is like: how many threads, what they are called, how long they stay.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::pool::Pool;

/// As many threads as Linux gives the usual service without a word said: jobs that wait for a disk or a
/// peer take no processor, so there may be far more of them than cores; and 512 stacks, of which a page
/// or two each is touched, are some 4 MiB. It is tokio's number, too, so programs that come from there
/// meet no other limit.
pub(crate) const THREADS_MAX: usize = 512;

/// A thread that had nothing to do for so long ends. Starting it again costs some 50 µs, so what comes
/// every few seconds finds a thread, and a burst does not keep its threads for the rest of the day.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What threads are called, with a number after it: Linux shows 15 characters of a name.
const THREAD_NAME: &str = "corio-pool";

/// A function called on each thread.
pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What a [`Pool`] is like.
///
/// ```
/// use corio_blocking::Config;
///
/// let pool = Config::new().thread_name("database").threads_max(8).build();
/// # pool.shutdown(std::time::Duration::from_secs(8));
/// ```
#[derive(Clone)]
#[must_use = "a configuration makes nothing until `build`"]
pub struct Config {
    pub(crate) threads_max: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) queue_max: Option<usize>,
    pub(crate) thread_name: String,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_start: Option<Hook>,
    pub(crate) on_stop: Option<Hook>,
}

impl Config {
    /// Up to 512 threads, which end when they had nothing to do for 10 s; a queue without a bound.
    pub fn new() -> Self {
        Config {
            threads_max: THREADS_MAX,
            keep_alive: KEEP_ALIVE,
            queue_max: None,
            thread_name: THREAD_NAME.to_owned(),
            stack_size: None,
            on_start: None,
            on_stop: None,
        }
    }

    /// How many threads there may be; 512 unless said otherwise. Further jobs wait. How many there are
    /// is the pool's business: at first as many as cores, or 4, and more where these do not get on.
    ///
    /// # Panics
    /// If `threads` is 0: nothing would ever run.
    #[track_caller]
    pub fn threads_max(mut self, threads: usize) -> Self {
        assert!(threads > 0, "a pool of 0 threads would never run a job: give it 1 at least");
        self.threads_max = threads;
        self
    }

    /// How long a thread that has nothing to do stays; 10 s unless said otherwise.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.keep_alive = time;
        self
    }

    /// How many jobs may wait for a thread; as many as there is memory for, unless said otherwise. See
    /// [`Job::try_spawn`](crate::Job::try_spawn) for what becomes of the next one.
    ///
    /// # Panics
    /// If `jobs` is 0: each job waits at least for as long as it takes to hand it over.
    #[track_caller]
    pub fn queue_max(mut self, jobs: usize) -> Self {
        assert!(jobs > 0, "a queue for 0 jobs would hand over none: let it have 1 at least");
        self.queue_max = Some(jobs);
        self
    }

    /// What threads are called, with `-` and a number after it; `corio-pool` unless said otherwise.
    ///
    /// # Panics
    /// If there is a zero byte in it: no thread could be started.
    #[track_caller]
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(
            !name.contains('\0'),
            "{name:?} has a zero byte, no thread can be called so: leave it out"
        );
        self.thread_name = name;
        self
    }

    /// How large the stacks of threads are; what std takes (2 MiB) unless said otherwise.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// What each thread calls before its first job: asyncio's `initializer`. Its panic is reported, and
    /// the thread goes on.
    ///
    /// It must not wait for a job of the same pool: the thread in the hook is the one that was called
    /// for that job, so both would wait for ever. What a hook needs from others it gets from a pool of
    /// its own, or by itself.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_start = Some(Arc::new(hook));
        self
    }

    /// What each thread calls after its last job. Its panic is reported.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_stop = Some(Arc::new(hook));
        self
    }

    /// Makes the pool. It has no thread until it gets a job.
    pub fn build(self) -> Pool {
        Pool::with(self)
    }
}

impl Default for Config {
    fn default() -> Self {
        Config::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("threads_max", &self.threads_max)
            .field("keep_alive", &self.keep_alive)
            .field("queue_max", &self.queue_max)
            .field("thread_name", &self.thread_name)
            .field("stack_size", &self.stack_size)
            .field("on_thread_start", &self.on_start.is_some())
            .field("on_thread_stop", &self.on_stop.is_some())
            .finish()
    }
}
