//! The end of the server, as its connections see it.
//!
//! The server asks once ([`Shutdown::request`]) and then waits until the last connection is gone
//! ([`Shutdown::drained`]). Each connection holds a [`Client`]: it waits there for the request beside
//! waiting for bytes, and is counted for as long as it has one, a panic included.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Whether the server ends, who is still there, and who wants to know.
#[derive(Debug, Default)]
pub struct Shutdown {
    requested: Cell<bool>,
    clients: Cell<usize>,
    last_id: Cell<u64>,
    /// Connections that wait for the request.
    waiting: RefCell<HashMap<u64, Waker>>,
    /// The server, once it waits for the last of them.
    server: RefCell<Option<Waker>>,
}

impl Shutdown {
    /// Counts one more connection.
    pub fn client(self: &Rc<Self>) -> Client {
        self.clients.set(self.clients.get() + 1);
        self.last_id.set(self.last_id.get() + 1);
        Client { shutdown: Rc::clone(self), id: self.last_id.get(), registered: None }
    }

    /// How many connections there are.
    pub fn clients(&self) -> usize {
        self.clients.get()
    }

    /// Asks all connections to end.
    pub fn request(&self) {
        self.requested.set(true);
        for waker in self.waiting.take().into_values() {
            waker.wake();
        }
    }

    /// Waits until no connection is left.
    pub async fn drained(&self) {
        poll_fn(|context| {
            if self.clients.get() == 0 {
                return Poll::Ready(());
            }
            let before = self.server.replace(Some(context.waker().clone()));
            drop(before);
            Poll::Pending
        })
        .await;
    }
}

/// One connection, counted while it lives.
#[derive(Debug)]
pub struct Client {
    shutdown: Rc<Shutdown>,
    id: u64,
    /// The waker last handed over: a connection polls this before each read, always in one task.
    registered: Option<Waker>,
}

impl Client {
    /// Waits until the connection shall end.
    pub async fn asked_to_end(&mut self) {
        poll_fn(|context| self.poll_asked_to_end(context)).await;
    }

    fn poll_asked_to_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.shutdown.requested.get() {
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !self.registered.as_ref().is_some_and(|present| present.will_wake(waker)) {
            let before = self.shutdown.waiting.borrow_mut().insert(self.id, waker.clone());
            drop(before);
            self.registered = Some(waker.clone());
        }
        Poll::Pending
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let waker = self.shutdown.waiting.borrow_mut().remove(&self.id);
        drop(waker);
        let left = self.shutdown.clients.get() - 1;
        self.shutdown.clients.set(left);
        if left == 0
            && let Some(server) = self.shutdown.server.take()
        {
            server.wake();
        }
    }
}
