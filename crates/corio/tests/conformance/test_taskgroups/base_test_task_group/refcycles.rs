//! What a group keeps.

use super::super::loops::on_both_loops;
use super::super::refcycles;

#[test]
fn test_exception_refcycles_direct() {
    on_both_loops(refcycles::direct);
}

#[test]
fn test_exception_refcycles_errors() {
    on_both_loops(refcycles::errors);
}

#[test]
fn test_exception_refcycles_parent_task() {
    on_both_loops(refcycles::parent_task);
}

#[test]
fn test_exception_refcycles_propagate_cancellation_error() {
    on_both_loops(refcycles::propagate_cancellation_error);
}

#[test]
fn test_exception_refcycles_base_error() {
    on_both_loops(refcycles::base_error);
}
