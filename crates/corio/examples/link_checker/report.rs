//! What has been found, as text: sorted, so that two runs over one site print the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A page as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The paths of the pages that link to it.
    pub linked_from: BTreeSet<String>,
    /// `None` until it has been checked.
    pub verdict: Option<Verdict>,
}

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// Why nobody can read it.
    Broken(String),
}

/// What has been found on a site.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By what the links say: a path, or what was meant to be one.
    pub pages: BTreeMap<String, Page>,
    /// Links to other hosts.
    pub elsewhere: usize,
    /// Pages that were left out because there were too many.
    pub left_out: usize,
}

impl Report {
    /// Whether nothing is broken, and nothing unknown.
    pub fn is_fine(&self) -> bool {
        let is_fine = |page: &Page| page.verdict == Some(Verdict::Fine);
        self.left_out == 0 && self.pages.values().all(is_fine)
    }

    fn count(&self, wanted: impl Fn(&Option<Verdict>) -> bool) -> usize {
        self.pages.values().filter(|page| wanted(&page.verdict)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, page) in &self.pages {
            if let Some(Verdict::Broken(why)) = &page.verdict {
                let from: Vec<&str> = page.linked_from.iter().map(String::as_str).collect();
                writeln!(f, "{path}: {why}\n    linked from {}", from.join(", "))?;
            }
        }
        let fine = self.count(|verdict| *verdict == Some(Verdict::Fine));
        let broken = self.count(|verdict| matches!(verdict, Some(Verdict::Broken(_))));
        write!(f, "{fine} fine, {broken} broken, {} links to elsewhere", self.elsewhere)?;
        match self.count(Option::is_none) + self.left_out {
            0 => writeln!(f),
            unknown => writeln!(f, ", {unknown} not checked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_pages_are_listed_in_order() {
        let mut report = Report { elsewhere: 2, ..Report::default() };
        assert!(report.is_fine());
        for (path, verdict) in [
            ("/c", Some(Verdict::Broken("404 Not Found".to_owned()))),
            ("/a", Some(Verdict::Fine)),
            ("/b", Some(Verdict::Broken("no answer within 1s".to_owned()))),
            ("/d", None),
        ] {
            let linked_from = ["/".to_owned(), "/a".to_owned()].into();
            report.pages.insert(path.to_owned(), Page { linked_from, verdict });
        }
        assert!(!report.is_fine());
        assert_eq!(
            report.to_string(),
            "/b: no answer within 1s\n    linked from /, /a\n/c: 404 Not Found\n    linked from /, /a\n\
             1 fine, 2 broken, 2 links to elsewhere, 1 not checked\n"
        );
    }
}
