//! asyncio's heap: [`PriorityQueue`].

use corio::sync::PriorityQueue;

#[corio::test(virtual_time)]
async fn test_order() {
    let queue = PriorityQueue::unbounded();
    for item in [1, 3, 2] {
        queue.put(item).await.unwrap();
    }
    for item in [1, 2, 3] {
        assert_eq!(queue.get().await, Ok(item));
    }
}
