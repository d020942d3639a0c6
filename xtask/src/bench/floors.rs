//! What corio has to reach in each row, and what it is heading for.
//!
//! A floor that is missed is a bug or has an account (instructions, atomics, system calls) in
//! docs/DESIGN.md. The numbers are costs: at most this.

use std::fmt;

use super::CORIO;
use super::figures::Figures;

/// At most this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    /// So many times the best other runtime.
    Best(f64),
    /// So many times tokio.
    Tokio(f64),
    /// So many times smol.
    Smol(f64),
    /// So many times kanal.
    Kanal(f64),
    /// So many times a loop without a runtime.
    Raw(f64),
    /// So many times corio without debug mode, or so much more than that, whichever is more.
    Off(f64, f64),
    /// So many of the row's unit.
    Plain(f64),
}
use Bound::{Best, Kanal, Off, Plain, Raw, Smol, Tokio};

/// One row's bounds.
struct Floor {
    row: &'static str,
    floor: &'static [Bound],
    aim: &'static [Bound],
}

const fn floor(row: &'static str, floor: &'static [Bound], aim: &'static [Bound]) -> Floor {
    Floor { row, floor, aim }
}

const FLOORS: &[Floor] = &[
    floor("spawn_join", &[Best(1.0), Tokio(0.3)], &[Best(0.7)]),
    floor("spawn_many", &[Best(1.1), Tokio(0.12)], &[Best(0.8)]),
    floor("chained_spawn", &[Best(1.0)], &[Best(0.6)]),
    floor("yield_one", &[Best(1.0), Tokio(0.1)], &[Best(0.5)]),
    floor("yield_1000", &[Best(1.0), Tokio(0.45)], &[Best(0.5)]),
    floor("pingpong_1", &[Best(1.0)], &[Best(0.75)]),
    floor("pingpong_1000", &[Best(1.0)], &[Best(0.75)]),
    floor("join_10k", &[Best(1.0)], &[Best(0.6)]),
    floor("timer_churn_100k", &[Best(0.9), Tokio(0.6)], &[Best(0.5)]),
    floor("timer_fire_100k", &[Best(0.7)], &[Best(0.4)]),
    floor("sleep_lateness", &[Best(1.5)], &[Best(1.1)]),
    // In microseconds.
    floor("ticker_lateness", &[Plain(60.0)], &[Plain(20.0)]),
    floor("remote_wake", &[Best(1.0)], &[Raw(0.9)]),
    floor("blocking_roundtrip", &[Best(1.0)], &[Best(0.8)]),
    floor("blocking_100k", &[Best(1.2), Smol(0.4)], &[Best(0.7)]),
    floor("block_on_ready", &[Plain(10.0)], &[Plain(3.0)]),
    // Their aim is in instructions: the time is the kernel's.
    floor("echo_50x64", &[Tokio(1.03)], &[]),
    floor("echo_1000x64", &[Tokio(1.03)], &[]),
    floor("echo_50x64_syscalls", &[Plain(2.1)], &[]),
    floor("echo_1000x64_syscalls", &[Plain(2.1)], &[]),
    floor("echo_1x64_syscalls", &[Plain(3.0)], &[Plain(3.0)]),
    floor("task_bytes_16", &[Plain(128.0)], &[Plain(96.0)]),
    floor("task_bytes_256", &[Plain(368.0)], &[Plain(336.0)]),
    floor("sleep_bytes", &[Plain(112.0)], &[Plain(80.0)]),
    floor("conn_bytes", &[Plain(640.0)], &[Plain(500.0)]),
    // The raw loop is std's mutex.
    floor("mutex", &[Best(1.0)], &[Raw(1.1)]),
    floor("mutex_contended", &[Best(1.0)], &[]),
    // The raw loop is two atomic operations.
    floor("semaphore", &[Best(0.8)], &[Raw(1.0)]),
    floor("rwlock_read", &[Best(0.8)], &[Raw(1.0)]),
    floor("rwlock_write", &[Best(0.8)], &[Raw(1.0)]),
    floor("notify", &[Best(1.0)], &[Best(0.75)]),
    floor("notify_waiter", &[Best(1.0)], &[Best(0.75)]),
    // The raw loop is an allocation.
    floor("oneshot", &[Best(1.0)], &[Raw(1.4)]),
    floor("channel_1x1", &[Kanal(1.2), Tokio(0.35)], &[Kanal(0.8)]),
    floor("channel_4x1", &[Kanal(1.2), Tokio(0.35)], &[Kanal(0.8)]),
    floor("channel_1x1_shared", &[Kanal(1.2), Tokio(0.35)], &[Kanal(0.8)]),
    floor("channel_4x1_shared", &[Kanal(1.2), Tokio(0.35)], &[Kanal(0.8)]),
    floor("broadcast_1000", &[Best(0.8)], &[Best(0.5)]),
    floor("pingpong_oneshot", &[Best(0.7)], &[Best(0.5)]),
    floor("channel_bytes", &[Plain(512.0)], &[Plain(256.0)]),
    // tokio's is a `JoinSet`; the others', who have no group, are those of `join_10k`.
    floor("task_group_10k", &[Best(1.0), Tokio(0.4)], &[Best(0.6)]),
    floor("gather_1000", &[Best(0.8)], &[Best(0.5)]),
    floor("timeout_ready", &[Plain(30.0)], &[Plain(12.0)]),
    floor("catch_ready", &[Plain(12.0)], &[Plain(4.0)]),
    // The raw loop is a system call for each piece, on the thread itself; what a trip to another thread costs
    // is shared by the pieces that a buffer holds, and that is what these rows keep.
    floor("file_write", &[Tokio(0.1), Raw(1.0)], &[Best(1.0)]),
    floor("file_read", &[Tokio(0.15), Raw(1.2)], &[Best(1.0)]),
    // A poll an operation; two; two, and a task.
    floor("debug_yield", &[Off(3.0, 30.0)], &[]),
    floor("debug_pingpong", &[Off(3.0, 60.0)], &[]),
    floor("debug_spawn", &[Off(3.0, 60.0)], &[]),
];

/// A measured value that is over a plain bound by less than this part of it has not missed it:
/// system calls per request have a few more at the beginning and the end, memory is in pages.
const PLAIN_SLACK: f64 = 0.005;

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    Aim,
    Floor,
    Missed,
    /// No floor, or a figure is missing that it is measured by.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Aim => "aim met",
            Verdict::Floor => "met",
            Verdict::Missed => "MISSED",
            Verdict::Unknown => "",
        })
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Best(times) => write!(f, "best × {times}"),
            Tokio(times) => write!(f, "tokio × {times}"),
            Smol(times) => write!(f, "smol × {times}"),
            Kanal(times) => write!(f, "kanal × {times}"),
            Raw(times) => write!(f, "raw × {times}"),
            Off(times, more) => write!(f, "max(off × {times}, off + {more})"),
            Plain(value) => write!(f, "{value}"),
        }
    }
}

impl Bound {
    /// Whether corio keeps it; `None` where a figure is missing.
    fn kept(self, figures: &Figures, row: &str) -> Option<bool> {
        let corio = figures.get(row, CORIO)?.median;
        let at_most = match self {
            Best(times) => figures.best(row)?.median * times,
            Tokio(times) => figures.get(row, "tokio")?.median * times,
            Smol(times) => figures.get(row, "smol")?.median * times,
            Kanal(times) => figures.get(row, "kanal")?.median * times,
            Raw(times) => figures.get(row, super::RAW)?.median * times,
            Off(times, more) => {
                let off = figures.get(row, super::CORIO_OFF)?.median;
                (off * times).max(off + more)
            }
            Plain(value) => value * (1.0 + PLAIN_SLACK),
        };
        Some(corio <= at_most)
    }
}

fn find(row: &str) -> Option<&'static Floor> {
    FLOORS.iter().find(|floor| floor.row == row)
}

/// How corio stands in `row`.
pub(super) fn verdict(figures: &Figures, row: &str) -> Verdict {
    let Some(floor) = find(row) else { return Verdict::Unknown };
    let all = |bounds: &[Bound]| {
        bounds
            .iter()
            .map(|bound| bound.kept(figures, row))
            .try_fold(true, |all, kept| kept.map(|kept| all && kept))
    };
    match (all(floor.floor), all(floor.aim)) {
        (None, _) => Verdict::Unknown,
        (Some(false), _) => Verdict::Missed,
        (Some(true), Some(true)) if !floor.aim.is_empty() => Verdict::Aim,
        (Some(true), _) => Verdict::Floor,
    }
}

/// The floor of `row` in words; empty where there is none.
pub(super) fn words(row: &str) -> String {
    let bounds = find(row).map(|floor| floor.floor).unwrap_or_default();
    bounds.iter().map(Bound::to_string).collect::<Vec<_>>().join(", ")
}

/// How many rows stand how.
pub(super) fn account(figures: &Figures) -> String {
    let rows = figures.rows();
    let count = |wanted| rows.iter().filter(|row| verdict(figures, row) == wanted).count();
    let (aim, floor) = (count(Verdict::Aim), count(Verdict::Floor));
    let missed: Vec<&str> =
        rows.iter().copied().filter(|row| verdict(figures, row) == Verdict::Missed).collect();
    let names = if missed.is_empty() { String::new() } else { format!(" ({})", missed.join(" ")) };
    format!(
        "floors: {} met, {aim} of them with their aim; {} missed{names}",
        aim + floor,
        missed.len()
    )
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures_of;
    use super::*;

    #[test]
    fn rows_are_judged_by_their_bounds() {
        let check = |row: &str, corio: f64, tokio: f64, smol: f64, expected: Verdict| {
            let figures =
                figures_of(&[(row, "corio", corio), (row, "tokio", tokio), (row, "smol", smol)]);
            assert_eq!(verdict(&figures, row), expected, "{row} at {corio}");
        };
        check("spawn_join", 20.0, 100.0, 30.0, Verdict::Aim);
        check("spawn_join", 29.0, 100.0, 30.0, Verdict::Floor);
        check("spawn_join", 31.0, 200.0, 30.0, Verdict::Missed);
        check("spawn_join", 29.0, 90.0, 30.0, Verdict::Missed);
        check("echo_50x64_syscalls", 2.105, 1.0, 1.0, Verdict::Floor);
        check("echo_50x64_syscalls", 2.2, 1.0, 1.0, Verdict::Missed);
        check("ticker_yield", 1.0, 1.0, 1.0, Verdict::Unknown);
        let alone = figures_of(&[("spawn_join", "corio", 1.0)]);
        assert_eq!(verdict(&alone, "spawn_join"), Verdict::Unknown);
    }

    #[test]
    fn the_account_names_what_is_missed() {
        let figures = figures_of(&[
            ("block_on_ready", "corio", 2.0),
            ("conn_bytes", "corio", 600.0),
            ("sleep_bytes", "corio", 200.0),
        ]);
        let text = "floors: 2 met, 1 of them with their aim; 1 missed (sleep_bytes)";
        assert_eq!(account(&figures), text);
        assert_eq!(words("spawn_join"), "best × 1, tokio × 0.3");
    }
}
