//! Every pair of a row and a peer gives a figure, however small the measurement.
//!
//! The figures mean nothing here; `cargo xtask bench` is for those.

use std::process::Command;

fn bench(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_corio-bench")).args(arguments).output();
    let output = output.expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The rows and peers of `--list`, without the rows that need `perf`.
fn pairs() -> Vec<(String, String)> {
    let list = bench(&["--list"]).expect("it lists");
    let fields = list.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let pairs = fields.map(|fields| match fields[..] {
        [row, peer, _unit] => (row.to_owned(), peer.to_owned()),
        _ => panic!("a line of the list has three fields: {fields:?}"),
    });
    pairs.filter(|(row, _)| !row.ends_with("_syscalls")).collect()
}

#[test]
fn every_pair_gives_one_line_with_a_figure() {
    for (row, peer) in pairs() {
        let line = bench(&["--row", &row, "--peer", &peer, "--ops", "300"]);
        let line = line.unwrap_or_else(|error| panic!("{row} of {peer}: {error}"));
        let start = format!(r#"{{"row":"{row}","peer":"{peer}","value":"#);
        assert!(line.starts_with(&start), "{row} of {peer} printed {line:?}");
        let value = line[start.len()..].split(',').next().and_then(|v| v.parse::<f64>().ok());
        assert!(value.is_some_and(|v| v.is_finite() && v >= 0.0), "{line:?} has no figure");
    }
}

#[test]
fn each_row_has_a_raw_limit_or_says_why_not() {
    let pairs = pairs();
    let raw = |row: &str| pairs.iter().any(|(r, peer)| r == row && peer == "raw");
    let without: Vec<_> = pairs.iter().filter(|(row, _)| !raw(row)).map(|(row, _)| row).collect();
    // What waits for another task needs a runtime, memory while nothing happens is the library's, and
    // what is around a ready future costs a loop without scopes nothing. A queue of jobs without a pool is
    // a function call, and what debug mode costs is told beside corio without it.
    let why = ["conn_bytes", "mutex_contended", "notify_waiter", "broadcast_1000", "blocking_100k"];
    let parts = ["channel", "oneshot", "_ready", "debug_"];
    let named = |row: &str| why.contains(&row) || parts.iter().any(|part| row.contains(part));
    assert!(without.iter().all(|row| named(row)), "{without:?}");
}

#[test]
fn mistakes_are_named_with_their_remedy() {
    let wrong = |arguments: &[&str]| bench(arguments).expect_err("it refuses");
    assert!(wrong(&["--row", "yield_two", "--peer", "tokio"]).contains("--list"));
    assert!(wrong(&["--row", "conn_bytes", "--peer", "raw"]).contains("cannot do"));
    assert!(wrong(&["--row", "yield_one"]).contains("--peer"));
    assert!(wrong(&["--row", "yield_one", "--peer", "raw", "--ops", "0"]).contains("at least 1"));
}
