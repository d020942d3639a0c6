//! What the functions of this crate do: what debug mode tells of where nobody awaits one.
//!
//! Waiting for a child, and reading its pipes, are waits: whoever drops one has lost nothing.

use corio_trace::deeds;

deeds! {
    pub(crate) StatusDeed = "Command::status";
    pub(crate) OutputDeed = "Command::output";
    pub(crate) WaitWithOutputDeed = "Child::wait_with_output";
    pub(crate) CommunicateDeed = "Child::communicate";
    pub(crate) KillDeed = "Child::kill";
    pub(crate) TerminateDeed = "Child::terminate_with_grace";
    pub(crate) TerminateGroupDeed = "Child::terminate_group_with_grace";
    pub(crate) WriteDeed = "ChildStdin::write";
    pub(crate) WriteAllDeed = "ChildStdin::write_all";
}
