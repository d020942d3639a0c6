//! A walk through what works, that explains itself on the terminal and ends by itself.
//!
//! ```text
//! cargo tour
//! ```
//!
//! One file per stop, in the order of the walk. The code that a stop prints is the code that it
//! runs: the page takes it out of the stop's own source.

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

mod tasks;

mod panics;

mod abort;

mod cancel;

mod timeouts;

mod groups;

mod order;

mod sleeps;

mod day;

mod echo;

mod streams;

mod threads;

mod blocking;

mod children;

mod files;

mod ctrl_c;

mod debugging;

mod page;

use std::error::Error;

use page::Page;

#[corio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut page = Page::new();
    page.title("corio: a tour of what works", "Seventeen stops, a few seconds, one loop.");
    tasks::stop(&mut page).await?;
    panics::stop(&mut page).await;
    abort::stop(&mut page).await;
    cancel::stop(&mut page).await;
    timeouts::stop(&mut page).await;
    groups::stop(&mut page).await;
    order::stop(&mut page).await?;
    sleeps::stop(&mut page).await;
    day::stop(&mut page)?;
    echo::stop(&mut page).await?;
    streams::stop(&mut page).await?;
    threads::stop(&mut page).await?;
    blocking::stop(&mut page).await?;
    children::stop(&mut page).await?;
    files::stop(&mut page).await?;
    ctrl_c::stop(&mut page).await;
    debugging::stop(&mut page).await?;
    page.title("That was the tour.", "What to read next:");
    page.say(
        "crates/corio/examples/tour/        what you have just seen, a file per stop\n\
         crates/corio/examples/kv/          a server that speaks the Redis protocol:\n\
         \u{20}                                  cargo run --release -p corio --example kv\n\
         docs/debugging.md                  what corio says of your bugs, and what to do then\n\
         docs/ARCHITECTURE.md               how a wake, a ready socket and a deadline travel\n\
         cargo doc -p corio --open          every name, with an example that runs",
    );
    Ok(())
}
