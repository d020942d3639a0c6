//! Tasks that were asked to end some time ago and are still there.

use std::time::Duration;

use corio_base::clock::Time;
use corio_trace::book::Snapshot;
use corio_trace::targets;

use super::findings::{Findings, Key, Line};
use super::words;

/// Tells of tasks that were asked longer than `limit` ago; `asked` says who was, and when first.
pub(super) fn check(
    snapshot: &Snapshot,
    asked: &[(u64, Time)],
    limit: Duration,
    findings: &mut Findings<'_>,
) {
    let now = findings.now;
    for &(id, since) in asked {
        // One that has ended since is not in the book any more.
        let Some(task) = words::task(snapshot, id) else { continue };
        findings.add(Key::Asked(id, since), since.saturating_add(limit), || {
            let (who, span) = (words::label(task), words::span(since, now));
            let does = match snapshot.polled.contains(&id) || task.waits.is_empty() {
                true => "runs, or waits for something that corio does not know of".to_owned(),
                false => format!("waits for {}", words::waits(task, now)),
            };
            let text = format_args!("{who} was cancelled {span} ago and has not ended: it {does}");
            Line::warning(targets::CANCEL, text)
        });
    }
}
