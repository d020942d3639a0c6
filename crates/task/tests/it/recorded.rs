//! What debug mode records of scopes: as long as they are polled what is in them is under them, however their
//! polls end.

use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use corio_task::{Target, catch, mask};
use corio_trace::book::{
    FrameKind, Leaf, NodeKind, PolledPage, TaskBirth, TaskPage, TaskRecord, take_panicked, task,
};
use corio_trace::{Wait, WaitKind, set_enabled};

use crate::alone::alone;

/// Runs `test`, which is called `name`, in a process of its own: the switch is the process's, and the other tests
/// here run with it off.
fn in_debug(name: &str, test: impl FnOnce()) {
    alone(&format!("recorded::{name}"), || {
        set_enabled(true);
        test();
    });
}

/// A task of which there is only the page.
fn page(id: u64) -> TaskPage {
    let place = Location::caller();
    TaskPage::new(&TaskBirth { id, parent: 0, place, type_name: "paper", home: 0, late: false })
}

fn leaf_waits(leaf: &mut Leaf) {
    let place = Location::caller();
    leaf.wait(|| Wait { kind: WaitKind::Event, object: 1, owner: None, place });
}

/// A wait that never ends.
async fn wait() {
    let mut leaf = Leaf::new();
    poll_fn(|_| {
        leaf_waits(&mut leaf);
        Poll::<()>::Pending
    })
    .await;
}

fn poll_once<F: Future>(_polled: &PolledPage<'_>, future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The frames above the first wait, and how many waits there are at the task itself.
fn frames(record: &TaskRecord) -> (Vec<FrameKind>, usize) {
    let mut frames = Vec::new();
    let is_wait = |kind: NodeKind| matches!(kind, NodeKind::Wait(_));
    let direct = record.waits.iter().filter(|node| is_wait(node.kind)).count();
    let mut nodes = &record.waits;
    while let Some(node) = nodes.iter().find(|node| !is_wait(node.kind)) {
        if let NodeKind::Frame(kind) = node.kind {
            frames.push(kind);
        }
        nodes = &node.children;
    }
    (frames, direct)
}

#[test]
fn what_is_polled_is_under_its_scopes_and_what_comes_after_is_not() {
    in_debug("what_is_polled_is_under_its_scopes_and_what_comes_after_is_not", || {
        const ID: u64 = 7_000_001;
        let page = page(ID);
        let polled = page.enter(ID);
        let mut scope = pin!(catch(mask(wait())));
        let mut after = Leaf::new();
        for _ in 0..2 {
            assert!(poll_once(&polled, scope.as_mut()).is_pending());
            leaf_waits(&mut after);
            let seen = frames(&task(ID).unwrap());
            assert_eq!(seen, (vec![FrameKind::Catch, FrameKind::Mask], 1));
        }
    });
}

#[test]
fn a_scope_that_is_ready_leaves_nothing() {
    in_debug("a_scope_that_is_ready_leaves_nothing", || {
        const ID: u64 = 7_000_002;
        let page = page(ID);
        let polled = page.enter(ID);
        let mut scope = pin!(catch(ready(3)));
        assert!(poll_once(&polled, scope.as_mut()).is_ready());
        assert_eq!(frames(&task(ID).unwrap()), (vec![], 0));
    });
}

#[test]
fn a_panic_leaves_the_scopes_it_goes_through() {
    in_debug("a_panic_leaves_the_scopes_it_goes_through", || {
        const ID: u64 = 7_000_003;
        let page = page(ID);
        let polled = page.enter(ID);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let mut scope =
                pin!(catch(mask(poll_fn(|_| -> Poll<()> { resume_unwind(Box::new(())) }))));
            poll_once(&polled, scope.as_mut())
        }));
        assert!(caught.is_err());
        let kinds: Vec<_> = take_panicked().into_iter().map(|frame| frame.kind).collect();
        assert_eq!(kinds, [FrameKind::Catch, FrameKind::Mask]);
        let mut after = Leaf::new();
        leaf_waits(&mut after);
        assert_eq!(frames(&task(ID).unwrap()), (vec![], 1));
    });
}

#[test]
fn a_target_is_recorded_as_what_it_is_said_to_be() {
    in_debug("a_target_is_recorded_as_what_it_is_said_to_be", || {
        const ID: u64 = 7_000_004;
        let page = page(ID);
        let polled = page.enter(ID);
        let place = Location::caller();
        let mut target = pin!(Target::new(pending::<()>()));
        let mut after = Leaf::new();
        for _ in 0..2 {
            let mut polling = poll_fn(|context| {
                target.as_mut().poll_recorded(
                    context,
                    || (FrameKind::Timeout, "limit", place),
                    |_| None,
                )
            });
            assert!(poll_once(&polled, pin!(&mut polling)).is_pending());
            leaf_waits(&mut after);
            assert_eq!(frames(&task(ID).unwrap()), (vec![FrameKind::Timeout], 1));
        }
    });
}
