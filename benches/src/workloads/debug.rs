//! corio with debug mode on, and off, beside each other.

use std::time::Duration;

use super::{tasks, wakes};
use crate::peers::{Corio, Peer};

type Runtime = <Corio as Peer>::Runtime;
type Workload = fn(&mut Runtime, u64) -> Duration;

fn with_debug(on: bool, work: Workload, runtime: &mut Runtime, ops: u64) -> Duration {
    ::corio::debug::set(on);
    work(runtime, ops)
}

pub(crate) fn yield_one<const ON: bool>(runtime: &mut Runtime, ops: u64) -> Duration {
    with_debug(ON, wakes::yield_one::<Corio>, runtime, ops)
}

pub(crate) fn pingpong<const ON: bool>(runtime: &mut Runtime, ops: u64) -> Duration {
    with_debug(ON, wakes::pingpong_1::<Corio>, runtime, ops)
}

pub(crate) fn spawn_join<const ON: bool>(runtime: &mut Runtime, ops: u64) -> Duration {
    with_debug(ON, tasks::spawn_join::<Corio>, runtime, ops)
}
