//! One measurement: which workload, of which peer, how large.
//!
//! The binary calls [`measure`] once and ends; that a process takes one measurement only is what
//! keeps the peers apart.

use std::io;
use std::time::Duration;

use crate::machine;
#[cfg(feature = "corio")]
use crate::peers::Corio;
use crate::peers::{Glommio, Monoio, Peer, Smol, SmolStatic, Tokio, raw};
use crate::row::{Row, Size};
use crate::workloads::{self, Work, echo};

/// How long a measurement lasts; rows of [`Size::Timed`] are sized by it.
const LASTS: Duration = Duration::from_millis(1000);
/// The same for a quick one.
const LASTS_QUICK: Duration = Duration::from_millis(300);

/// What the caller asks for.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// A smaller measurement.
    pub quick: bool,
    /// Exactly this many operations, without a warm-up: for tools that count instructions, which
    /// take the difference of two runs.
    pub ops: Option<u64>,
    /// A command, word by word, that the server of an echo row is started under.
    pub server_under: Vec<String>,
}

/// A peer, with its type forgotten.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    cannot: &'static [Row],
    measure: fn(Row, &Order) -> io::Result<f64>,
    serve: fn(usize),
}

/// Every peer, in the order of the table's columns.
pub const PEERS: &[Entry] = &[
    #[cfg(feature = "corio")]
    entry::<Corio>(),
    entry::<Tokio>(),
    entry::<Smol>(),
    entry::<SmolStatic>(),
    entry::<Monoio>(),
    entry::<Glommio>(),
    Entry { name: "raw", cannot: raw::CANNOT, measure: measure_raw, serve: raw::serve },
];

const fn entry<P: Peer>() -> Entry {
    Entry { name: P::NAME, cannot: P::CANNOT, measure: measure_peer::<P>, serve: echo::serve::<P> }
}

impl Entry {
    /// The peer of this name.
    ///
    /// ```
    /// use corio_benches::measure::Entry;
    /// assert!(Entry::named("tokio").is_some());
    /// assert!(Entry::named("tokyo").is_none());
    /// ```
    pub fn named(name: &str) -> Option<Entry> {
        PEERS.iter().copied().find(|peer| peer.name == name)
    }

    /// Whether the peer can do this row; its file says why it cannot.
    pub fn can(&self, row: Row) -> bool {
        !self.cannot.contains(&row)
    }

    /// Is the server of an echo row: accepts so many connections, and returns when all are closed.
    pub fn serve(&self, connections: usize) {
        machine::pin(machine::CORE_SERVER);
        machine::descriptors_max();
        (self.serve)(connections);
    }
}

/// Takes one measurement, on this thread, and returns the figure in the row's unit.
///
/// # Errors
/// Where an echo row cannot start its server, or the tool that counts system calls.
///
/// # Panics
/// Where the peer cannot do the row.
pub fn measure(row: Row, peer: &Entry, order: &Order) -> io::Result<f64> {
    assert!(peer.can(row), "{} cannot do {}", peer.name, row.name());
    machine::pin(machine::CORE_LOOP);
    machine::descriptors_max();
    match row.connections() {
        Some(connections) => echo::measure(row, peer.name, connections, order),
        None => (peer.measure)(row, order),
    }
}

fn measure_peer<P: Peer>(row: Row, order: &Order) -> io::Result<f64> {
    let mut runtime = P::runtime();
    match workloads::work::<P>(row) {
        Work::Timed(run) => nanos_per_op(row, order, |ops| Ok(run(&mut runtime, ops))),
        Work::Figure(run) => Ok(run(&mut runtime, ops_fixed(row, order))),
    }
}

fn measure_raw(row: Row, order: &Order) -> io::Result<f64> {
    match raw::work(row) {
        raw::Work::Timed(run) => nanos_per_op(row, order, |ops| Ok(run(ops))),
        raw::Work::Figure(run) => Ok(run(ops_fixed(row, order))),
    }
}

/// Warms up, finds the size that lasts as long as asked, and measures.
///
/// # Errors
/// What `run` says.
pub(crate) fn nanos_per_op(
    row: Row,
    order: &Order,
    mut run: impl FnMut(u64) -> io::Result<Duration>,
) -> io::Result<f64> {
    if let Some(ops) = order.ops {
        return Ok(run(ops)?.as_nanos() as f64 / ops as f64);
    }
    let lasts = if order.quick { LASTS_QUICK } else { LASTS };
    let pilot = ops_fixed(row, order);
    // Twice: the first run is cold, and its estimate too small for fast peers. The second is a
    // tenth of what follows and is also the warm-up.
    let first = run(pilot)?;
    let warm_up = (ops_for(lasts, first, pilot) / 10).max(pilot);
    let second = run(warm_up)?;
    let ops = ops_for(lasts, second, warm_up).max(pilot);
    Ok(run(ops)?.as_nanos() as f64 / ops as f64)
}

/// How many operations last so long, when `ops` of them took `spent`.
fn ops_for(lasts: Duration, spent: Duration, ops: u64) -> u64 {
    (lasts.as_nanos() * u128::from(ops) / spent.as_nanos().max(1)) as u64
}

/// The number of operations of a row, where it does not depend on how long they take.
pub(crate) fn ops_fixed(row: Row, order: &Order) -> u64 {
    let ops = match row.size() {
        Size::Timed(pilot) => pilot,
        Size::Fixed(quick, _) if order.quick => quick,
        Size::Fixed(_, full) => full,
    };
    order.ops.unwrap_or(ops)
}
