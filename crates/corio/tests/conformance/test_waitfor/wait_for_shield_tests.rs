//! `wait_for` around a shield: the wait ends, the task runs on.

use std::time::Duration;

use corio::{shield, sleep, spawn_local, wait_for};

const MS: Duration = Duration::from_millis(1);

#[corio::test(virtual_time)]
async fn test_zero_timeout() {
    let mut task = spawn_local(async {
        sleep(10 * MS).await;
        "done"
    });
    assert!(wait_for(shield(&mut task), Some(Duration::ZERO)).await.is_err());
    assert!(!task.is_finished(), "it runs in the background");
    assert_eq!(task.task().cancelling(), 0);
    sleep(100 * MS).await;
    assert!(task.is_finished() && !task.task().is_cancelled());
    assert_eq!(task.await.unwrap(), "done");
}

#[corio::test(virtual_time)]
async fn test_none_timeout() {
    let mut task = spawn_local(async {
        sleep(100 * MS).await;
        "done"
    });
    assert_eq!(wait_for(shield(&mut task), None).await.unwrap().unwrap(), "done");
    assert!(task.is_finished());
}

#[corio::test(virtual_time)]
async fn test_shielded_timeout() {
    let mut task = spawn_local(async {
        sleep(100 * MS).await;
        "done"
    });
    assert!(wait_for(shield(&mut task), Some(10 * MS)).await.is_err());
    assert!(!task.is_finished());
    assert_eq!(task.task().cancelling(), 0);
    assert_eq!(task.await.unwrap(), "done");
}
