//! What a group keeps, on a loop of its own.

use super::loops::on_a_loop;
use super::refcycles;

#[test]
fn test_exception_refcycles_errors() {
    on_a_loop(refcycles::errors);
}

#[test]
fn test_exception_refcycles_parent_task() {
    on_a_loop(refcycles::parent_task);
}

#[test]
fn test_exception_refcycles_parent_task_wr() {
    on_a_loop(refcycles::parent_task_wr);
}

#[test]
fn test_exception_refcycles_direct() {
    on_a_loop(refcycles::direct);
}
