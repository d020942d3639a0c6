//! Task groups.

mod base_test_task_group;
mod loops;
mod refcycles;
mod test_eager_task_task_group;
mod test_task_group;
