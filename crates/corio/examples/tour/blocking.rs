//! Code that blocks, on threads of the runtime's own.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use crate::page::Page;

const SOURCE: &str = include_str!("blocking.rs");

/// Has twenty jobs block at a time, and one come back to the loop.
///
/// # Errors
/// If a job did not end well.
pub async fn stop(page: &mut Page) -> Result<(), Box<dyn Error>> {
    page.stop("Code that blocks goes to other threads");
    page.code(SOURCE, "jobs");
    let begun = Instant::now();
    // [jobs]
    let nap = || thread::sleep(Duration::from_millis(20));
    let jobs: Vec<_> = (0..20).map(|_| corio::to_thread(nap)).collect();
    for job in jobs {
        job.await?; // the loop goes on meanwhile
    }
    // [end]
    page.result(format_args!("20 naps of 20 ms took {:.1?}", begun.elapsed()));

    page.say("And back: from_thread has the loop run something, and waits for it.");
    page.code(SOURCE, "back");
    // [back]
    let here = thread::current().id();
    let job = corio::to_thread(move || {
        corio::from_thread::run_sync(move || thread::current().id() == here)
    });
    // [end]
    let is_here = job.await??;
    page.result(format_args!("it ran on the loop's own thread: {is_here}"));
    Ok(())
}
