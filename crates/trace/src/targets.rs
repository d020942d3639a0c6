//! Where in the log what is written: every target of corio's, so that each can be silenced by itself.
//!
//! Names begin with `corio::`, so a logger's filter such as `corio=warn,corio::slow=off` works on all or
//! on one. Words and levels follow asyncio's, whose one logger is called `asyncio`.
//!
//! | target | level | what is written there | asyncio's words |
//! |---|---|---|---|
//! | [`TASK`] | error | an error or a panic that nobody retrieved | `Task exception was never retrieved`, `Future exception was never retrieved` |
//! | | error | a task that was dropped where it waited | `Task was destroyed but it is pending!` |
//! | | debug | tasks that begin and end (debug mode) | |
//! | | trace | each poll (debug mode) | |
//! | [`COROUTINE`] | warn | a coroutine, or something else to be done, that was made and never awaited (debug mode) | `coroutine 'f' was never awaited` |
//! | [`SLOW`] | warn | a poll that took too long (debug mode) | `Executing <Task ...> took 0.120 seconds` |
//! | | warn | many short polls in a row that took too long together (debug mode) | |
//! | [`LOOP`] | error | a callback that panicked, with no exception handler set | `Exception in callback f at place` |
//! | | error | an exception handler that panicked | `Unhandled error in exception handler` |
//! | | error | a panic, or a task or job that is left, at the end of a run | `unhandled exception during asyncio.run() shutdown` |
//! | | warn | a runtime that was dropped with tasks (debug mode) | `unclosed event loop` |
//! | | warn | a wait of the loop that the system ended late (debug mode) | `poll 10.000 ms took 512.345 ms: 0 events` |
//! | | trace | waits of the loop (debug mode) | `poll took 10.000 ms: 2 events` |
//! | [`DEADLOCK`] | error | tasks that wait for each other in a circle (debug mode) | |
//! | [`HANG`] | warn | loops that nothing in sight can wake (debug mode) | |
//! | [`LOCK`] | warn | locks that are held for long while others wait; what is granted to a future that nobody polls, such as a lock, a permit, a message (debug mode) | |
//! | [`CANCEL`] | warn | tasks that were asked to end and do not (debug mode) | |
//! | | error | what a cancel scope dropped when its grace was over | |
//! | [`GROUP`] | error | a group that was dropped before its end, and errors lost thereby | `Task ... has errored out but its parent task ... is already completed` |
//! | [`BLOCKING`] | error | jobs that panicked where nobody is told, threads that cannot be started | `The executor did not finishing joining its threads within N seconds.` |
//! | [`NET`] | error | accepting that fails | `socket.accept() out of system resource` |
//! | | info | names that took long to look up (debug mode) | `Getting address info ... took ...` |
//! | [`STREAM`] | error | what failed in a server with nobody to tell | `Unhandled exception in client_connected_cb` |
//! | | warn | writers, transports and servers that were dropped unclosed (debug mode) | `unclosed <StreamWriter ...>`, `unclosed transport ...` |
//! | [`PROCESS`] | warn | children that were dropped while they run (debug mode) | `Close running child process: kill ...` |
//! | [`FS`] | error | files whose buffered bytes could not be written at the end | |
//! | [`TIMER`] | trace | timers that fire (debug mode) | |
//! | [`REACTOR`] | trace | descriptors that are ready (debug mode) | |
//!
//! Errors are written whatever the switch says; all else only while it is on.
//!
//! # A logger's duties
//! A logger is called on the thread where it happens, between two steps of a loop: one that waits, for a
//! disk or the network, makes its loop wait. Give it a queue and a thread of its own. One that panics is
//! caught; one that uses corio may, and what it sets off itself is told up to
//! [`crate::emit::NESTED_MAX`] reports deep.

/// What happens to tasks: their errors, their ends.
pub const TASK: &str = "corio::task";
/// What was made to be done, and was not.
pub const COROUTINE: &str = "corio::coroutine";
/// Polls that take too long.
pub const SLOW: &str = "corio::slow";
/// Callbacks, turns and waits of loops, and their end.
pub const LOOP: &str = "corio::loop";
/// Tasks that wait for each other in a circle.
pub const DEADLOCK: &str = "corio::deadlock";
/// Loops that nothing in sight can wake.
pub const HANG: &str = "corio::hang";
/// Locks that keep others waiting for too long.
pub const LOCK: &str = "corio::lock";
/// Cancel scopes, and tasks that do not end when asked to.
pub const CANCEL: &str = "corio::cancel";
/// Task groups.
pub const GROUP: &str = "corio::group";
/// Jobs on other threads.
pub const BLOCKING: &str = "corio::blocking";
/// Sockets and names.
pub const NET: &str = "corio::net";
/// Streams, servers, transports.
pub const STREAM: &str = "corio::stream";
/// Child processes.
pub const PROCESS: &str = "corio::process";
/// Files.
pub const FS: &str = "corio::fs";
/// Timers.
pub const TIMER: &str = "corio::timer";
/// Descriptors.
pub const REACTOR: &str = "corio::reactor";

/// All of them.
pub const ALL: &[&str] = &[
    TASK, COROUTINE, SLOW, LOOP, DEADLOCK, HANG, LOCK, CANCEL, GROUP, BLOCKING, NET, STREAM,
    PROCESS, FS, TIMER, REACTOR,
];
