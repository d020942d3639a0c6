//! The system's call on the blocking pool.

use std::fmt;
use std::io;

use corio_base::clock;
use corio_blocking::{Job, abandon_on_cancel};

use super::error::LookupError;

/// Runs `call`, which asks the system about `name`, on the pool. Dropped, the call is abandoned: one that
/// waits for a thread never begins, one that runs keeps its thread until the system answers.
pub(super) async fn ask<T, F>(name: &str, call: F) -> Result<T, LookupError>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let job = Job::new().name(format!("getaddrinfo {name}")).spawn(call);
    match abandon_on_cancel(job).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(LookupError::of_system(name, error)),
        Err(error) => Err(LookupError::of_pool(name, &error)),
    }
}

/// Where a lookup is reported that took as long as a poll must not.
const TARGET_NET: &str = "corio::net";

/// A name, and the port or service that was asked for with it, as `timed` tells of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostPort<'a>(pub(super) &'a str, pub(super) u16);

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

/// Awaits the answer to the question for `what` and tells, with the debug switch on, if it took long: in asyncio's
/// words and at its level, info, for a name server that is slow is no mistake of the program. Also of a resolver
/// of the program's own. What the question waited for a thread of the pool counts, too.
pub(super) async fn timed<T>(what: impl fmt::Display, answer: impl Future<Output = T>) -> T {
    if !corio_trace::enabled() {
        return answer.await;
    }
    // A resolver goes by the system's clock, also where the program has a virtual one.
    let begun = clock::os_now();
    let answer = answer.await;
    let took = clock::os_now().saturating_since(begun);
    if took >= corio_trace::slow_poll() {
        let took = took.as_secs_f64() * 1e3;
        corio_trace::report_info(
            TARGET_NET,
            format_args!("Getting address info {what} took {took:.3}ms"),
        );
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use corio_blocking::{Config, current};

    use super::*;

    /// A system that does not answer.
    fn hang(until: mpsc::Receiver<()>) -> impl FnOnce() -> io::Result<()> + Send + 'static {
        move || {
            let _ = until.recv_timeout(Duration::from_secs(10));
            Ok(())
        }
    }

    #[test]
    fn an_abandoned_call_keeps_its_thread_until_the_system_answers() {
        let pool = Config::new().threads_max(1).build();
        let _installed = current::install(pool.clone());
        let context = &mut Context::from_waker(Waker::noop());
        let (answer, until) = mpsc::channel();
        {
            let asked = pin!(ask("example.org", hang(until)));
            assert!(asked.poll(context).is_pending());
            while pool.running().is_empty() {
                std::thread::yield_now();
            }
            // Behind it one that waits for the only thread, and is abandoned, too.
            let behind = pin!(ask::<(), _>("behind", || panic!("nobody wants it")));
            assert!(behind.poll(context).is_pending());
        }
        let running = pool.running();
        assert_eq!(running[0].name(), "getaddrinfo example.org");
        answer.send(()).unwrap();
        assert!(pool.shutdown(Duration::from_secs(10)).is_empty());
    }
}
