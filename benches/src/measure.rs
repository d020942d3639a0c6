//! One measurement: which workload, of which peer, how large.
//!
//! The binary calls [`measure`] once and ends; that a process takes one measurement only is what
//! keeps the peers apart.

use std::io;
use std::time::Duration;

use crate::machine;
#[cfg(feature = "corio")]
use crate::peers::{Corio, corio_protocol};
use crate::peers::{Glommio, Monoio, Peer, Smol, SmolStatic, Tokio, raw, uvloop};
use crate::primitives::{self, Offer};
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
    /// What it does as a runtime; a library is none.
    runtime: Option<Runtime>,
    /// What it has of its own, or of libraries that its users take.
    offers: &'static [Offer],
}

#[derive(Clone, Copy, Debug)]
struct Runtime {
    cannot: &'static [Row],
    /// It does echo rows, and no others: nothing but its server is ever called.
    only_echo: bool,
    is_there: fn() -> bool,
    measure: fn(Row, &Order) -> io::Result<f64>,
    serve: fn(usize),
}

/// Every peer, in the order of the table's columns.
pub const PEERS: &[Entry] = &[
    #[cfg(feature = "corio")]
    entry::<Corio>(primitives::CORIO),
    #[cfg(feature = "corio")]
    Entry {
        name: corio_protocol::NAME,
        runtime: Some(Runtime {
            cannot: &[],
            only_echo: true,
            is_there: || true,
            measure: measure_raw,
            serve: corio_protocol::serve,
        }),
        offers: &[],
    },
    #[cfg(feature = "corio")]
    library("corio-off", primitives::CORIO_OFF),
    entry::<Tokio>(primitives::TOKIO),
    entry::<Smol>(primitives::SMOL),
    entry::<SmolStatic>(primitives::SMOL_STATIC),
    entry::<Monoio>(primitives::MONOIO),
    entry::<Glommio>(primitives::GLOMMIO),
    Entry {
        name: uvloop::NAME,
        runtime: Some(Runtime {
            cannot: &[],
            only_echo: true,
            is_there: uvloop::is_there,
            measure: measure_raw,
            serve: uvloop::serve,
        }),
        offers: &[],
    },
    library("async-lock", primitives::ASYNC_LOCK),
    library("event-listener", primitives::EVENT_LISTENER),
    library("futures", primitives::FUTURES),
    library("oneshot", primitives::ONESHOT),
    library("kanal", primitives::KANAL),
    library("flume", primitives::FLUME),
    library("async-channel", primitives::ASYNC_CHANNEL),
    Entry {
        name: "raw",
        runtime: Some(Runtime {
            cannot: raw::CANNOT,
            only_echo: false,
            is_there: || true,
            measure: measure_raw,
            serve: raw::serve,
        }),
        offers: raw::primitives::OFFERS,
    },
];

const fn entry<P: Peer>(offers: &'static [Offer]) -> Entry {
    let runtime = Runtime {
        cannot: P::CANNOT,
        only_echo: false,
        is_there: || true,
        measure: measure_peer::<P>,
        serve: echo::serve::<P>,
    };
    Entry { name: P::NAME, runtime: Some(runtime), offers }
}

const fn library(name: &'static str, offers: &'static [Offer]) -> Entry {
    Entry { name, runtime: None, offers }
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
        match self.runtime {
            _ if row.is_of_primitives() => self.offer(row).is_some(),
            Some(runtime) if runtime.only_echo => {
                row.connections().is_some() && (runtime.is_there)()
            }
            Some(runtime) => !runtime.cannot.contains(&row),
            None => false,
        }
    }

    fn offer(&self, row: Row) -> Option<&'static Offer> {
        self.offers.iter().find(|offer| offer.row == row)
    }

    /// Is the server of an echo row: accepts so many connections, and returns when all are closed.
    ///
    /// # Panics
    /// Where the peer is a library and no runtime.
    pub fn serve(&self, connections: usize) {
        let runtime = self.runtime.expect("a library is no server");
        machine::pin(machine::CORE_SERVER);
        machine::descriptors_max();
        (runtime.serve)(connections);
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
    if let Some(offer) = peer.offer(row) {
        return (offer.measure)(order);
    }
    match (row.connections(), peer.runtime) {
        (Some(connections), _) => echo::measure(row, peer.name, connections, order),
        (None, Some(runtime)) => (runtime.measure)(row, order),
        (None, None) => unreachable!("a library can do what it offers"),
    }
}

fn measure_peer<P: Peer>(row: Row, order: &Order) -> io::Result<f64> {
    measure_work::<P>(row, workloads::work::<P>(row), order)
}

/// Does the work on a runtime of its own.
///
/// # Errors
/// None; the signature is that of the other measurements.
pub(crate) fn measure_work<P: Peer>(row: Row, work: Work<P>, order: &Order) -> io::Result<f64> {
    let mut runtime = P::runtime();
    match work {
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
