//! The rows of the table: their names, units and sizes.
//!
//! The binary and [`crate::workloads`] look here; a new row is a line here and a workload there.

use std::fmt;

/// What a row's figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds an operation.
    Nanos,
    /// Microseconds, the median of many.
    Micros,
    /// Bytes of resident memory a thing.
    Bytes,
    /// System calls a request.
    Syscalls,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Nanos => "ns",
            Unit::Micros => "µs",
            Unit::Bytes => "bytes",
            Unit::Syscalls => "syscalls",
        })
    }
}

/// How many operations a measurement makes where the caller names no number.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// So many that the measurement lasts as long as asked, judged by a first run of this many.
    Timed(u64),
    /// This many in a quick measurement, and this many in a full one: rows whose meaning depends on
    /// the number, or whose operations have a length of their own.
    Fixed(u64, u64),
}

macro_rules! rows {
    ($($(#[$doc:meta])+ $row:ident = $name:literal, $unit:ident, $size:expr;)+) => {
        /// One line of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Row { $($(#[$doc])+ $row,)+ }

        impl Row {
            /// Every row, in the order of the table.
            pub const ALL: &[Row] = &[$(Row::$row,)+];

            /// The name that the command line and the table use.
            pub fn name(self) -> &'static str {
                match self { $(Row::$row => $name,)+ }
            }

            /// What the figure counts.
            pub fn unit(self) -> Unit {
                match self { $(Row::$row => Unit::$unit,)+ }
            }

            /// How large a measurement is.
            pub fn size(self) -> Size {
                match self { $(Row::$row => $size,)+ }
            }
        }
    };
}

rows! {
    /// Spawn a task that is ready, and await its handle.
    SpawnJoin = "spawn_join", Nanos, Size::Timed(20_000);
    /// Spawn 100 000 tasks, then await all their handles.
    SpawnMany = "spawn_many", Nanos, Size::Timed(10_000);
    /// A task spawns the next and ends.
    ChainedSpawn = "chained_spawn", Nanos, Size::Timed(20_000);
    /// The only task yields.
    YieldOne = "yield_one", Nanos, Size::Timed(20_000);
    /// 1000 tasks yield in turn.
    Yield1000 = "yield_1000", Nanos, Size::Timed(100_000);
    /// Two tasks wake each other: a round trip.
    Pingpong1 = "pingpong_1", Nanos, Size::Timed(20_000);
    /// 1000 pairs of tasks wake each other: a round trip of one pair.
    Pingpong1000 = "pingpong_1000", Nanos, Size::Timed(100_000);
    /// Spawn 10 000 tasks and await them through `join_all`: per task.
    Join10k = "join_10k", Nanos, Size::Timed(20_000);
    /// Register a sleep and drop it, with 100 000 others alive.
    TimerChurn100k = "timer_churn_100k", Nanos, Size::Timed(20_000);
    /// CPU time to spawn a task, let it sleep, fire, and join it: per task of 100 000.
    TimerFire100k = "timer_fire_100k", Nanos, Size::Fixed(100_000, 300_000);
    /// How late `sleep(1 ms)` returns.
    SleepLateness = "sleep_lateness", Micros, Size::Fixed(200, 500);
    /// How late `sleep(1 ms)` returns among 1000 tasks that yield without end.
    TickerLateness = "ticker_lateness", Micros, Size::Fixed(200, 500);
    /// What a yield costs meanwhile.
    TickerYield = "ticker_yield", Nanos, Size::Fixed(200, 500);
    /// A thread on the same core wakes the loop, which wakes the thread: a round trip.
    RemoteWake = "remote_wake", Nanos, Size::Timed(2_000);
    /// `block_on` of a future that is ready.
    BlockOnReady = "block_on_ready", Nanos, Size::Timed(2_000);
    /// CPU time of the server per request: 50 connections, 64 bytes.
    Echo50 = "echo_50x64", Nanos, Size::Timed(5_000);
    /// CPU time of the server per request: 1000 connections, 64 bytes.
    Echo1000 = "echo_1000x64", Nanos, Size::Timed(5_000);
    /// CPU time of the server per request: one connection, 64 bytes.
    Echo1 = "echo_1x64", Nanos, Size::Timed(1_000);
    /// System calls of the server per request: 50 connections.
    Echo50Syscalls = "echo_50x64_syscalls", Syscalls, Size::Fixed(20_000, 50_000);
    /// System calls of the server per request: 1000 connections.
    Echo1000Syscalls = "echo_1000x64_syscalls", Syscalls, Size::Fixed(20_000, 50_000);
    /// System calls of the server per request: one connection.
    Echo1Syscalls = "echo_1x64_syscalls", Syscalls, Size::Fixed(4_000, 10_000);
    /// Memory of an idle task whose future has 16 bytes.
    TaskBytes16 = "task_bytes_16", Bytes, Size::Fixed(100_000, 300_000);
    /// Memory of an idle task whose future has 256 bytes.
    TaskBytes256 = "task_bytes_256", Bytes, Size::Fixed(100_000, 300_000);
    /// Memory of a registered sleep, its box included.
    SleepBytes = "sleep_bytes", Bytes, Size::Fixed(100_000, 300_000);
    /// Memory of an idle connection: a task that waits in a read into a buffer of 64 bytes.
    ConnBytes = "conn_bytes", Bytes, Size::Fixed(4_000, 8_000);
    /// Have a function run on another thread, on the same core, and await it: a round trip.
    BlockingRoundtrip = "blocking_roundtrip", Nanos, Size::Timed(2_000);
    /// Hand 100 000 functions that do nothing to other threads, then await them all.
    Blocking100k = "blocking_100k", Nanos, Size::Timed(10_000);
    /// Lock a mutex that nobody else wants, add one, unlock.
    Mutex = "mutex", Nanos, Size::Timed(100_000);
    /// Eight tasks want one mutex; the one that holds it yields once.
    MutexContended = "mutex_contended", Nanos, Size::Timed(20_000);
    /// Take a permit that is there, and give it back.
    Semaphore = "semaphore", Nanos, Size::Timed(100_000);
    /// Lock for reading what nobody else wants, and unlock.
    RwLockRead = "rwlock_read", Nanos, Size::Timed(100_000);
    /// The same for writing.
    RwLockWrite = "rwlock_write", Nanos, Size::Timed(100_000);
    /// Notify nobody, and take that notification.
    Notify = "notify", Nanos, Size::Timed(100_000);
    /// Begin to wait, be notified, go on.
    NotifyWaiter = "notify_waiter", Nanos, Size::Timed(100_000);
    /// Make a channel for one value, send, receive.
    Oneshot = "oneshot", Nanos, Size::Timed(50_000);
    /// A task sends to another through a channel with a bound and one receiver: a message.
    Channel1x1 = "channel_1x1", Nanos, Size::Timed(50_000);
    /// Four tasks send to another: a message.
    Channel4x1 = "channel_4x1", Nanos, Size::Timed(50_000);
    /// As `channel_1x1`, through a channel that may have many receivers.
    Shared1x1 = "channel_1x1_shared", Nanos, Size::Timed(50_000);
    /// As `channel_4x1`, through a channel that may have many receivers.
    Shared4x1 = "channel_4x1_shared", Nanos, Size::Timed(50_000);
    /// 1000 waiters begin to wait, one event lets them all go: a waiter.
    Broadcast1000 = "broadcast_1000", Nanos, Size::Timed(100_000);
    /// Two tasks send each other the way to answer, through channels for one value: a round trip.
    PingpongOneshot = "pingpong_oneshot", Nanos, Size::Timed(20_000);
    /// Memory of an idle channel with a bound of 32 messages of 8 bytes.
    ChannelBytes = "channel_bytes", Bytes, Size::Fixed(20_000, 50_000);
    /// Spawn 10 000 tasks in a group that waits for all, and take their values: per task.
    TaskGroup10k = "task_group_10k", Nanos, Size::Timed(20_000);
    /// Spawn 1000 tasks, and wait for all their values at one place: per task.
    Gather1000 = "gather_1000", Nanos, Size::Timed(20_000);
    /// What a timeout around a future that is ready costs more than the future alone. (Counted in
    /// instructions, the future alone is in it twice.)
    TimeoutReady = "timeout_ready", Nanos, Size::Fixed(1_000_000, 4_000_000);
    /// The same for code that would catch a cancellation.
    CatchReady = "catch_ready", Nanos, Size::Fixed(1_000_000, 4_000_000);
    /// As `yield_one`, with debug mode on.
    DebugYield = "debug_yield", Nanos, Size::Timed(20_000);
    /// As `pingpong_1`, with debug mode on.
    DebugPingpong = "debug_pingpong", Nanos, Size::Timed(20_000);
    /// As `spawn_join`, with debug mode on.
    DebugSpawn = "debug_spawn", Nanos, Size::Timed(20_000);
    /// Write 4 KiB to a file in the page cache, one piece after the other, flushed every MiB: a piece.
    FileWrite = "file_write", Nanos, Size::Timed(2_000);
    /// Read 4 KiB of a file in the page cache, one piece after the other: a piece.
    FileRead = "file_read", Nanos, Size::Timed(2_000);
}

impl Row {
    /// The row of this name.
    ///
    /// ```
    /// use corio_benches::row::Row;
    /// assert_eq!(Row::named("yield_one"), Some(Row::YieldOne));
    /// assert_eq!(Row::named("yield_two"), None);
    /// ```
    pub fn named(name: &str) -> Option<Row> {
        Row::ALL.iter().copied().find(|row| row.name() == name)
    }

    /// Whether the row is about what libraries have, too: locks, channels, waits for many tasks, files.
    pub(crate) fn is_of_primitives(self) -> bool {
        self as usize >= Row::Mutex as usize
    }

    /// The number of connections, where the row is an echo row.
    pub(crate) fn connections(self) -> Option<u64> {
        match self {
            Row::Echo1 | Row::Echo1Syscalls => Some(1),
            Row::Echo50 | Row::Echo50Syscalls => Some(50),
            Row::Echo1000 | Row::Echo1000Syscalls => Some(1000),
            _ => None,
        }
    }
}
