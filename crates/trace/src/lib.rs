//! The vocabulary of runtime events of corio and the switch that turns them on.
