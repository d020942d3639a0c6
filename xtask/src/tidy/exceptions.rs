//! The list of findings that are let pass, each with its reason.
//!
//! It is kept short by two rules: an entry names one thing, and an entry that covers nothing is a
//! finding itself, so the list shrinks when the code gets better.

use super::Finding;
use crate::Fail;
use crate::repo::Repo;

/// Where the list lies.
pub(super) const PATH: &str = "xtask/exceptions.txt";

/// The list.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    check: String,
    key: String,
    /// The largest size that is still fine.
    size_max: usize,
    line: usize,
    used: bool,
}

impl Exceptions {
    /// Reads the list; a repository without one has no exceptions.
    ///
    /// # Errors
    /// A line that is no entry.
    pub(super) fn read(repo: &Repo) -> Result<Exceptions, Fail> {
        match repo.texts.iter().find(|(path, _)| path == PATH) {
            Some((_, text)) => Exceptions::parse(text),
            None => Ok(Exceptions::default()),
        }
    }

    fn parse(text: &str) -> Result<Exceptions, Fail> {
        let mut entries = Vec::new();
        for (line, entry) in text.lines().enumerate() {
            if entry.trim().is_empty() || entry.starts_with('#') {
                continue;
            }
            let parts: Vec<&str> = entry.split('|').map(str::trim).collect();
            let [check, key, reason] = parts[..] else {
                return Err(format!("{PATH}:{}: not `check | key | reason`", line + 1).into());
            };
            if reason.is_empty() {
                return Err(format!("{PATH}:{}: an exception needs a reason", line + 1).into());
            }
            let (key, size_max) = match key.split_once("<=") {
                Some((key, size)) => (key.trim(), size.trim().parse()?),
                None => (key, 0),
            };
            entries.push(Entry {
                check: check.to_owned(),
                key: key.to_owned(),
                size_max,
                line,
                used: false,
            });
        }
        Ok(Exceptions { entries })
    }

    /// Whether `finding` is on the list.
    pub(super) fn covers(&mut self, finding: &Finding) -> bool {
        let key = finding.key();
        let entry = self.entries.iter_mut().find(|entry| {
            entry.check == finding.check && entry.key == key && finding.size <= entry.size_max
        });
        if let Some(entry) = entry {
            entry.used = true;
            return true;
        }
        false
    }

    /// A finding for every entry that covered nothing.
    pub(super) fn unused(&self) -> impl Iterator<Item = Finding> + '_ {
        self.entries.iter().filter(|entry| !entry.used).map(|entry| {
            let text = format!("nothing needs the exception `{} | {}`", entry.check, entry.key);
            Finding::line("exceptions", PATH, entry.line, text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_covers_what_it_names_up_to_its_size() {
        let mut list =
            Exceptions::parse("# c\n\ngrowth | a.rs::f <= 80 | a table\ncalls | b.rs | so")
                .unwrap();
        let long = |size| Finding { size, ..Finding::file("growth", "a.rs", "").named("f") };
        assert!(list.covers(&long(80)));
        assert!(!list.covers(&long(81)));
        assert!(!list.covers(&Finding::file("headers", "b.rs", "")));
        let unused: Vec<usize> = list.unused().map(|finding| finding.line).collect();
        assert_eq!(unused, [4]);
    }

    #[test]
    fn an_entry_needs_a_reason() {
        assert!(Exceptions::parse("calls | b.rs |").is_err());
        assert!(Exceptions::parse("calls | b.rs").is_err());
    }
}
