//! What CPython tests of its tasks written in C: there is one kind here.

use std::rc::Rc;

use super::on_an_eager_loop;

/// A task that has ended keeps nothing of its future, also if it ended eagerly.
#[test]
fn test_issue122332() {
    on_an_eager_loop(async |event_loop| {
        let captured = Rc::new(());
        let inside = captured.clone();
        let task = event_loop.create_task(async move {
            let _inside = inside;
        });
        assert_eq!(Rc::strong_count(&captured), 1);
        let ended = task.task();
        task.await.unwrap();
        assert!(ended.is_done());
    });
}
