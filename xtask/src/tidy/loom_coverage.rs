//! What threads agree on through one word has a loom model, and tests stand where one looks.
//!
//! State words, queues, inboxes and waker cells are known by their files' names; anything else that
//! compares and exchanges is a protocol too. Such a file is covered when the crate's
//! `tests/loom.rs` names it, or a public type it defines.

use super::Finding;
use crate::repo::Repo;
use crate::source::{Source, has_word};

const CHECK: &str = "loom";

/// Parts of the names of files that hold what threads share.
const SHARED: [&str; 5] = ["state", "queue", "waker_cell", "inbox", "mail"];

/// Finds shared words without a model, and test binaries besides `it` and the models', of which those that
/// need a process of their own are `loom_*`.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &repo.sources {
        let Some((folder, rest)) = split(&source.path) else { continue };
        if rest.starts_with("src/") && is_shared(source) && !repo.has_model(folder, source) {
            let text = format!("no model in {folder}/tests/loom.rs names this file or its type");
            findings.push(Finding::file(CHECK, &source.path, text));
        }
        let is_binary = rest.strip_prefix("tests/").is_some_and(|name| !name.contains('/'));
        let is_of_models = rest == "tests/loom.rs" || rest.starts_with("tests/loom_");
        if is_binary && !is_of_models {
            let text = "a test binary of its own takes long to link: make it a module of tests/it";
            findings.push(Finding::file(CHECK, &source.path, text));
        }
    }
    findings
}

/// `crates/x` and the rest of `crates/x/src/y.rs`.
fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("crates/")?;
    let end = "crates/".len() + rest.find('/')?;
    Some((&path[..end], &path[end + 1..]))
}

/// Whether threads meet in this file: it has an atomic, and is named so or exchanges words.
fn is_shared(source: &Source) -> bool {
    let exchanges = source.lines.iter().any(|line| line.code.contains(".compare_exchange"));
    let atomic = exchanges
        || source.lines.iter().any(|line| {
            line.code.contains("Ordering::")
                && ["Acquire", "Release", "AcqRel", "SeqCst"]
                    .iter()
                    .any(|ordering| has_word(&line.code, ordering))
        });
    let stem = source.name().trim_end_matches(".rs");
    atomic && (exchanges || SHARED.iter().any(|part| stem.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn shared_words_have_models() {
        let exchange = "pub struct Cell;\nself.word.compare_exchange(0, 1, AcqRel, Acquire);";
        let files = [
            ("crates/a/src/cell.rs", exchange),
            ("crates/a/src/state.rs", "self.word.load(Ordering::Acquire);"),
            ("crates/a/src/count.rs", "self.word.load(Ordering::Acquire);"),
            ("crates/a/src/states.rs", "no atomics"),
            ("crates/b/src/cell.rs", exchange),
            ("crates/b/tests/loom.rs", "let cell = Cell::new();"),
            ("crates/c/src/my_state.rs", exchange),
            ("crates/c/tests/loom.rs", "//! Models of `my_state`."),
        ];
        assert_eq!(places(check, &files), ["crates/a/src/cell.rs:0", "crates/a/src/state.rs:0"]);
    }

    #[test]
    fn one_test_binary_a_crate() {
        let files = [
            ("crates/a/tests/it/main.rs", ""),
            ("crates/a/tests/it/b.rs", ""),
            ("crates/a/tests/loom.rs", ""),
            ("crates/a/tests/loom_switched.rs", ""),
            ("crates/a/tests/looms.rs", ""),
            ("crates/a/tests/other.rs", ""),
            ("tests/embed/tests/smol.rs", ""),
        ];
        assert_eq!(
            places(check, &files),
            ["crates/a/tests/looms.rs:0", "crates/a/tests/other.rs:0"]
        );
    }
}
