//! Cancellations that are swallowed, that come to nothing, and whose cleanup fails.

use std::future::pending;
use std::io;
use std::time::Duration;

use corio::cancel::{CancelScope, catch, mask};
use corio::{Builder, spawn, try_spawn, yield_now};

use crate::harness::{Case, Told};

const LOOP: Told = Told::error("corio::loop");
const CANCEL: Told = Told::error("corio::cancel");
const DID_NOT_END: &[&str] =
    &["1 tasks did not end within 20ms after they were cancelled", file!()];
const SHUTDOWN: &str = "unhandled exception during corio::run() shutdown";
const GRACE: Duration = Duration::from_millis(20);
/// Of those that need none of it: no machine is so busy.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) const CASES: &[Case] = &[
    LOOP.case(
        "a loop that swallows its cancellation",
        DID_NOT_END,
        || {
            ends(GRACE, async {
                loop {
                    if let Err(cancelled) = catch(corio::sleep(HOUR)).await {
                        cancelled.suppress();
                    }
                }
            })
        },
        || {
            ends(PATIENCE, async {
                loop {
                    if let Err(cancelled) = catch(corio::sleep(HOUR)).await {
                        yield_now().await;
                        cancelled.resume().await;
                    }
                }
            })
        },
    ),
    LOOP.case(
        "a mask around a wait without end",
        DID_NOT_END,
        || ends(GRACE, mask(pending())),
        || {
            ends(PATIENCE, async {
                // What must not be cut has its limit.
                let _ = mask(corio::timeout(Duration::from_millis(1), pending::<()>())).await;
            });
        },
    ),
    LOOP.case(
        "cleanup without end",
        DID_NOT_END,
        || {
            ends(GRACE, async {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    pending::<()>().await;
                    cancelled.resume().await;
                }
            })
        },
        || {
            ends(PATIENCE, async {
                if let Err(cancelled) = catch(pending::<()>()).await {
                    let goodbye = corio::timeout(Duration::from_millis(1), pending::<()>()).await;
                    assert!(goodbye.is_err());
                    cancelled.resume().await;
                }
            })
        },
    ),
    CANCEL.case(
        "a scope whose body goes on after its grace",
        &[
            "the body of the scope made at ",
            file!(),
            "was still running 20ms after it was cancelled",
        ],
        || {
            scope(GRACE, async {
                loop {
                    if let Err(cancelled) = catch(pending::<()>()).await {
                        cancelled.suppress();
                    }
                }
            })
        },
        || scope(PATIENCE, pending()),
    ),
    LOOP.case(
        "cleanup that panics at the end",
        &[SHUTDOWN, file!()],
        || {
            cleans_up(|| panic!("oops"));
        },
        || cleans_up(|| Ok(())),
    ),
    LOOP.case(
        "cleanup that fails at the end",
        &[SHUTDOWN, "disk full"],
        || {
            cleans_up(|| Err(io::Error::other("disk full")));
        },
        || cleans_up(|| Ok(())),
    ),
];

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a program that ends while a task is at `body`, which may go on for so long.
fn ends(grace: Duration, body: impl Future<Output = ()> + Send + 'static) {
    Builder::new().shutdown_grace(grace).run(async {
        drop(spawn(body));
        yield_now().await;
    });
}

fn scope(grace: Duration, body: impl Future<Output = ()> + 'static) {
    corio::run(async {
        let scope = CancelScope::new().with_timeout(Duration::from_millis(1)).with_grace(grace);
        assert!(scope.run(body).await.is_err());
    });
}

/// Runs a program that ends while a task waits, which then does `cleanup`.
fn cleans_up(cleanup: fn() -> io::Result<()>) {
    corio::run(async move {
        drop(try_spawn(async move {
            if let Err(cancelled) = catch(pending::<()>()).await {
                cancelled.suppress();
            }
            cleanup()
        }));
        yield_now().await;
    });
}
