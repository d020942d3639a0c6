//! CPython's `test_futures.py`: its `Future` is the pair of [`Promise`](corio::Promise), which gives,
//! and [`Eventual`](corio::Eventual), which is awaited.

mod base_future_done_callback_tests;
mod base_future_tests;
mod duck_tests;
