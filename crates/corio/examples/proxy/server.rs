//! Accepts clients until Ctrl-C, then lets those that are there finish; called by `main`.
//!
//! The connections are children of one task group, and the group stands in a cancel scope:
//!
//! ```text
//!   scope ── deadline: none until Ctrl-C, then the grace
//!     └─ group ── accepting, until Ctrl-C
//!          ├─ connection
//!          └─ connection …
//! ```
//!
//! So nothing has to keep a list of connections: the group is over when all have ended, and the
//! scope's deadline, or a second Ctrl-C, asks all that are left to unwind.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use corio::TaskGroup;
use corio::cancel::{CancelHandle, CancelScope};
use corio::net::{TcpListener, TcpStream};

use crate::connection;
use crate::counts::Counts;
use crate::options::Options;

/// Serves clients of `listener` until `ctrl_c` is ready, then those that are there, for a while.
///
/// # Errors
/// What the listener or the signal says. Trouble with one client ends that client only.
pub async fn run(
    listener: TcpListener,
    options: &Options,
    ctrl_c: impl Future<Output = io::Result<()>>,
) -> io::Result<Rc<Counts>> {
    let counts = Rc::new(Counts::default());
    let scope = CancelScope::new();
    let handle = scope.handle();
    let serving = scope.run(TaskGroup::scope(|group| {
        let counts = Rc::clone(&counts);
        async move {
            corio::select! {
                interrupted = ctrl_c => interrupted?,
                failed = accept(&listener, options, &counts, &group) => failed?,
            }
            drop(listener);
            begin_to_end(&handle, options.grace, counts.present());
            io::Result::Ok(())
        }
    }));
    match serving.await {
        // The group's own errors are panics of connections.
        Ok(group) => group.map_err(io::Error::other)??,
        Err(_) => eprintln!("the connections that were left are cut off"),
    }
    Ok(counts)
}

/// For ever, unless the listener fails.
async fn accept(
    listener: &TcpListener,
    options: &Options,
    counts: &Rc<Counts>,
    group: &TaskGroup,
) -> io::Result<()> {
    loop {
        let (client, from) = listener.accept().await?;
        // One too many is closed at once: it knows sooner than one that waits in a queue.
        let Some(present) = counts.admit(options.clients_max) else { continue };
        let (target, counts) = (options.target.clone(), Rc::clone(counts));
        group.spawn_local(async move {
            if let Err(error) = serve(client, &target, &counts).await {
                counts.failed();
                eprintln!("client {from}: {error}");
            }
            drop(present);
        });
    }
}

async fn serve(client: TcpStream, target: &str, counts: &Counts) -> io::Result<()> {
    let server = connection::open(target).await?;
    connection::join(client, server, counts).await
}

/// Gives the connections their last seconds.
fn begin_to_end(handle: &CancelHandle, grace: Duration, present: usize) {
    if present > 0 {
        eprintln!("{present} connections may go on for {grace:?}; Ctrl-C again cuts them off");
    }
    handle.set_deadline(Some(corio::time::now() + grace));
    let handle = handle.clone();
    // It ends with the program.
    drop(corio::spawn_local(async move {
        if corio::signal::ctrl_c().await.is_ok() {
            handle.cancel("Ctrl-C came again");
        }
    }));
}
