//! A timing wheel with nanosecond deadlines, sleep and interval, usable in any executor.
