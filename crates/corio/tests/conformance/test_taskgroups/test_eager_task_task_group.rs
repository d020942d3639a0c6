//! What a group keeps, where tasks start eagerly.

use super::loops::on_an_eager_loop;
use super::refcycles;

#[test]
fn test_exception_refcycles_base_error() {
    on_an_eager_loop(refcycles::base_error);
}

#[test]
fn test_exception_refcycles_errors() {
    on_an_eager_loop(refcycles::errors);
}

#[test]
fn test_exception_refcycles_parent_task() {
    on_an_eager_loop(refcycles::parent_task);
}

#[test]
fn test_exception_refcycles_parent_task_wr() {
    on_an_eager_loop(refcycles::parent_task_wr);
}

#[test]
fn test_exception_refcycles_direct() {
    on_an_eager_loop(refcycles::direct);
}
