//! What the suite shares: a list to write down what happened, tasks that are waited for together.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use corio::{Builder, Clock, JoinError, JoinHandle, Runtime};

/// What happened, in order. Clones are the same list.
#[derive(Debug)]
pub(crate) struct Seen<T>(Rc<RefCell<Vec<T>>>);

impl<T> Seen<T> {
    pub(crate) fn new() -> Self {
        Seen(Rc::default())
    }

    pub(crate) fn push(&self, value: T) {
        self.0.borrow_mut().push(value);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

impl<T: Clone> Seen<T> {
    /// All that has happened so far.
    pub(crate) fn all(&self) -> Vec<T> {
        self.0.borrow().clone()
    }
}

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Seen(self.0.clone())
    }
}

/// A task that has not ended by then never will: the clock jumps there when nothing else is left.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

/// Waits for all tasks, one after the other.
///
/// # Panics
/// If one does not end.
pub(crate) async fn join_all<T>(
    tasks: impl IntoIterator<Item = JoinHandle<T>>,
) -> Vec<Result<T, JoinError>> {
    let mut results = Vec::new();
    for task in tasks {
        results.push(corio::timeout(FOR_EVER, task).await.expect("a task that ends"));
    }
    results
}

/// A loop of one's own, on a clock of its own, to be run by hand.
pub(crate) fn runtime() -> Runtime {
    Builder::new().clock(Clock::virtual_time()).build().unwrap()
}

/// One turn of the loop: asyncio's `sleep(0)`.
pub(crate) async fn turn() {
    corio::yield_now().await;
}

/// So many turns of the loop.
pub(crate) async fn turns(count: u32) {
    for _ in 0..count {
        turn().await;
    }
}

/// Whether a type has a trait: what CPython refuses when it runs, the compiler refuses.
macro_rules! implements {
    ($type:ty: $($trait:tt)+) => {{
        // One of the two answers is never used, and that is right: hence the names.
        trait _Otherwise {
            const _ANSWER: bool = false;
        }
        impl<T: ?Sized> _Otherwise for _Ask<T> {}
        struct _Ask<T: ?Sized>(std::marker::PhantomData<T>);
        // What is inherent is found before what a trait gives, and is there only for types that have it.
        impl<T: ?Sized + $($trait)+> _Ask<T> {
            const _ANSWER: bool = true;
        }
        <_Ask<$type>>::_ANSWER
    }};
}

pub(crate) use implements;

thread_local! {
    /// What was logged on this thread, down to a level, while somebody listens.
    static LOGGED: RefCell<Option<(log::Level, Vec<String>)>> = const { RefCell::new(None) };
}

/// Keeps what is logged for the thread that logs it, so that tests do not hear each other.
struct ByThread;

impl log::Log for ByThread {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LOGGED.with_borrow_mut(|logged| {
                if let Some((level, lines)) = logged
                    && record.level() <= *level
                {
                    lines.push(record.args().to_string());
                }
            });
        }
    }

    fn flush(&self) {}
}

/// What is logged as an error on this thread while `work` runs.
pub(crate) fn errors_logged(work: impl FnOnce()) -> Vec<String> {
    logged(log::Level::Error, work)
}

/// What is logged on this thread, at this level or a graver one, while `work` runs.
pub(crate) fn logged(level: log::Level, work: impl FnOnce()) -> Vec<String> {
    static SET: std::sync::Once = std::sync::Once::new();
    SET.call_once(|| {
        log::set_logger(&ByThread).expect("the suite's only logger");
        log::set_max_level(log::LevelFilter::Warn);
    });
    LOGGED.set(Some((level, Vec::new())));
    work();
    LOGGED.take().map(|(_, lines)| lines).unwrap_or_default()
}
