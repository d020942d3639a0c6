//! The server: accepts clients, sweeps the store, and ends in good order.
//!
//! Everything runs on one loop and shares the store through an `Rc`: a command is one borrow with no
//! wait in it, so there is nothing to lock.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio::net::{TcpListener, TcpStream};

use crate::connection;
use crate::race::{First, first};
use crate::shutdown::Shutdown;
use crate::store::Store;

/// Clients served at the same time, as many as Redis; one more is told so and sent away.
const CLIENTS_MAX: usize = 10_000;
/// How long clients have to take their last replies after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);
/// How often the store is searched for expired keys, as in Redis.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
/// Keys dropped before other tasks get their turn: some 0.3 ms.
const SWEEP_MAX: usize = 1000;

/// Serves clients of `listener` until `ctrl_c` is ready, then lets them finish what has arrived.
///
/// # Errors
/// What the listener or the signal says. Trouble with one client ends that client only.
pub async fn run(
    listener: TcpListener,
    ctrl_c: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let store = Rc::new(RefCell::new(Store::new()));
    let shutdown = Rc::new(Shutdown::default());
    let sweeper = corio::spawn_local(sweep(Rc::clone(&store)));

    let accepting = async {
        loop {
            let (stream, _) = listener.accept().await?;
            welcome(stream, &store, &shutdown);
        }
    };
    match first(ctrl_c, accepting).await {
        First::Left(interrupted) => interrupted?,
        First::Right(accepted) => return accepted,
    }
    drop(listener);
    sweeper.abort();

    match shutdown.clients() {
        0 => eprintln!("bye"),
        1 => eprintln!("waiting for 1 client; Ctrl-C again cuts it off"),
        clients => eprintln!("waiting for {clients} clients; Ctrl-C again cuts them off"),
    }
    shutdown.request();
    match first(shutdown.drained(), first(corio::sleep(GRACE), corio::signal::ctrl_c())).await {
        First::Left(()) => {}
        // The rest is dropped with the runtime.
        First::Right(_) => eprintln!("{} clients were cut off", shutdown.clients()),
    }
    Ok(())
}

fn welcome(stream: TcpStream, store: &Rc<RefCell<Store>>, shutdown: &Rc<Shutdown>) {
    let client = shutdown.client();
    if shutdown.clients() > CLIENTS_MAX {
        drop(corio::spawn_local(async move {
            let _ = stream.write_all(b"-ERR max number of clients reached\r\n").await;
            drop(client);
        }));
        return;
    }
    let store = Rc::clone(store);
    let connection = corio::spawn_local(async move {
        // An error here is a client that left without a word; nobody needs to know.
        let _ = connection::serve(stream, &store, client).await;
    });
    // Without its handle the task runs on by itself.
    drop(connection);
}

/// Drops expired keys that nobody asks for, for ever.
async fn sweep(store: Rc<RefCell<Store>>) {
    loop {
        corio::sleep(SWEEP_EVERY).await;
        while store.borrow_mut().sweep(Instant::now(), SWEEP_MAX) {
            corio::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests;
