//! The threads of this process, as the system knows them: read when somebody asks, from `/proc`.

use crate::report::{LoopReport, ThreadReport};

/// The threads, the oldest first; those of `loops` are told by them. Nothing where there is no `/proc`.
pub(crate) fn threads(loops: &[LoopReport]) -> Vec<ThreadReport> {
    let mut threads = Vec::new();
    for entry in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        // One that has ended meanwhile is left out.
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i64>().ok()) else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((name, state)) = name_and_state(&stat) else { continue };
        let spent = std::fs::read_to_string(entry.path().join("schedstat")).unwrap_or_default();
        let nanos = spent.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
        let loops = loops.iter().filter(|home| home.thread == id).map(|home| home.id).collect();
        let cpu_us = nanos.map(|nanos| nanos / 1000);
        threads.push(ThreadReport { id, name: name.to_owned(), state, cpu_us, loops });
    }
    threads.sort_by_key(|thread| thread.id);
    threads
}

/// Of a line such as `7 (a name) S 1 …`; the name may have brackets of its own.
fn name_and_state(stat: &str) -> Option<(&str, String)> {
    let (start, end) = (stat.find('(')? + 1, stat.rfind(')')?);
    let state = match stat.get(end + 2..)?.chars().next()? {
        'R' => "running",
        'S' => "sleeping",
        'D' => "blocked",
        'T' | 't' => "stopped",
        _ => "ending",
    };
    Some((stat.get(start..end)?, state.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_look_like_the_rest() {
        let read = name_and_state("7 (a) b) R 1 2").unwrap();
        assert_eq!(read, ("a) b", "running".to_owned()));
        assert_eq!(name_and_state("7 (a"), None);
        assert_eq!(name_and_state(") ("), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_thread_is_among_them() {
        let found = std::thread::Builder::new().name("page-thread".to_owned());
        let found = found.spawn(|| threads(&[])).unwrap().join().unwrap();
        let own = found.iter().find(|thread| thread.name == "page-thread").unwrap();
        assert!(own.state == "running" && own.cpu_us.is_some(), "{own:?}");
    }
}
