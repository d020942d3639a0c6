//! Things that happen in one place: reading the clock, waiting for descriptors, polling tasks.
//!
//! A table of what may be written where. Tests, examples and tools are free; so are comments.

use super::Finding;
use crate::repo::Repo;
use crate::source::{Source, is_word};

const CHECK: &str = "calls";

/// One line of the table.
struct Rule {
    /// What is looked for, as it stands in the code.
    calls: &'static [&'static str],
    /// The part of the tree that the rule is about.
    within: &'static str,
    /// Files or folders where it may be written.
    only: &'static [&'static str],
    /// What to write instead.
    remedy: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        calls: &["Instant::now", "SystemTime::now"],
        within: "crates/",
        only: &["crates/base/src/clock.rs"],
        remedy: "read the time with corio_base::clock, so that a virtual clock holds here too",
    },
    Rule {
        calls: &["polling::", "epoll::", "epoll_wait", "epoll_pwait", "libc::poll", "kqueue"],
        within: "crates/",
        only: &["crates/reactor/"],
        remedy: "only the reactor waits for descriptors: use corio_reactor",
    },
    Rule {
        calls: &["thread::spawn", "thread::Builder"],
        within: "crates/",
        only: &[
            "crates/base/src/fallback.rs",
            "crates/blocking/src/worker.rs",
            "crates/watchdog/src/start.rs",
            "crates/corio/src/",
        ],
        remedy: "below the facade only the fallback thread and the pool's are started: give the one a \
                 Turn, or the other a job",
    },
    Rule {
        calls: &[".poll("],
        within: "crates/executor/src/",
        only: &[],
        remedy: "only the task crate polls spawned futures",
    },
    Rule {
        calls: &["println!", "eprintln!", "print!", "eprint!"],
        within: "crates/",
        only: &[],
        remedy: "a library prints nothing: return an error, or log it",
    },
];

/// What changes an atomic word.
const CHANGES: [&str; 4] = ["store(", "swap(", "compare_exchange", "fetch_"];

/// Finds what the table forbids, and state words changed outside their file.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repo.sources.iter().filter(|source| !source.is_test()) {
        let in_test = source.test_lines();
        let lines = source.lines.iter().enumerate().filter(|(index, _)| !in_test[*index]);
        let beside_state = has_state_file(repo, source);
        for (index, line) in lines {
            for rule in RULES.iter().filter(|rule| rule.is_about(source)) {
                if let Some(call) = rule.calls.iter().find(|call| calls(&line.code, call)) {
                    let text = format!("`{call}` here: {}", rule.remedy);
                    findings.push(Finding::line(CHECK, &source.path, index, text));
                }
            }
            if beside_state && changes_state(&line.code) {
                let text = "state words change in their own state.rs: add a transition there";
                findings.push(Finding::line(CHECK, &source.path, index, text));
            }
        }
    }
    findings
}

impl Rule {
    fn is_about(&self, source: &Source) -> bool {
        source.path.starts_with(self.within)
            && !self.only.iter().any(|place| source.path.starts_with(place))
    }
}

/// Whether `code` has `call`, not as the end of a longer name.
fn calls(code: &str, call: &str) -> bool {
    code.match_indices(call).any(|(at, _)| {
        call.starts_with('.') || !code[..at].chars().next_back().is_some_and(is_word)
    })
}

/// Whether a `state.rs` lies beside `source`, which is not that file itself.
fn has_state_file(repo: &Repo, source: &Source) -> bool {
    let Some((folder, name)) = source.path.rsplit_once('/') else { return false };
    name != "state.rs" && repo.paths.contains(&format!("{folder}/state.rs"))
}

fn changes_state(code: &str) -> bool {
    code.split("state.").skip(1).any(|after| CHANGES.iter().any(|change| after.starts_with(change)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::places;
    use super::*;

    #[test]
    fn the_clock_is_read_in_one_file() {
        let files = [
            ("crates/base/src/clock.rs", "let a = Instant::now();"),
            ("crates/timer/src/a.rs", "// Instant::now\nlet a = f(Instant::now);"),
            ("crates/timer/src/b.rs", "#[cfg(test)]\nmod tests { let a = Instant::now(); }"),
            ("crates/timer/tests/it/main.rs", "let a = Instant::now();"),
            ("xtask/src/a.rs", "let a = Instant::now();"),
        ];
        assert_eq!(places(check, &files), ["crates/timer/src/a.rs:2"]);
    }

    #[test]
    fn calls_have_their_place() {
        let files = [
            ("crates/reactor/src/a.rs", "polling::Poller::new();"),
            ("crates/net/src/a.rs", "polling::Poller::new();"),
            ("crates/executor/src/a.rs", "future.poll(context); poller();"),
            ("crates/net/src/b.rs", "future.poll(context);\nprintln!();\nsprint!();"),
        ];
        let found =
            ["crates/net/src/a.rs:1", "crates/executor/src/a.rs:1", "crates/net/src/b.rs:2"];
        assert_eq!(places(check, &files), found);
    }

    #[test]
    fn a_state_word_changes_in_its_file() {
        let change = "self.state.fetch_or(1, AcqRel);\nself.state.load(Acquire);";
        let files = [
            ("crates/task/src/state.rs", change),
            ("crates/task/src/waker.rs", change),
            ("crates/base/src/waker_cell.rs", change),
        ];
        assert_eq!(places(check, &files), ["crates/task/src/waker.rs:1"]);
    }
}
