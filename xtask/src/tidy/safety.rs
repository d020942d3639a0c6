//! Every `unsafe` has its claim, and stands in a file that says it has some.
//!
//! A crate without unsafe code forbids it at its root. A crate with some denies it there and expects
//! it, with a reason, in the files that need it; so a new unsafe file is a visible decision. The
//! facade has none.

use super::Finding;
use crate::repo::Repo;
use crate::source::Source;
use crate::unsafety::{self, Kind};

const CHECK: &str = "safety";

/// The crates without unsafe code, whatever happens.
const NEVER: [&str; 2] = ["crates/corio/", "crates/macros/"];

/// Finds sites without a claim and roots without their attribute.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &repo.sources {
        let sites = unsafety::sites(source);
        for site in sites.iter().filter(|site| site.claim.as_deref().is_none_or(str::is_empty)) {
            let text = match site.kind {
                Kind::Block | Kind::Impl => "say why this holds: `// SAFETY:` above it",
                Kind::Contract => "say what the caller vouches for: `# Safety` above it",
            };
            findings.push(Finding::line(CHECK, &source.path, site.line, text));
        }
        let in_library = source.path.starts_with("crates/") && !source.is_test();
        if let (true, Some(first)) = (in_library, sites.first()) {
            if NEVER.iter().any(|place| source.path.starts_with(place)) {
                let text = "no unsafe code in this crate: move it below, behind a safe function";
                findings.push(Finding::line(CHECK, &source.path, first.line, text));
            } else if !has_attribute(source, "#![expect(unsafe_code") {
                let text =
                    "a file with unsafe code begins with `#![expect(unsafe_code, reason = …)]`";
                findings.push(Finding::file(CHECK, &source.path, text));
            }
        }
        if is_root(source) {
            findings.extend(check_root(source));
        }
    }
    findings
}

fn check_root(source: &Source) -> Option<Finding> {
    let forbids = has_attribute(source, "#![forbid(unsafe_code)]");
    let text = if NEVER.iter().any(|place| source.path.starts_with(place)) {
        (!forbids).then_some("this crate has `#![forbid(unsafe_code)]`")
    } else {
        (!forbids && !has_attribute(source, "#![deny(unsafe_code)]"))
            .then_some("add `#![forbid(unsafe_code)]`, or `deny` if some files need it")
    };
    text.map(|text| Finding::file(CHECK, &source.path, text))
}

fn is_root(source: &Source) -> bool {
    source.path.starts_with("crates/") && source.path.ends_with("/src/lib.rs")
}

fn has_attribute(source: &Source, start: &str) -> bool {
    let mut joined = source.lines.iter().map(|line| line.code.trim()).collect::<Vec<_>>().join("");
    joined.retain(|c| c != ' ');
    joined.contains(start)
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    const EXPECT: &str = "#![expect(unsafe_code, reason = \"r\")]\n";

    #[test]
    fn every_site_has_a_claim() {
        let text = format!("{EXPECT}// SAFETY: yes.\nunsafe {{}}\n\nfn f() {{\nlet a = 1;\n}}");
        assert!(places(check, &[("crates/task/src/a.rs", &text)]).is_empty());
        let text = format!("{EXPECT}unsafe {{}}\nunsafe fn f() {{}}");
        let found = ["crates/task/src/a.rs:2", "crates/task/src/a.rs:3"];
        assert_eq!(places(check, &[("crates/task/src/a.rs", &text)]), found);
    }

    #[test]
    fn unsafe_files_and_roots_say_so() {
        let claimed = "// SAFETY: yes.\nunsafe {}";
        let files = [
            ("crates/task/src/a.rs", claimed),
            ("crates/task/tests/it/a.rs", claimed),
            ("crates/corio/src/a.rs", claimed),
            ("crates/task/src/lib.rs", "#![deny(unsafe_code)]"),
            ("crates/timer/src/lib.rs", "#![forbid(unsafe_code)]"),
            ("crates/net/src/lib.rs", ""),
            ("crates/corio/src/lib.rs", "#![deny(unsafe_code)]"),
        ];
        let found = [
            "crates/task/src/a.rs:0",
            "crates/corio/src/a.rs:2",
            "crates/net/src/lib.rs:0",
            "crates/corio/src/lib.rs:0",
        ];
        assert_eq!(places(check, &files), found);
    }
}
