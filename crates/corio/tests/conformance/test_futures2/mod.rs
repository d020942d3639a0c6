//! CPython's `test_futures2.py`.

mod future_repr_tests;
mod future_tests;
