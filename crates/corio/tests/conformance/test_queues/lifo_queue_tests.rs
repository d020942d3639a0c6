//! asyncio's stack: [`LifoQueue`].

use corio::sync::LifoQueue;

#[corio::test(virtual_time)]
async fn test_order() {
    let queue = LifoQueue::unbounded();
    for item in [1, 3, 2] {
        queue.put(item).await.unwrap();
    }
    for item in [2, 3, 1] {
        assert_eq!(queue.get().await, Ok(item));
    }
}
