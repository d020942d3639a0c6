//! Children inside foreign runtimes: spoken to, waited for, killed.

use std::os::unix::process::ExitStatusExt;

use corio_embed_tests::{Host, bounded};
use corio_process::{Command, SignalKind, Stdio};

in_every_host! {
    a_child_that_is_spoken_to,
    many_children_at_once,
    a_child_that_is_killed,
    a_dropped_wait_kills_nobody,
}

fn a_child_that_is_spoken_to<H: Host>() {
    H::block_on(async {
        // More than its pipes hold: it is written to and read from at the same time.
        let text = b"pear\napple\n".repeat(20_000);
        let mut cat = Command::new("cat");
        let mut child = cat.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.communicate(&text).await.unwrap();
        assert!(output.status.success());
        assert!(output.stdout == text);
    });
}

fn many_children_at_once<H: Host>() {
    H::block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                H::spawn(async move {
                    let mut shell = Command::new("sh");
                    shell.args(["-c", &format!("exit {n}")]).status().await
                })
            })
            .collect();
        for (n, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap().code(), Some(n as i32));
        }
    });
}

fn a_child_that_is_killed<H: Host>() {
    H::block_on(async {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let handle = child.handle();
        let waiter = H::spawn(async move { child.wait().await });
        // Which it cannot be made to ignore, by whoever has started this process either.
        handle.send_signal(SignalKind::kill()).unwrap();
        assert_eq!(waiter.await.unwrap().signal(), Some(9));
    });
}

fn a_dropped_wait_kills_nobody<H: Host>() {
    H::block_on(async {
        let mut cat = Command::new("cat");
        let mut child = cat.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        assert!(futures::poll!(child.wait()).is_pending());
        assert_eq!(child.try_wait().unwrap(), None);
        // Its input ends, and so does it.
        drop(child.stdin.take());
        assert!(child.wait().await.unwrap().success());
    });
}

/// Each reaps its own, however many of both end at once.
#[test]
fn children_of_the_host_are_left_to_it() {
    bounded(|| {
        smol::block_on(async {
            for _ in 0..10 {
                let hosts = smol::process::Command::new("sh").args(["-c", "exit 3"]).status();
                let ours = Command::new("sh").args(["-c", "exit 4"]).status();
                let std = std::process::Command::new("sh").args(["-c", "exit 5"]).spawn();
                let (hosts, ours) = futures::future::join(hosts, ours).await;
                assert_eq!((hosts.unwrap().code(), ours.unwrap().code()), (Some(3), Some(4)));
                assert_eq!(std.unwrap().wait().unwrap().code(), Some(5));
            }
        });
    });
}
