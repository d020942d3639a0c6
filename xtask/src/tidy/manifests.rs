//! Manifests are complete, and `polling` stands in one of them.

use super::Finding;
use crate::repo::Repo;

const CHECK: &str = "manifests";

/// The one manifest that may name `polling`, besides the root's list of versions.
const POLLING: [&str; 2] = ["Cargo.toml", "crates/reactor/Cargo.toml"];

/// Finds missing metadata, missing lints, and `polling` where it does not belong.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in &repo.packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        if package.published && !package.lacks.is_empty() {
            let text = format!("the package lacks {}", package.lacks.join(", "));
            findings.push(Finding::file(CHECK, &manifest, text));
        }
    }
    for (path, text) in &repo.texts {
        if !path.ends_with("Cargo.toml") {
            continue;
        }
        let is_root = path == "Cargo.toml";
        if !is_root && !text.contains("[lints]\nworkspace = true") {
            let text = "add `[lints]` with `workspace = true`, so that the house's lints hold here";
            findings.push(Finding::file(CHECK, path, text));
        }
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("polling") && !POLLING.contains(&path.as_str()) {
                let text = "only the reactor names `polling`: use `corio-reactor`";
                findings.push(Finding::line(CHECK, path, index, text));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn polling_and_lints() {
        let lints = "[lints]\nworkspace = true\n";
        let polling = format!("polling.workspace = true\n{lints}");
        let files = [
            ("Cargo.toml", "polling = \"3\""),
            ("crates/reactor/Cargo.toml", polling.as_str()),
            ("crates/net/Cargo.toml", polling.as_str()),
            ("crates/timer/Cargo.toml", "[package]"),
        ];
        assert_eq!(places(check, &files), ["crates/net/Cargo.toml:1", "crates/timer/Cargo.toml:0"]);
    }
}
