//! Signals inside foreign runtimes.
//!
//! A signal goes to the whole process, so a stream may also hear of one that another test has sent. That
//! is as good as its own here: what is asked is that its own is never missed.

use corio_embed_tests::Host;
use corio_signal::{SignalKind, signal};
use rustix::process::{Signal, getpid, kill_process};

in_every_host! {
    a_signal_that_comes_before_it_is_awaited,
    a_signal_that_wakes_tasks,
}

fn a_signal_that_comes_before_it_is_awaited<H: Host>() {
    H::block_on(async {
        let mut signals = signal(SignalKind::user_defined1()).unwrap();
        kill_process(getpid(), Signal::USR1).unwrap();
        signals.recv().await.unwrap();
    });
}

fn a_signal_that_wakes_tasks<H: Host>() {
    H::block_on(async {
        let listeners: Vec<_> = (0..3)
            .map(|_| {
                let mut signals = signal(SignalKind::user_defined2()).unwrap();
                H::spawn(async move { signals.recv().await })
            })
            .collect();
        corio_timer::sleep(std::time::Duration::from_millis(1)).await;
        kill_process(getpid(), Signal::USR2).unwrap();
        for listener in listeners {
            listener.await.unwrap();
        }
    });
}
