//! Races whose runners begin one after the other.

mod staggered_tests;
