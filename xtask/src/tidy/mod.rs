//! `cargo xtask tidy`: the rules of the house that text and manifests can prove.
//!
//! Each check is one file with one function from the repository to its findings. A finding that has
//! a good reason is entered in `xtask/exceptions.txt`, with that reason. The same run is a test of
//! this crate, so `cargo xtask test` finds what `tidy` would. Nothing is ever corrected here.

mod exceptions;

// Between crates.
mod calls;
mod layers;
mod manifests;

// Within a file.
mod growth;
mod headers;
mod safety;
mod text;

// Between code and what is written about it.
mod diagrams;
mod links;
mod loom_coverage;

use std::fmt;

use crate::Fail;
use crate::repo::Repo;
use crate::steps::Outcome;
use exceptions::Exceptions;

/// Something that breaks a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    /// The check's name, as in the list of exceptions.
    check: &'static str,
    path: String,
    /// Counted from 1; 0 where the whole file is meant.
    line: usize,
    /// The function or name it is about, where there is one.
    name: Option<String>,
    /// How large the thing is, where size is the matter.
    size: usize,
    text: String,
}

impl Finding {
    /// A finding about a whole file.
    fn file(check: &'static str, path: &str, text: impl Into<String>) -> Finding {
        Finding { check, path: path.to_owned(), line: 0, name: None, size: 0, text: text.into() }
    }

    /// A finding about the line with this index.
    fn line(check: &'static str, path: &str, index: usize, text: impl Into<String>) -> Finding {
        Finding { line: index + 1, ..Finding::file(check, path, text) }
    }

    /// The same finding about `name`.
    fn named(self, name: impl Into<String>) -> Finding {
        Finding { name: Some(name.into()), ..self }
    }

    /// What an exception for it is entered under.
    fn key(&self) -> String {
        match &self.name {
            Some(name) => format!("{}::{name}", self.path),
            None => self.path.clone(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {} [{}]", self.text, self.check)
    }
}

/// A check: from the repository to what it finds.
type Check = fn(&Repo) -> Vec<Finding>;

const CHECKS: [Check; 10] = [
    layers::check,
    manifests::check,
    calls::check,
    headers::check,
    safety::check,
    growth::check,
    text::check,
    diagrams::check,
    loom_coverage::check,
    links::check,
];

/// Runs every check.
///
/// # Errors
/// The repository cannot be read, or a rule is broken; the findings are printed.
pub(crate) fn run() -> Result<Outcome, Fail> {
    let repo = Repo::read()?;
    let findings = findings(&repo)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        eprintln!("tidy: {} checks, {} files, all well", CHECKS.len(), repo.paths.len());
        Ok(Outcome::Passed)
    } else {
        Err(format!(
            "tidy: {} findings; correct them, or enter them with a reason in {}",
            findings.len(),
            exceptions::PATH
        )
        .into())
    }
}

fn findings(repo: &Repo) -> Result<Vec<Finding>, Fail> {
    let mut exceptions = Exceptions::read(repo)?;
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(repo)).collect();
    findings.retain(|finding| !exceptions.covers(finding));
    findings.extend(exceptions.unused());
    findings.sort_by(|a, b| (&a.path, a.line, a.check).cmp(&(&b.path, b.line, b.check)));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of `tidy`, so that `cargo xtask test` finds what it would.
    #[test]
    fn the_tree_is_tidy() {
        let findings = findings(&Repo::read().unwrap()).unwrap();
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }

    /// A repository of these files alone, for the tests of the checks.
    pub(super) fn repo_of(files: &[(&str, &str)]) -> Repo {
        let mut repo = Repo {
            packages: Vec::new(),
            sources: Vec::new(),
            texts: Vec::new(),
            paths: Vec::new(),
        };
        for (path, text) in files {
            repo.paths.push((*path).to_owned());
            if path.ends_with(".rs") {
                repo.sources.push(crate::source::Source::new(path, text));
            } else {
                repo.texts.push(((*path).to_owned(), (*text).to_owned()));
            }
        }
        repo
    }

    /// What `check` finds in these files, as `path:line`, or `path:line name`.
    pub(super) fn places(check: Check, files: &[(&str, &str)]) -> Vec<String> {
        check(&repo_of(files))
            .iter()
            .map(|finding| match &finding.name {
                Some(name) => format!("{}:{} {name}", finding.path, finding.line),
                None => format!("{}:{}", finding.path, finding.line),
            })
            .collect()
    }
}
