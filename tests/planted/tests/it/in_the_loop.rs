//! Calls that wait for what their own loop would have to do: a panic names the place and says what to do instead.

use corio::sync::{Mutex, RwLock, broadcast, channel, mpsc, oneshot};
use corio::{EventLoop, Runner};
use corio_planted_tests::PANIC;

use crate::harness::{Case, Told};

const fn case(name: &'static str, says: &'static [&'static str], bug: fn(), fixed: fn()) -> Case {
    Told::error(PANIC).case(name, says, bug, fixed)
}

pub(crate) const CASES: &[Case] = &[
    case(
        "a message that is received as threads do",
        &["this would block the event loop that polls the task; use `recv` in tasks"],
        || {
            let (_sender, mut receiver) = mpsc::channel::<()>(1);
            in_a_task(move || {
                let _ = receiver.blocking_recv();
            });
        },
        || {
            let (sender, mut receiver) = mpsc::channel(1);
            corio::run(async move {
                sender.send(()).await.unwrap();
                receiver.recv().await.unwrap();
            });
        },
    ),
    case(
        "a message that is sent as threads do",
        &["this would block the event loop that polls the task; use `send` in tasks"],
        || {
            let (sender, _receiver) = mpsc::channel(1);
            in_a_task(move || {
                let _ = sender.blocking_send(());
            });
        },
        || {
            let (sender, mut receiver) = mpsc::channel(1);
            corio::run(async move {
                let job = corio::spawn_blocking(move || sender.blocking_send(()));
                receiver.recv().await.unwrap();
                job.await.unwrap().unwrap();
            });
        },
    ),
    case(
        "a value that is received as threads do",
        &["this would block the event loop that polls the task; use `receiver.await` in tasks"],
        || {
            let (_sender, receiver) = oneshot::channel::<()>();
            in_a_task(move || {
                let _ = receiver.blocking_recv();
            });
        },
        || {
            let (sender, receiver) = oneshot::channel();
            sender.send(()).unwrap();
            corio::run(receiver).unwrap();
        },
    ),
    case(
        "a message of many that is received as threads do",
        &["this would block the event loop that polls the task; use `recv` in tasks"],
        || {
            let (_sender, receiver) = channel::unbounded::<()>();
            in_a_task(move || {
                let _ = receiver.blocking_recv();
            });
        },
        || {
            let (sender, receiver) = channel::unbounded();
            sender.try_send(()).unwrap();
            corio::run(async move { receiver.recv().await.unwrap() });
        },
    ),
    case(
        "news that are received as threads do",
        &["this would block the event loop that polls the task; use `recv` in tasks"],
        || {
            let (_sender, mut receiver) = broadcast::channel::<()>(1);
            in_a_task(move || {
                let _ = receiver.blocking_recv();
            });
        },
        || {
            let (sender, mut receiver) = broadcast::channel(1);
            sender.send(()).unwrap();
            corio::run(async move { receiver.recv().await.unwrap() });
        },
    ),
    case(
        "a lock that is taken as threads do",
        &["this would block the event loop that polls the task; use `lock().await` in tasks"],
        || {
            in_a_task(|| {
                let words = Mutex::new(());
                let _guard = words.try_lock().unwrap();
                drop(words.blocking_lock());
            });
        },
        || corio::run(async { drop(Mutex::new(()).lock().await) }),
    ),
    case(
        "data that is read as threads do",
        &["this would block the event loop that polls the task; use `read().await` in tasks"],
        || {
            in_a_task(|| {
                let words = RwLock::new(());
                let _writer = words.try_write().unwrap();
                drop(words.blocking_read());
            });
        },
        || corio::run(async { drop(RwLock::new(()).read().await) }),
    ),
    case(
        "data that is written as threads do",
        &["this would block the event loop that polls the task; use `write().await` in tasks"],
        || {
            in_a_task(|| {
                let words = RwLock::new(());
                let _reader = words.try_read().unwrap();
                drop(words.blocking_write());
            });
        },
        || corio::run(async { drop(RwLock::new(()).write().await) }),
    ),
    case(
        "a runner that is closed in another one's run",
        &[
            "Runner::close at ",
            "would wait inside the loop that runs on this thread since ",
            "drop the runner there, which waits for nothing",
            file!(),
        ],
        || {
            let inner = Runner::new().unwrap();
            corio::run(async { inner.close() });
        },
        || {
            let inner = Runner::new().unwrap();
            corio::run(async { drop(inner) });
        },
    ),
    case(
        "a loop that is stopped in a run that ends with its future",
        &[
            "EventLoop::stop was called in a run that ends with its future, since ",
            "return from that future, or cancel its task",
            file!(),
        ],
        || corio::run(async { EventLoop::current().stop() }),
        || corio::run(async {}),
    ),
];

/// Does it in a task of a loop.
fn in_a_task(work: impl FnOnce() + 'static) {
    corio::run(async move { work() });
}
