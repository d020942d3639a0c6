//! Sleeps that begin in one runtime and end in another.
#![expect(clippy::async_yields_async, reason = "the sleep is moved, not awaited, there")]

use std::future::poll_fn;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use corio_embed_tests::Host;
use corio_timer::{Sleep, sleep};

const MS: Duration = Duration::from_millis(1);
/// No sleep here takes a hundredth of it: a wait that is forgotten is told from one that is late.
const FAR: Duration = Duration::from_secs(20);

in_every_host! {
    from_a_running_loop,
    from_a_loop_that_ends_meanwhile,
    from_a_runtime_that_has_gone,
    from_a_runtime_that_rests,
    from_a_runtime_that_rests_just_polled,
    from_a_runtime_that_rests_on_another_thread,
    into_corio,
    there_and_back,
    made_here_and_first_polled_there,
}

async fn poll_once(sleep: &mut Sleep) -> Poll<()> {
    poll_fn(|context| Poll::Ready(pin!(&mut *sleep).poll(context))).await
}

/// Awaits `sleep` on `H`, and checks when it ends.
fn finish<H: Host>(begun: Instant, delay: Duration, sleep: Sleep) {
    H::block_on(sleep);
    let took = begun.elapsed();
    assert!(took >= delay, "{took:?} is early for {delay:?}");
    assert!(took < FAR, "{took:?} is late for {delay:?}");
}

fn from_a_running_loop<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let begun = Instant::now();
    let polled = background.handle().spawn(async {
        let mut sleep = sleep(5 * MS);
        assert!(poll_once(&mut sleep).await.is_pending());
        sleep
    });
    let sleep = background.handle().block_on(polled).unwrap();
    finish::<H>(begun, 5 * MS, sleep);
}

fn from_a_loop_that_ends_meanwhile<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let begun = Instant::now();
    let (send, receive) = mpsc::channel();
    let busy = background.handle().spawn(async move {
        let mut sleep = sleep(5 * MS);
        assert!(poll_once(&mut sleep).await.is_pending());
        send.send(sleep).unwrap();
        // The loop takes no turn while the sleep is polled elsewhere, and then no more.
        std::thread::sleep(2 * MS);
    });
    let sleep = receive.recv().unwrap();
    let other = std::thread::spawn(move || finish::<H>(begun, 5 * MS, sleep));
    background.handle().block_on(busy).unwrap();
    drop(background);
    other.join().unwrap();
}

fn from_a_runtime_that_has_gone<H: Host>() {
    let begun = Instant::now();
    let sleep = corio::run(async {
        let mut sleep = sleep(3 * MS);
        assert!(poll_once(&mut sleep).await.is_pending());
        sleep
    });
    finish::<H>(begun, 3 * MS, sleep);
}

fn from_a_runtime_that_rests<H: Host>() {
    let runtime = corio::Builder::new().build().unwrap();
    let begun = Instant::now();
    let sleep = runtime.block_on(async {
        let mut long = sleep(5 * MS);
        assert!(poll_once(&mut long).await.is_pending());
        // The loop waits once, so it has given the sleep its deadline.
        sleep(MS).await;
        let _ = poll_once(&mut long).await;
        long
    });
    finish::<H>(begun, 5 * MS, sleep);
    drop(runtime);
}

fn from_a_runtime_that_rests_just_polled<H: Host>() {
    let runtime = corio::Builder::new().build().unwrap();
    let begun = Instant::now();
    let sleep = runtime.block_on(async {
        let mut sleep = sleep(3 * MS);
        assert!(poll_once(&mut sleep).await.is_pending());
        sleep
    });
    finish::<H>(begun, 3 * MS, sleep);
    drop(runtime);
}

fn from_a_runtime_that_rests_on_another_thread<H: Host>() {
    let (send, receive) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let owner = std::thread::spawn(move || {
        let runtime = corio::Builder::new().build().unwrap();
        let begun = Instant::now();
        let sleep = runtime.block_on(async {
            let mut sleep = sleep(3 * MS);
            let _ = poll_once(&mut sleep).await;
            sleep
        });
        send.send((begun, sleep)).unwrap();
        // Alive, and not running, until the sleep has ended.
        is_done.recv().unwrap_err();
    });
    let (begun, sleep) = receive.recv().unwrap();
    finish::<H>(begun, 3 * MS, sleep);
    drop(done);
    owner.join().unwrap();
}

fn into_corio<H: Host>() {
    let begun = Instant::now();
    let sleep = H::block_on(async {
        let mut sleep = sleep(5 * MS);
        assert!(poll_once(&mut sleep).await.is_pending());
        sleep
    });
    corio::run(sleep);
    let took = begun.elapsed();
    assert!(took >= 5 * MS && took < FAR, "{took:?}");
}

fn there_and_back<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let begun = Instant::now();
    let mut sleep = sleep(10 * MS);
    for _ in 0..3 {
        sleep = H::block_on(async move {
            let _ = poll_once(&mut sleep).await;
            sleep
        });
        let polled = background.handle().spawn(async move {
            let _ = poll_once(&mut sleep).await;
            sleep
        });
        sleep = background.handle().block_on(polled).unwrap();
        if begun.elapsed() > 8 * MS {
            break;
        }
    }
    finish::<H>(begun, 10 * MS, sleep);
}

fn made_here_and_first_polled_there<H: Host>() {
    // The delay counts from the first poll, wherever that is.
    let sleep = corio::run(async { sleep(2 * MS) });
    std::thread::sleep(3 * MS);
    finish::<H>(Instant::now(), 2 * MS, sleep);
}
