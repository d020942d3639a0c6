//! Where tasks stand and who waits for them. Debug mode is the process's, so each in a process of its own.

mod call_stack_test_base;
