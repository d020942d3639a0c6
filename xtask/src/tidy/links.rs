//! Links between our pages lead somewhere.

use super::Finding;
use crate::repo::Repo;

const CHECK: &str = "links";

/// Finds links in Markdown pages to files that do not exist. The web's are not followed.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repo.texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (index, line) in text.lines().enumerate() {
            for target in targets(line) {
                if !leads_somewhere(repo, path, target) {
                    let text = format!("the link `{target}` leads nowhere");
                    findings.push(Finding::line(CHECK, path, index, text));
                }
            }
        }
    }
    findings
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|after| after.split_once(')')).map(|(target, _)| target)
}

fn leads_somewhere(repo: &Repo, page: &str, target: &str) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    // Names of Rust items, in pages that a crate includes, belong to rustdoc, which checks them.
    let item = target.contains(['@', ':'])
        || page.starts_with("crates/") && !target.contains(['.', '/', '-']);
    if target.is_empty() || item {
        return true;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            name => parts.push(name),
        }
    }
    let target = parts.join("/");
    repo.paths.iter().any(|path| *path == target || path.starts_with(&format!("{target}/")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn links_lead_to_files() {
        let page = "[a](../README.md) [b](STYLE.md#x) [c](https://a.b)\n[d](gone.md)\n[e](../..)";
        let files = [
            ("docs/A.md", page),
            ("docs/STYLE.md", ""),
            ("README.md", "[x](docs/)"),
            ("crates/a/README.md", "[a](mod@a) [b](A::b) [c](c)\n[d](d.md)"),
        ];
        assert_eq!(places(check, &files), ["docs/A.md:2", "docs/A.md:3", "crates/a/README.md:2"]);
    }
}
