//! CPython's `test_queues.py`.

mod lifo_queue_tests;
mod priority_queue_tests;
mod queue_basic_tests;
mod queue_get_tests;
mod queue_join_test_mixin;
mod queue_put_tests;
mod queue_shutdown_test_mixin;

/// Does the same with a queue of each kind.
macro_rules! each_queue {
    ($make:ident($($maxsize:expr)?), |$queue:ident: $item:ty| $body:block) => {{
        {
            let $queue = corio::sync::Queue::<$item>::$make($($maxsize)?);
            $body
        }
        {
            let $queue = corio::sync::LifoQueue::<$item>::$make($($maxsize)?);
            $body
        }
        {
            let $queue = corio::sync::PriorityQueue::<$item>::$make($($maxsize)?);
            $body
        }
    }};
}
use each_queue;
