//! Cleanup that must end.

use std::time::Duration;

use corio_task::mask;

use super::scope::CancelScope;
use crate::timeout::Elapsed;

/// Runs a cleanup that nobody disturbs, and that ends within `limit`.
///
/// It is [masked](mask()): neither the request that is being answered nor a later one reaches it. When
/// the limit has passed it is asked to unwind, and what still waits then is dropped, which is
/// reported to the log target `corio::cancel`.
///
/// ```
/// use corio::cancel;
/// use std::time::Duration;
///
/// async fn work() {
///     match cancel::catch(std::future::pending::<()>()).await {
///         Ok(()) => {}
///         Err(cancelled) => {
///             let said_goodbye = cancel::clean_up(Duration::from_secs(5), async { /* … */ }).await;
///             assert!(said_goodbye.is_ok());
///             cancelled.resume().await
///         }
///     }
/// }
/// # corio::run(async {
/// #     let task = corio::spawn(work());
/// #     corio::yield_now().await;
/// #     task.task().cancel(());
/// #     assert!(task.await.unwrap_err().is_cancelled());
/// # });
/// ```
///
/// # Errors
/// [`Elapsed`], if the cleanup did not end in time.
///
/// # Cancel safety
/// Dropping it drops the cleanup.
#[track_caller]
pub fn clean_up<F: Future>(
    limit: Duration,
    cleanup: F,
) -> impl Future<Output = Result<F::Output, Elapsed>> {
    let scope = CancelScope::new().with_grace(Duration::ZERO);
    async move {
        let scope = scope.with_timeout(limit);
        mask(scope.run(cleanup)).await.map_err(|_| Elapsed::after(limit))
    }
}
