//! Names in a drawing exist in the code it is drawn for.
//!
//! A drawing is a block fenced as `text` in a comment or in a page of a crate or of `docs`. Words in
//! it that can only be names of code are looked up: `snake_case`, a word before `(`, a path with
//! `::`, and words in capitals (flags and states). They must stand in the code of the drawing's own
//! crate or of one that it uses; for a drawing in `docs`, in any crate's.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::repo::Repo;
use crate::source::is_word;

const CHECK: &str = "diagrams";

/// Capitals that are the system's words or the reader's, not ours.
const FOREIGN: [&str; 8] =
    ["EAGAIN", "EPOLL", "EMFILE", "RDHUP", "SIGINT", "CORIO", "NULL", "HTTP"];

/// Finds names that do not exist.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let names = names_of_crates(repo);
    let mut findings = Vec::new();
    let mut look = |path: &str, drawn: Vec<(usize, String)>| {
        let Some(known) = known_to(repo, &names, path) else { return };
        for (index, name) in drawn {
            if !name.split("::").all(|part| known.iter().any(|names| names.contains(part))) {
                let text = format!("the drawing names `{name}`, which the code does not have");
                findings.push(Finding::line(CHECK, path, index, text).named(name));
            }
        }
    };
    for source in &repo.sources {
        let lines = source.lines.iter().map(|line| {
            let doc = line.comment.strip_prefix("//!").or(line.comment.strip_prefix("///"));
            doc.unwrap_or_default()
        });
        look(&source.path, drawn(lines));
    }
    for (path, text) in repo.texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        look(path, drawn(text.lines()));
    }
    findings
}

/// For each folder of `crates`, every word of its code.
fn names_of_crates(repo: &Repo) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in &repo.sources {
        let Some(folder) = crate_folder(&source.path) else { continue };
        let names = names.entry(folder.to_owned()).or_default();
        for line in &source.lines {
            names.extend(line.code.split(|c| !is_word(c)).map(str::to_owned));
        }
    }
    names
}

/// The sets of words that a drawing in `path` may use; `None` where drawings are free.
fn known_to<'a>(
    repo: &Repo,
    names: &'a BTreeMap<String, BTreeSet<String>>,
    path: &str,
) -> Option<Vec<&'a BTreeSet<String>>> {
    if path.starts_with("docs/") {
        return Some(names.values().collect());
    }
    let folder = crate_folder(path)?;
    let package = repo.packages.iter().find(|package| package.folder == folder);
    let used = package.map(|package| package.dependencies.as_slice()).unwrap_or_default();
    let used = used.iter().filter_map(|dependency| {
        let package = repo.packages.iter().find(|package| package.name == dependency.name)?;
        names.get(&package.folder)
    });
    Some(names.get(folder).into_iter().chain(used).collect())
}

/// `crates/x` of `crates/x/src/y.rs`.
fn crate_folder(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("crates/")?;
    let end = rest.find('/')?;
    Some(&path[.."crates/".len() + end])
}

/// The names in the drawings of a text, each with its line's index.
fn drawn<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, line) in lines.enumerate() {
        let text = line.trim();
        if text.starts_with("```") {
            inside = !inside && text == "```text";
        } else if inside {
            found.extend(names_in(line).map(|name| (index, name)));
        }
    }
    found
}

fn names_in(line: &str) -> impl Iterator<Item = String> + '_ {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_')?;
            let after_start = &rest[start..];
            let end = after_start.find(|c: char| !is_word(c) && c != ':');
            let (word, after) = after_start.split_at(end.unwrap_or(after_start.len()));
            rest = after;
            let word = word.trim_matches(':');
            if is_name(word, after) {
                return Some(word.to_owned());
            }
        }
    })
}

/// Whether `word`, followed by `after`, can only be a name of code.
fn is_name(word: &str, after: &str) -> bool {
    if word.split("::").any(|part| part.is_empty() || part.contains(':')) || !word.is_ascii() {
        return false;
    }
    let capitals = word.len() >= 4
        && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        && !FOREIGN.contains(&word);
    let snake = word.contains('_')
        && word.trim_matches('_').contains('_')
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let called = after.starts_with("()") && word.starts_with(|c: char| c.is_ascii_lowercase());
    capitals || snake || called || word.contains("::")
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    fn names(line: &str) -> Vec<String> {
        names_in(line).collect()
    }

    #[test]
    fn names_are_told_from_words() {
        assert_eq!(names("WAITING ──1 wake()──▶ done, to_idle"), ["WAITING", "wake", "to_idle"]);
        assert_eq!(names("a loop: I/O, FIN, State::wake (it wakes)"), ["State::wake"]);
        assert_eq!(names("__ _x ::: A_B REFS=2"), ["REFS"]);
    }

    #[test]
    fn drawn_names_exist() {
        let doc = "//! ```text\n//! IDLE ─ wake_task ▶ GONE_NOW\n//! ```\n//! no_name here\n";
        let source = format!("{doc}const IDLE: u8 = 0;\nfn wake_task() {{}}");
        let page = "```text\nwake_task() unknown()\n```\n```\nunknown()\n```";
        let files = [
            ("crates/a/src/lib.rs", source.as_str()),
            ("docs/ARCHITECTURE.md", page),
            ("README.md", page),
        ];
        let found = ["crates/a/src/lib.rs:2 GONE_NOW", "docs/ARCHITECTURE.md:2 unknown"];
        assert_eq!(places(check, &files), found);
    }
}
