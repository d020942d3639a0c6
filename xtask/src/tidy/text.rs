//! Plain words: what must not stand in any file of ours.

use super::Finding;
use crate::repo::Repo;
use crate::source::{Source, has_word};

const CHECK: &str = "text";

/// This file has to name what it looks for.
const ITSELF: &str = "xtask/src/tidy/text.rs";

/// Words that put work off. Work that is put off stands in the tracker, not in the code.
const PUT_OFF: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Beginnings of paths that exist on one machine only.
const HOMES: [&str; 4] = ["/home/", "/root/", "/Users/", "C:\\Users"];

/// Parts of the code that may not be written, and what to write instead.
const CODE: [(&str, &str); 5] = [
    ("todo!", "write it, or return an error that says what is missing"),
    ("dbg!", "log it, or leave it out"),
    ("#[ignore]", "a test that does not run tests nothing: say `#[ignore = reason]`, or remove it"),
    ("#[allow(", "use `#[expect(lint, reason = …)]`, which ends when its cause does"),
    ("#![allow(", "use `#![expect(lint, reason = …)]`, which ends when its cause does"),
];

/// Finds put-off work, home folders, blanks at the ends of lines, and code that may not be written.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repo.sources.iter().filter(|source| source.path != ITSELF) {
        check_lines(&source.path, &source.text(), &mut findings);
        check_code(source, &mut findings);
    }
    for (path, text) in &repo.texts {
        check_lines(path, text, &mut findings);
    }
    findings
}

fn check_lines(path: &str, text: &str, findings: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        let mut find = |text: String| findings.push(Finding::line(CHECK, path, index, text));
        if line.ends_with([' ', '\t', '\r']) {
            find("blanks at the end of the line".to_owned());
        }
        if let Some(word) = PUT_OFF.iter().find(|word| has_word(line, word)) {
            find(format!("`{word}`: do it, or put it in the tracker"));
        }
        if let Some(home) = HOMES.iter().find(|home| line.contains(*home)) {
            find(format!("`{home}…` exists on one machine only"));
        }
    }
}

fn check_code(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.lines.iter().enumerate() {
        for (word, remedy) in CODE {
            if line.code.contains(word) {
                let text = format!("`{word}`: {remedy}");
                findings.push(Finding::line(CHECK, &source.path, index, text));
            }
        }
        if line.code.contains('\t') {
            findings.push(Finding::line(CHECK, &source.path, index, "a tab: run cargo fmt"));
        }
        let library = source.path.starts_with("crates/") && !source.is_test();
        if library && line.code.contains("pub use") && line.code.contains("::*") {
            let text = "name what is exported: a glob exports tomorrow's names too";
            findings.push(Finding::line(CHECK, &source.path, index, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn words_and_blanks() {
        let files = [
            ("a.md", "a \nTODO: b\n/home/me/x\nfine, todo"),
            ("b.rs", "todo!();\n#[ignore]\n#[allow(x)]\n// todo! allow(\nf(\"dbg!\");"),
            ("crates/a/src/lib.rs", "pub use a::*;\nuse a::*;"),
        ];
        let found =
            ["b.rs:1", "b.rs:2", "b.rs:3", "crates/a/src/lib.rs:1", "a.md:1", "a.md:2", "a.md:3"];
        assert_eq!(places(check, &files), found);
    }
}
