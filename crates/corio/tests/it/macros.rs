//! The attributes over the real facade. Their errors are in `ui`.

use std::time::Duration;

use crate::util::{assert_passed, in_child, inside_child};

#[corio::test]
async fn a_test_runs_on_a_loop() {
    assert_eq!(corio::spawn(async { 1 }).await.unwrap(), 1);
}

#[corio::test(virtual_time)]
async fn virtual_time_passes_at_once() {
    corio::sleep(Duration::from_secs(1 << 30)).await;
}

#[corio::test(start_paused = true)]
async fn tokio_s_name_for_it() {
    corio::sleep(Duration::from_secs(1 << 30)).await;
}

#[corio::test]
#[should_panic(expected = "as it should")]
async fn other_attributes_stay() {
    panic!("as it should");
}

#[corio::test(thread_name = "named", flavor = "current_thread")]
async fn a_result_may_be_returned() -> std::io::Result<()> {
    let listener = corio::net::TcpListener::bind(([127, 0, 0, 1], 0)).await?;
    listener.local_addr().map(drop)
}

mod renamed {
    pub(crate) use corio::*;
}

#[corio::test(crate = crate::macros::renamed, virtual_time)]
async fn the_facade_may_go_by_another_name() {
    renamed::sleep(Duration::from_secs(1 << 30)).await;
}

#[corio::main]
async fn a_program() -> Result<u8, String> {
    let task = corio::spawn(async { 7 });
    task.await.map_err(|error| error.to_string())
}

#[test]
fn main_is_a_plain_function_that_returns_what_it_returns() {
    assert_eq!(a_program(), Ok(7));
}

#[corio::main(debug = true, thread_name = "main")]
async fn debug_on() -> bool {
    corio_trace::enabled()
}

#[corio::main(debug = false)]
async fn debug_off() -> bool {
    corio_trace::enabled()
}

#[corio::main]
async fn debug_not_said() -> bool {
    corio_trace::enabled()
}

/// The switch is the process's, so a process of its own.
#[test]
fn debug_is_the_switch() {
    if !inside_child() {
        return assert_passed(&in_child("macros::debug_is_the_switch", &[]));
    }
    assert!(!debug_not_said(), "off unless somebody says otherwise");
    a_test_runs_on_a_loop();
    assert!(corio_trace::enabled(), "a test turns it on");
    assert!(debug_on());
    assert!(!debug_off());
}
