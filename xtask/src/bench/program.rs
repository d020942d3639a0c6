//! The binary `corio-bench`: built once, then one process for each measurement.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::figures::Sample;
use super::plan::Pair;
use crate::Fail;
use crate::repo::{BENCHES, Metadata};
use crate::shell;

/// How long one measurement may take, its start and warm-up included. They are sized to two seconds
/// at the most, quick ones to half a second; who needs ten times that is stuck.
const TIME_MAX: Duration = Duration::from_secs(40);
const TIME_MAX_QUICK: Duration = Duration::from_secs(15);

/// The binary.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: PathBuf,
}

impl Program {
    /// Builds it, with all its peers.
    ///
    /// # Errors
    /// It does not build.
    pub(super) fn build() -> Result<Program, Fail> {
        let mut command = shell::cargo(["build", "--release", "--package", BENCHES]);
        command.args(["--bin", "corio-bench", "--features", "corio"]);
        shell::run(&mut command)?;
        Ok(Program { path: Metadata::ask()?.target.join("release/corio-bench") })
    }

    /// Every pair of row and peer that it can measure.
    ///
    /// # Errors
    /// It fails, or prints something else.
    pub(super) fn list(&self) -> Result<Vec<Pair>, Fail> {
        let text = said(shell::program(&self.path).arg("--list"), TIME_MAX)?;
        text.lines().map(Pair::parse).collect()
    }

    /// One measurement; most rows give one sample, some more.
    ///
    /// # Errors
    /// It fails, takes too long, or prints something else.
    pub(super) fn measure(&self, row: &str, peer: &str, quick: bool) -> Result<Vec<Sample>, Fail> {
        let mut command = shell::program(&self.path);
        command.args(["--row", row, "--peer", peer]);
        let mut time_max = TIME_MAX;
        if quick {
            command.arg("--quick");
            time_max = TIME_MAX_QUICK;
        }
        let samples: Result<Vec<Sample>, Fail> =
            said(&mut command, time_max)?.lines().map(sample).collect();
        match samples {
            Ok(samples) if samples.is_empty() => Err("it printed no figure".into()),
            other => other,
        }
    }
}

/// What `command` printed, if it ended well.
fn said(command: &mut Command, time_max: Duration) -> Result<String, Fail> {
    let said = shell::output_within(command, time_max)?;
    if said.status.success() {
        Ok(said.stdout)
    } else {
        let last = said.stderr.trim().lines().last().unwrap_or_default().to_owned();
        Err(format!("{}: {last}", said.status).into())
    }
}

fn sample(line: &str) -> Result<Sample, Fail> {
    let json: Value = serde_json::from_str(line)?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    match (text("row"), text("peer"), text("unit"), json["value"].as_f64()) {
        (Some(row), Some(peer), Some(unit), Some(value)) => Ok(Sample { row, peer, unit, value }),
        _ => Err(format!("`{line}` is no measurement").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_samples() {
        let line = r#"{"row":"a","peer":"raw","value":1.5,"unit":"ns"}"#;
        let expected =
            Sample { row: "a".into(), peer: "raw".into(), unit: "ns".into(), value: 1.5 };
        assert_eq!(sample(line).unwrap(), expected);
        assert!(sample(r#"{"row":"a"}"#).is_err());
        assert!(sample("warming up").is_err());
    }
}
