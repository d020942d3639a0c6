//! Files and functions that have grown past what one reads in one go.

use super::Finding;
use crate::repo::Repo;

const CHECK: &str = "growth";

/// Lines of a file. Most of the tree lies between 100 and 400; twice that is two ideas.
const FILE_LINES_MAX: usize = 600;

/// Lines of a function: what fits on a screen with its signature.
const FUNCTION_LINES_MAX: usize = 70;

/// Finds what is longer.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &repo.sources {
        let size = source.lines.len();
        if size > FILE_LINES_MAX {
            let text = format!("{size} lines, more than {FILE_LINES_MAX}: split it by ideas");
            findings.push(Finding { size, ..Finding::file(CHECK, &source.path, text) });
        }
        for function in source.functions() {
            let size = function.last - function.first + 1;
            if size > FUNCTION_LINES_MAX {
                let name = function.name;
                let text = format!("`{name}` has {size} lines, more than {FUNCTION_LINES_MAX}");
                let finding = Finding::line(CHECK, &source.path, function.first, text).named(name);
                findings.push(Finding { size, ..finding });
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
    fn long_files_and_functions_are_found() {
        let body = "a();\n".repeat(FUNCTION_LINES_MAX - 2);
        let fits = format!("fn f() {{\n{body}}}\n");
        assert!(places(check, &[("a.rs", &fits)]).is_empty());
        let long = format!("fn g() {{\n{body}a();\n}}\n");
        assert_eq!(places(check, &[("a.rs", &long)]), ["a.rs:1 g"]);
        let file = "//! Much.\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(places(check, &[("a.rs", &file)]), ["a.rs:0"]);
    }
}
