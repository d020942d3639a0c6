//! An eager start that the spawner asks for, on a loop without a factory.

use std::rc::Rc;

use corio::task::{Spawn, current};
use corio::{EventLoop, run};

use crate::support::Seen;

#[test]
fn test_eager_start_true_with_default_factory() {
    run(async {
        let names = Seen::new();
        let writes = names.clone();
        let event_loop = EventLoop::current();
        assert!(event_loop.task_factory().is_none());
        let spawn = Spawn::new().eager_start(true).name("example");
        let task = event_loop.create_task_with(spawn, async move {
            writes.push(current().unwrap().name());
        });
        assert!(task.is_finished());
        assert_eq!(names.all(), ["example"]);
        task.await.unwrap();
        // A factory may ask for it in the same way.
        event_loop.set_task_factory(Some(Rc::new(|spawn| spawn.eager_start(true))));
        assert!(event_loop.create_task(async {}).is_finished());
    });
}
