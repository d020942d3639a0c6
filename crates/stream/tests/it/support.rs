//! A loop to test on, a connection that a test plays by hand.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_stream::{Address, Connection};

pub(crate) use crate::folder::Folder;
pub(crate) use crate::http::{http_server, unix_http_server};

/// Runs `future` as the main task of a loop.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    Executor::new(ThreadPark::new()).block_on(future)
}

/// Begins a task on the running loop.
#[track_caller]
pub(crate) fn spawn<F>(future: F) -> corio_executor::JoinHandle<F::Output>
where
    F: Future + 'static,
{
    corio_executor::current().expect("a loop runs").spawn_local(future)
}

pub(crate) async fn yield_now() {
    corio_executor::yield_now().await;
}

/// Waits, a bounded time, until `done`.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..5000 {
        if done() {
            return;
        }
        corio_timer::sleep(Duration::from_millis(1)).await;
    }
    panic!("it did not come about");
}

/// What `future` gives, in a bounded time.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    let limit = corio_timer::sleep(Duration::from_secs(20));
    match futures::future::select(std::pin::pin!(future), std::pin::pin!(limit)).await {
        futures::future::Either::Left((output, _)) => output,
        futures::future::Either::Right(_) => panic!("it takes too long"),
    }
}

/// What the log was told on this thread, by this crate, since the last call. Turns the debug mode on.
pub(crate) fn logged() -> Vec<String> {
    LINES.with_borrow_mut(std::mem::take)
}

/// Begins to listen to the log on this thread.
pub(crate) fn listen_to_log() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Lines).expect("nobody else listens");
        log::set_max_level(log::LevelFilter::Warn);
        corio_trace::set_enabled(true);
    });
    logged();
}

std::thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target() == "corio::stream"
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {}", record.level(), record.args());
            let _ = LINES.try_with(|lines| lines.borrow_mut().push(line));
        }
    }

    fn flush(&self) {}
}

/// A connection that takes as much as the test allows, and remembers everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played(Arc<Mutex<Play>>);

#[derive(Debug, Default)]
struct Play {
    /// How many bytes it takes before it is full.
    room: usize,
    written: Vec<u8>,
    calls: usize,
    eof: bool,
    /// The end of the direction out is put off.
    eof_waits: bool,
    closed: bool,
    aborted: bool,
    fails: Option<i32>,
    incoming: Vec<u8>,
    writer: Option<Waker>,
    reader: Option<Waker>,
}

impl Played {
    pub(crate) fn new(room: usize) -> Self {
        let played = Played::default();
        played.0.lock().unwrap().room = room;
        played
    }

    fn change<R>(&self, change: impl FnOnce(&mut Play) -> R) -> R {
        let (result, wakers) = {
            let mut play = self.0.lock().unwrap();
            let result = change(&mut play);
            (result, [play.writer.take(), play.reader.take()])
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
        result
    }

    /// Lets it take so many bytes more.
    pub(crate) fn allow(&self, bytes: usize) {
        self.change(|play| play.room += bytes);
    }

    /// Lets it fail from now on; 0 is a panic.
    pub(crate) fn fail(&self, errno: i32) {
        self.change(|play| play.fails = Some(errno));
    }

    /// Puts the end of the direction out off, or no more.
    pub(crate) fn hold_eof(&self, holds: bool) {
        self.change(|play| play.eof_waits = holds);
    }

    pub(crate) fn bring(&self, bytes: &[u8]) {
        self.change(|play| play.incoming.extend_from_slice(bytes));
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        self.0.lock().unwrap().written.clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    pub(crate) fn has_eof(&self) -> bool {
        self.0.lock().unwrap().eof
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().unwrap().closed
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.0.lock().unwrap().aborted
    }
}

impl Connection for Played {
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut play = self.0.lock().unwrap();
        if play.closed || play.aborted {
            return Poll::Ready(Ok(0));
        }
        if play.incoming.is_empty() {
            play.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = play.incoming.len().min(room.len());
        room[..count].copy_from_slice(&play.incoming[..count]);
        play.incoming.drain(..count);
        Poll::Ready(Ok(count))
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut play = self.0.lock().unwrap();
        play.calls += 1;
        if play.fails == Some(0) {
            drop(play);
            panic!("of the test");
        }
        if let Some(errno) = play.fails {
            return Poll::Ready(Err(io::Error::from_raw_os_error(errno)));
        }
        if play.room == 0 {
            play.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        let mut taken = 0;
        for slice in bytes {
            let count = slice.len().min(play.room);
            play.written.extend_from_slice(&slice[..count]);
            play.room -= count;
            taken += count;
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_write_eof(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut play = self.0.lock().unwrap();
        if play.eof_waits {
            play.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        play.eof = true;
        Poll::Ready(Ok(()))
    }

    fn poll_close(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.change(|play| play.closed = true);
        Poll::Ready(Ok(()))
    }

    fn abort(&self) {
        self.change(|play| play.aborted = true);
    }

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }
}
