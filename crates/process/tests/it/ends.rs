//! How children end, and who hears of it.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_process::{ChildHandle, Command, Stdio, Wait, returncode};
use corio_trace::book;

use crate::util::{assert_goes_away, block_on, cat, exists, poll_once, sh, sleeper};
use crate::waits::waits_in_a_task;
use crate::wakes::Wakes;

#[test]
fn codes_and_signals_are_told_apart() {
    let check = |line: &str, code: Option<i32>, signal: Option<i32>, number: i32| {
        let status = block_on(sh(line).status()).unwrap();
        assert_eq!((status.code(), status.signal()), (code, signal), "{line}");
        assert_eq!(returncode(status), number, "{line}");
    };
    check("exit 0", Some(0), None, 0);
    check("exit 255", Some(255), None, 255);
    check("kill -9 $$", None, Some(9), -9);
    check("kill -TERM $$", None, Some(15), -15);
    check("ulimit -c 0; kill -ABRT $$", None, Some(6), -6);
}

#[test]
fn waiting_again_says_the_same() {
    let mut child = sh("exit 5").spawn().unwrap();
    block_on(async {
        assert_eq!(child.wait().await.unwrap().code(), Some(5));
        assert_eq!(child.wait().await.unwrap().code(), Some(5));
        assert_eq!(child.handle().wait().await.unwrap().code(), Some(5));
    });
    assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(5));
    assert!(format!("{child:?}").contains("'sh' ended: exit status: 5>"), "{child:?}");
}

#[test]
fn a_running_child_is_not_waited_for() {
    let mut child = cat();
    assert!(child.try_wait().unwrap().is_none());
    assert!(exists(child.id()));
    assert_eq!(format!("{child:?}"), format!("<Child {} 'cat' running>", child.id()));
    drop(child.stdin.take());
    block_on(child.wait()).unwrap();
}

#[test]
fn waiting_closes_the_input() {
    let mut child = cat();
    assert!(block_on(child.wait()).unwrap().success());
    assert!(child.stdin.is_none());
}

#[test]
fn a_handle_leaves_the_input_open() {
    let mut child = cat();
    let handle = child.handle();
    assert!(poll_once(&mut handle.wait()).is_pending());
    assert!(child.stdin.take().is_some());
    assert!(block_on(handle.wait()).unwrap().success());
}

#[test]
fn a_cancelled_wait_kills_nobody_and_can_be_begun_again() {
    let mut child = sleeper();
    {
        let mut wait = child.wait();
        assert!(poll_once(&mut wait).is_pending());
        assert!(poll_once(&mut wait).is_pending());
    }
    assert!(child.try_wait().unwrap().is_none());
    child.start_kill().unwrap();
    assert_eq!(block_on(child.wait()).unwrap().signal(), Some(9));
}

#[test]
fn it_is_reaped_though_nobody_waits() {
    let child = sh("exit 4").spawn().unwrap();
    assert_goes_away(child.id());
    assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(4));
}

#[test]
fn any_number_wait_at_once_on_any_thread() {
    let mut child = cat();
    let waiters: Vec<_> = (0..8)
        .map(|_| {
            let handle = child.handle();
            std::thread::spawn(move || block_on(handle.wait()).unwrap().code())
        })
        .collect();
    drop(child.stdin.take());
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), Some(0));
    }
}

#[test]
fn a_dropped_waiter_is_forgotten_and_the_others_are_woken_once() {
    let mut child = cat();
    let handle = child.handle();
    let (counts, wakers): (Vec<_>, Vec<_>) = (0..3).map(|_| Wakes::new()).unzip();
    let poll =
        |wait: &mut Wait<'_>, waker| std::pin::Pin::new(wait).poll(&mut Context::from_waker(waker));
    let mut waits: Vec<_> = wakers.iter().map(|_| handle.wait()).collect();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(poll(wait, waker).is_pending());
        // The last waker holds.
        assert!(poll(wait, waker).is_pending());
    }
    drop(waits.remove(1));
    assert_eq!(Arc::strong_count(&counts[1]), 2, "its waker is dropped with it: ours is left");
    block_on(child.wait()).unwrap();
    let told: Vec<_> = counts.iter().map(|wakes| wakes.count()).collect();
    assert_eq!(told, [1, 0, 1]);
    assert!(matches!(poll(&mut waits[0], &wakers[0]), Poll::Ready(Ok(status)) if status.success()));
}

#[test]
fn it_has_ended_though_a_grandchild_holds_its_pipes() {
    let mut child = sh("sleep 600 & echo $!").stdout(Stdio::piped()).spawn().unwrap();
    assert!(block_on(child.wait()).unwrap().success());
    let mut line = [0; 32];
    let length = block_on(child.stdout.as_ref().unwrap().read(&mut line)).unwrap();
    let grandchild = std::str::from_utf8(&line[..length]).unwrap().trim();
    assert!(exists(grandchild.parse().unwrap()));
    assert!(block_on(Command::new("kill").args(["-9", grandchild]).status()).unwrap().success());
    // Now nobody holds it.
    assert_eq!(block_on(child.stdout.as_ref().unwrap().read(&mut line)).unwrap(), 0);
}

#[test]
fn all_of_it_may_be_moved_between_threads() {
    fn is_send_and_sync<T: Send + Sync + 'static>() {}
    is_send_and_sync::<corio_process::Child>();
    is_send_and_sync::<ChildHandle>();
    is_send_and_sync::<Wait<'static>>();
    is_send_and_sync::<Command>();
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let mut command = sh("exit 1");
    assert_eq!(block_on(is_send(command.status())).unwrap().code(), Some(1));
    assert_eq!(block_on(is_send(command.output())).unwrap().status.code(), Some(1));
}

#[test]
fn what_it_waits_for_is_recorded() {
    let mut child = cat();
    corio_trace::set_enabled(true);
    let line = line!() + 1;
    let mut wait = child.wait();
    let (polled, waits) = waits_in_a_task(|| poll_once(&mut wait).is_pending());
    corio_trace::set_enabled(false);
    if polled {
        // Closing the input may have ended it already.
        let [record] = &waits()[..] else { panic!("one wait") };
        assert_eq!(record.kind, book::NodeKind::Wait(corio_trace::WaitKind::Process));
        assert_eq!(record.place.line(), line);
    }
    block_on(wait).unwrap();
    assert!(waits().is_empty());
}
