//! Tasks that begin with their first poll.

use std::cell::RefCell;
use std::rc::Rc;

use corio_task::{Context, JoinHandle, Ran, Spawn, catch, context_var, current};

use crate::scopes::turn;
use crate::support::{Door, Loop};

context_var! { static WHO: u32 = 0; }

fn eager<F: Future + 'static>(l: &Loop, future: F) -> JoinHandle<F::Output> {
    Spawn::new().eager(l.home(), future)
}

#[test]
fn one_that_ends_at_once_is_never_queued() {
    let l = Loop::new();
    let mut handle = eager(&l, async { 42 });
    assert!(handle.is_finished() && l.ready().is_empty());
    assert_eq!(handle.try_take().unwrap().unwrap(), 42);
    assert!(handle.task().name().starts_with("Task-"));
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn it_is_the_current_task_while_it_is_polled() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let mut parent = l.spawn(async move {
        let before = current().unwrap();
        let child = eager(&inner, async { current().unwrap() });
        assert_eq!(child.info().parent(), Some(before.id()));
        assert_eq!(current().unwrap(), before);
        let task = child.task();
        (child.await.unwrap() == task, task != before)
    });
    l.settle();
    assert_eq!(parent.try_take().unwrap().unwrap(), (true, true));
    assert!(current().is_none());
}

#[test]
fn the_order_of_the_others_is_not_touched() {
    let l = Rc::new(Loop::new());
    let log = Rc::new(RefCell::new(Vec::new()));
    let note = {
        let log = log.clone();
        move |what: &'static str| log.borrow_mut().push(what)
    };
    let (one, two, three) = (note.clone(), note.clone(), note);
    let inner = l.clone();
    drop(l.spawn(async move {
        one("parent");
        drop(eager(&inner, async move {
            two("eager");
            turn().await;
            two("eager again");
        }));
        one("parent goes on");
    }));
    drop(l.spawn(async move { three("other") }));
    assert_eq!(l.turn().len(), 2);
    assert_eq!(*log.borrow(), ["parent", "eager", "parent goes on", "other"]);
    assert_eq!(l.turn(), [Ran::Returned]);
    assert_eq!(log.borrow().last(), Some(&"eager again"));
}

#[test]
fn one_that_waits_is_a_task_like_the_others() {
    let l = Loop::new();
    let door = Door::new();
    let handle = eager(&l, door.clone().pass());
    assert_eq!((door.polls.get(), l.ready().len()), (1, 0));
    assert_eq!(l.home().all(), [handle.task()]);
    door.open_and_wake();
    assert_eq!(l.turn(), [Ran::Returned]);
    assert!(handle.is_finished() && l.home().all().is_empty());
}

#[test]
fn a_panic_goes_to_the_handle() {
    let l = Loop::new();
    let mut handle = eager(&l, async { panic!("at once") });
    assert!(handle.try_take().unwrap().unwrap_err().is_panic());
    assert!(current().is_none());
}

#[test]
fn a_cancel_in_the_first_poll_is_delivered_at_its_first_wait() {
    let l = Loop::new();
    let door = Door::new();
    let mut handle = eager(&l, async move {
        current().unwrap().cancel("early");
        let caught = catch(door.pass()).await.unwrap_err();
        let message = caught.message().map(str::to_owned);
        caught.suppress();
        message
    });
    assert_eq!(handle.try_take().unwrap().unwrap().as_deref(), Some("early"));
    let mut handle = eager(&l, async {
        current().unwrap().cancel("early");
        std::future::pending::<()>().await;
    });
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    let mut aborted = eager(&l, async {
        current().unwrap().abort();
        std::future::pending::<()>().await;
    });
    assert!(!aborted.is_finished());
    l.turn();
    assert!(aborted.try_take().unwrap().unwrap_err().is_cancelled());
    // What is asked for and then returns without a wait has its value.
    let mut kept = eager(&l, async {
        current().unwrap().cancel("early");
        1
    });
    assert_eq!(kept.try_take().unwrap().unwrap(), 1);
}

#[test]
fn scopes_of_the_spawner_are_not_its_own() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let door = Door::new();
    let pass = door.clone();
    let mut parent = l.spawn(async move {
        let mut child = None;
        let caught = catch(async {
            child = Some(eager(&inner, async move {
                catch(pass.pass()).await.map_err(|cancelled| cancelled.message().map(str::to_owned))
            }));
            std::future::pending::<()>().await;
        })
        .await;
        caught.unwrap_err().suppress();
        child.unwrap().await.unwrap()
    });
    l.turn();
    assert!(parent.task().cancel("the parent only"));
    l.settle();
    door.open_and_wake();
    l.settle();
    assert_eq!(parent.try_take().unwrap().unwrap(), Ok(()));
}

#[test]
fn its_context_is_a_copy() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let mut parent = Spawn::new().context(Context::new()).bound(l.home(), async move {
        WHO.set(1);
        let mut child = eager(&inner, async {
            let seen = WHO.get();
            WHO.set(2);
            seen
        });
        (child.try_take().unwrap().unwrap(), WHO.get())
    });
    l.settle();
    assert_eq!(parent.try_take().unwrap().unwrap(), (1, 1));
}

#[test]
fn callbacks_of_one_that_ended_at_once() {
    let l = Loop::new();
    let handle = eager(&l, async {});
    handle.task().add_done_callback(|task| assert!(task.is_done()));
    assert_eq!(l.turn(), [Ran::Called]);
}

#[test]
fn a_home_that_closes_refuses_it() {
    struct SpawnsInDrop(std::rc::Weak<Loop>, Rc<RefCell<Option<JoinHandle<()>>>>);
    impl Drop for SpawnsInDrop {
        fn drop(&mut self) {
            let Some(l) = self.0.upgrade() else { return };
            *self.1.borrow_mut() = Some(eager(&l, async { unreachable!("the home closes") }));
        }
    }
    let l = Rc::new(Loop::new());
    let left = Rc::new(RefCell::new(None));
    let thing = SpawnsInDrop(Rc::downgrade(&l), left.clone());
    drop(l.spawn(async move {
        std::future::pending::<()>().await;
        drop(thing);
    }));
    l.turn();
    assert_eq!(l.home().cancel_all(), 1);
    let refused = left.borrow_mut().take().unwrap().try_take().unwrap();
    assert!(refused.unwrap_err().is_cancelled());
}

#[test]
fn all_lists_what_lives_also_a_root_in_its_first_poll() {
    let l = Rc::new(Loop::new());
    let (inner, nested) = (l.clone(), l.clone());
    let waiting = l.spawn(Door::new().pass());
    let waits = waiting.task();
    let done = l.spawn(async {});
    l.turn();
    let place = std::panic::Location::caller();
    let root = async move {
        let root = current().unwrap();
        assert_eq!(inner.home().all(), [waits.clone(), root.clone()]);
        let child = eager(&inner, async move { (current().unwrap(), nested.home().all()) });
        let (child, seen) = child.await.unwrap();
        assert_eq!(seen, [waits.clone(), root.clone(), child]);
        assert_eq!(inner.home().all(), [waits, root]);
    };
    l.home().run_root(place, std::pin::pin!(root), true, |_| unreachable!()).unwrap();
    assert!(done.is_finished());
    assert_eq!(l.home().all(), [waiting.task()]);
}

#[test]
fn a_default_is_for_those_who_have_said_nothing() {
    assert!(!Spawn::new().is_eager());
    assert!(Spawn::new().eager_start_by_default().is_eager());
    assert!(!Spawn::new().eager_start(false).eager_start_by_default().is_eager());
}
