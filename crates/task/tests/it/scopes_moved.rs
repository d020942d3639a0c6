//! Scopes that are moved between tasks and threads, also while they are being unwound.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use corio_task::{Spawn, Task, catch};
use futures::FutureExt;

use crate::scopes::{Flag, Log, assert_cancelled, flagged, raise, turn};
use crate::support::{Door, Loop};

type Boxed = Pin<Box<dyn Future<Output = ()>>>;
type Place = Rc<RefCell<Option<Boxed>>>;

/// Polls what is in `place`, as long as it is there.
async fn drive(place: Place) {
    poll_fn(|context| match place.borrow_mut().as_mut() {
        Some(future) => future.poll_unpin(context),
        None => Poll::Pending,
    })
    .await;
}

/// Two tasks; `future` is first polled by the one, `moved` goes to the other later.
fn two(home: &Loop, future: Boxed) -> (Place, Place, Vec<corio_task::JoinHandle<()>>) {
    let (first, second) = (Place::default(), Place::default());
    first.borrow_mut().replace(future);
    let handles = vec![home.spawn(drive(first.clone())), home.spawn(drive(second.clone()))];
    home.settle();
    (first, second, handles)
}

fn poll_again(home: &Loop, task: &Task) {
    // A request that is taken back wakes, and leaves nothing.
    task.cancel("nudge");
    task.uncancel();
    home.settle();
}

#[test]
fn a_target_moved_in_the_middle_of_its_request_ends_where_it_is() {
    let home = Loop::new();
    let (flag, log, door) = (Flag::default(), Log::default(), Door::new());
    let future = {
        let (flag, log, door) = (flag.clone(), log.clone(), door.clone());
        async move {
            let result = flagged(&flag, async {
                let guard = catch(pending::<()>()).await.unwrap_err();
                door.pass().await;
                guard.resume().await
            });
            log.add(format!("{:?}", result.await));
        }
    };
    let (first, second, mut handles) = two(&home, Box::pin(future));
    raise(&flag);
    home.settle();
    log.assert(&[]);
    let future = first.borrow_mut().take();
    *second.borrow_mut() = future;
    poll_again(&home, &handles[1].task());
    door.open();
    poll_again(&home, &handles[1].task());
    log.assert(&["Err(\"flag\")"]);
    assert!(handles[1].try_take().unwrap().is_ok());
    handles[0].task().cancel("x");
    home.settle();
    assert_cancelled(&mut handles[0], Some("x"));
    for handle in &handles {
        assert_eq!(handle.task().unwinding().scopes, 0);
    }
}

#[test]
fn a_catch_moved_after_it_was_asked_belongs_to_its_new_task() {
    let home = Loop::new();
    let log = Log::default();
    let future = {
        let log = log.clone();
        async move {
            let result = catch(corio_task::mask(pending::<()>())).await;
            log.add(format!("{:?}", result.unwrap_err().message()));
        }
    };
    let (first, second, mut handles) = two(&home, Box::pin(future));
    handles[0].task().cancel("old");
    home.settle();
    assert!(!handles[0].is_finished(), "held");
    let future = first.borrow_mut().take();
    *second.borrow_mut() = future;
    poll_again(&home, &handles[1].task());
    poll_again(&home, &handles[0].task());
    assert_cancelled(&mut handles[0], Some("old"));
    assert!(!handles[1].is_finished());
    handles[1].task().cancel("new");
    home.settle();
    log.assert(&[]);
    drop(second.borrow_mut().take());
    assert_eq!(handles[1].task().unwinding().scopes, 0);
}

#[test]
fn polled_first_outside_and_then_in_a_task_it_works_as_always() {
    let home = Loop::new();
    let log = Log::default();
    let mut future = Box::pin({
        let log = log.clone();
        async move {
            let guard = catch(pending::<()>()).await.unwrap_err();
            turn().await;
            log.add("cleaned");
            guard.resume().await
        }
    });
    assert!((&mut future).now_or_never().is_none());
    let mut handle = home.spawn(future);
    home.cancel(&handle, "x");
    log.assert(&["cleaned"]);
    assert_cancelled::<()>(&mut handle, Some("x"));
}

#[test]
fn a_free_task_cleans_up_on_whatever_thread_polls_it() {
    let home = Loop::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let handle = Spawn::new().free(&home.remote(), async move {
        let guard = catch(pending::<()>()).await.unwrap_err();
        for _ in 0..3 {
            turn().await;
        }
        sender.send("cleaned").unwrap();
        guard.resume().await
    });
    let task = handle.task();
    let run = || {
        while home
            .pop_free()
            .map(|task| std::thread::scope(|scope| scope.spawn(|| task.run()).join().unwrap()))
            .is_some()
        {}
    };
    run();
    task.cancel("x");
    run();
    assert_eq!(receiver.try_recv(), Ok("cleaned"));
    let mut handle = handle;
    assert_cancelled::<()>(&mut handle, Some("x"));
}
