//! How a runtime is made.

use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use corio_base::Park;
use corio_blocking::Config;
use corio_executor::{Executor, JoinError};
use corio_reactor::Reactor;
use corio_timer::Timers;

use crate::ambient::Ambient;
use crate::background::Background;
use crate::clock::Clock;
use crate::driver::Driver;
use crate::handle::Handle;
use crate::runner::Runner;
use crate::runtime::{GRACE, Runtime};

/// Makes a [`Runtime`].
///
/// ```
/// let runtime = corio::Builder::new().build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a builder makes nothing until `build`, `run` or `start`"]
pub struct Builder {
    clock: Clock,
    driver: Option<Box<dyn Park>>,
    thread_name: Option<String>,
    debug: Option<bool>,
    grace: Duration,
    blocking: Config,
}

impl Builder {
    /// A runtime of one loop, on the thread that builds it.
    pub fn new() -> Self {
        Builder {
            clock: Clock::system(),
            driver: None,
            thread_name: None,
            debug: None,
            grace: GRACE,
            blocking: Config::new(),
        }
    }

    /// As [`Builder::new`]: the name tokio's users look for.
    pub fn new_current_thread() -> Self {
        Self::new()
    }

    /// The clock it goes by; the system's unless said otherwise.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What the loop waits on instead of corio's reactor. Timers go on working, on top of it;
    /// descriptors are then driven by the fallback thread, unless the program, inside
    /// [`Runtime::enter`], installs a reactor of its own (`corio_reactor::current::install`).
    pub fn driver(mut self, driver: impl Park + 'static) -> Self {
        self.driver = Some(Box::new(driver));
        self
    }

    /// The name of the thread that [`Builder::start`] starts; `corio` unless said otherwise.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = Some(name.into());
        self
    }

    /// Turns debug mode on or off, for the whole process. Unless said, the environment variable
    /// `CORIO_DEBUG` (`1` or `0`) decides.
    pub fn debug(mut self, on: bool) -> Self {
        self.debug = Some(on);
        self
    }

    /// What the threads for code that blocks are like: how many, what they are called, what they do when
    /// they start. See [`crate::spawn_blocking`].
    ///
    /// ```
    /// use corio::blocking::Config;
    ///
    /// let name = corio::Builder::new()
    ///     .blocking(Config::new().threads_max(4).thread_name("files"))
    ///     .run(async {
    ///         let name = || std::thread::current().name().map(str::to_owned);
    ///         corio::spawn_blocking(name).await.unwrap()
    ///     });
    /// assert_eq!(name.as_deref(), Some("files-1"));
    /// ```
    pub fn blocking(mut self, config: Config) -> Self {
        self.blocking = config;
        self
    }

    /// How many threads for code that blocks there may be; 512 unless said otherwise. The rest is for
    /// [`Builder::blocking`].
    ///
    /// # Panics
    /// If `threads` is 0.
    #[track_caller]
    pub fn max_blocking_threads(mut self, threads: usize) -> Self {
        self.blocking = self.blocking.threads_max(threads);
        self
    }

    /// How long the tasks that are left at the end of a run ([`Builder::run`], [`Runner::close`]) may
    /// clean up, and jobs on other threads run; 8 s unless said otherwise. Tasks that run on after that
    /// are dropped, jobs are left to themselves, and both are reported.
    /// [`Duration::MAX`]: as long as it takes, as asyncio does.
    pub fn shutdown_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Makes the runtime, on this thread.
    ///
    /// # Errors
    /// What the operating system says when it refuses descriptors (`ulimit -n` limits them), and
    /// `InvalidInput` where `CORIO_DRIVER`, `CORIO_DEBUG` or `CORIO_INSPECT` has a value that is not allowed.
    #[track_caller]
    #[doc(alias = "new_event_loop")]
    pub fn build(self) -> io::Result<Runtime> {
        match self.debug {
            Some(on) => corio_trace::set_enabled(on),
            None => corio_trace::init_from_env()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?,
        }
        crate::watched::begin()?;
        let timers = Timers::new();
        let (io, reactor): (Box<dyn Park>, _) = match self.driver {
            Some(driver) => (driver, None),
            None => {
                let reactor = Reactor::new()?;
                let handle = reactor.handle();
                (Box::new(reactor), Some(handle))
            }
        };
        let clock = self.clock.virtual_clock;
        let pool = self.blocking.build();
        let driver = Driver::new(io, Rc::clone(&timers), clock.clone(), pool.clone());
        let timer_metrics = timers.metrics();
        let executor = Executor::new(driver);
        let metrics = executor.core().counters();
        metrics.set_timers(timer_metrics);
        metrics.set_threads(pool.figures());
        if let Some(reactor) = &reactor {
            metrics.set_io(reactor.metrics());
        }
        let id = executor.core().id();
        let ambient = Ambient::new(id, clock, timers, reactor.clone(), pool.clone());
        let handle = Handle::new(executor.handle(), reactor, pool);
        Ok(Runtime::new(executor, ambient, handle, self.grace, Location::caller()))
    }

    /// Builds a runtime for several runs.
    ///
    /// # Errors
    /// As [`Builder::build`].
    #[track_caller]
    pub fn runner(self) -> io::Result<Runner> {
        Ok(Runner::of(self.build()?))
    }

    /// Builds a runtime, runs `main` on it, and ends it. See [`crate::run`].
    ///
    /// # Panics
    /// As [`crate::run`].
    #[track_caller]
    pub fn run<F: Future>(self, main: F) -> F::Output {
        self.runner_or_panic().run_once(main)
    }

    /// As [`Builder::run`], with a panic or a cancellation of `main` as an error.
    ///
    /// # Errors
    /// Why `main` has no output.
    ///
    /// # Panics
    /// If the runtime cannot be built; if called inside a runtime.
    #[track_caller]
    pub fn try_run<F: Future>(self, main: F) -> Result<F::Output, JoinError> {
        self.runner_or_panic().try_run_once(main)
    }

    #[track_caller]
    fn runner_or_panic(self) -> Runner {
        match self.runner() {
            Ok(runner) => runner,
            Err(error) => panic!("the runtime cannot be built: {error}"),
        }
    }

    /// Starts a runtime on a thread of its own, which runs what is [spawned](crate::Handle::spawn)
    /// there until the [`Background`] is dropped.
    ///
    /// # Errors
    /// As [`Builder::build`], and what the operating system says when it refuses a thread;
    /// `InvalidInput` with [`Builder::driver`], which cannot go to another thread.
    pub fn start(self) -> io::Result<Background> {
        if self.driver.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a driver of one's own stays on its thread: use `build` there instead of `start`",
            ));
        }
        let Builder { clock, driver: _, thread_name, debug, grace, blocking } = self;
        let (send, receive) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(thread_name.unwrap_or_else(|| "corio".to_owned()))
            .spawn(move || {
                let built =
                    Builder { clock, driver: None, thread_name: None, debug, grace, blocking }
                        .build();
                crate::background::serve(built, &send);
            })?;
        match receive.recv() {
            Ok(built) => built.map(|stop| Background::new(stop, thread)),
            Err(_) => Err(io::Error::other("the thread of the runtime ended before it began")),
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("clock", &self.clock)
            .field("driver", &self.driver.as_ref().map(|_| "..."))
            .field("thread_name", &self.thread_name)
            .field("debug", &self.debug)
            .field("grace", &self.grace)
            .field("blocking", &self.blocking)
            .finish()
    }
}
