//! Loops and what they are used for, with real descriptors.

mod event_loop_tests_mixin;
mod get_event_loop_tests_mixin;
mod handle_tests;
mod policy_tests;
mod subprocess_tests_mixin;
mod timer_tests;
