//! Context variables of tasks.

mod decimal_context_test;
