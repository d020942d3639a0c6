//! Every file begins by saying what it is.

use super::Finding;
use crate::repo::Repo;

const CHECK: &str = "headers";

/// How a page beside the code becomes the header of a file.
const INCLUDED: &str = "#![doc = include_str!(";

/// Finds files that do not begin with `//!`, or include a page that says it for them. Attributes of
/// the whole file may stand before it.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let silent = repo.sources.iter().filter(|source| {
        let first = source.lines.iter().map(|line| line.raw.trim()).find(|line| {
            line.starts_with(INCLUDED) || !(line.is_empty() || line.starts_with("#!["))
        });
        !first.is_some_and(|line| {
            line.starts_with(INCLUDED) || line.starts_with("//!") && line.len() > 3
        })
    });
    silent
        .map(|source| {
            Finding::file(CHECK, &source.path, "begin with `//!`: what this is, why, who calls it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn a_file_says_what_it_is() {
        let files = [
            ("a.rs", "//! A.\nfn a() {}"),
            ("b.rs", "#![cfg(loom)]\n//! B."),
            ("c.rs", "// C.\nfn c() {}"),
            ("d.rs", ""),
            ("e.rs", "//!\n//! E."),
            ("f.rs", "#![doc = include_str!(\"../README.md\")]\nmod a;"),
        ];
        assert_eq!(places(check, &files), ["c.rs:0", "d.rs:0", "e.rs:0"]);
    }
}
