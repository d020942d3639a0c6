//! Micro rows under criterion, for whoever works on one crate: `cargo bench -p corio-benches`.
//!
//! corio (with the feature `corio`) beside tokio, with criterion's statistics and its comparison to
//! the last run. The table of all peers is made by `cargo xtask bench`.

#[cfg(feature = "corio")]
use corio_benches::peers::Corio;
use corio_benches::peers::{Peer, Tokio};
use corio_benches::row::Row;
use corio_benches::workloads::{Work, work};
use criterion::{Criterion, criterion_group, criterion_main};

/// The rows whose operations are short and many.
const ROWS: &[Row] = &[
    Row::SpawnJoin,
    Row::ChainedSpawn,
    Row::YieldOne,
    Row::Yield1000,
    Row::Pingpong1,
    Row::TimerChurn100k,
    Row::RemoteWake,
    Row::BlockOnReady,
];

fn rows_of<P: Peer>(criterion: &mut Criterion) {
    let mut runtime = P::runtime();
    for &row in ROWS {
        let Work::Timed(run) = work::<P>(row) else { unreachable!("these rows are timed") };
        criterion
            .benchmark_group(row.name())
            .bench_function(P::NAME, |bencher| bencher.iter_custom(|ops| run(&mut runtime, ops)));
    }
}

fn micro(criterion: &mut Criterion) {
    #[cfg(feature = "corio")]
    rows_of::<Corio>(criterion);
    rows_of::<Tokio>(criterion);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(2));
    targets = micro
}
criterion_main!(benches);
