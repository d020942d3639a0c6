//! Which frames of a stack are shown: from the innermost to the task's own root.
//!
//! Below the task's root (towards the thread's beginning) stand the frames of the runtime that polls it, of
//! the standard library and of `main`. They are the same in every stack and are counted, not shown. What
//! corio's own functions do further in, called by the task, is shown: it may be what takes so long.

use crate::frame::{Frame, Stack};

/// How many of the innermost and of the outermost frames are shown of a long stack.
const INNERMOST: usize = 40;
const OUTERMOST: usize = 16;

/// A stack with nothing superfluous.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trimmed {
    /// From the innermost on.
    pub(crate) inner: Vec<Frame>,
    /// How many are left out between the two.
    pub(crate) skipped: usize,
    /// Up to the task's root.
    pub(crate) outer: Vec<Frame>,
    /// How many frames of the runtime follow.
    pub(crate) runtime: usize,
}

/// Merges frames that repeat, takes the runtime's off, and leaves out the middle of what is too long.
pub(crate) fn trim(stack: Stack) -> Trimmed {
    let mut frames = merge(stack.frames);
    let root = root(&frames);
    let runtime = frames.drain(root..).map(|frame| frame.times).sum();
    let mut outer = Vec::new();
    let mut skipped = 0;
    if frames.len() > INNERMOST + OUTERMOST {
        outer = frames.split_off(frames.len() - OUTERMOST);
        skipped = frames.drain(INNERMOST..).map(|frame| frame.times).sum();
    }
    Trimmed { inner: frames, skipped, outer, runtime }
}

/// Puts frames together that stand directly in one another at the same place: recursion.
fn merge(frames: Vec<Frame>) -> Vec<Frame> {
    let mut merged: Vec<Frame> = Vec::with_capacity(frames.len());
    for frame in frames {
        match merged.last_mut() {
            Some(last) if last.name == frame.name && last.place == frame.place => {
                last.times += frame.times;
            }
            _ => merged.push(frame),
        }
    }
    merged
}

/// Where the runtime's frames begin: behind the task's outermost one. All is shown where no frame is the
/// runtime's (it was not reached, or has no symbols), or where all are.
fn root(frames: &[Frame]) -> usize {
    let Some(polls) = frames.iter().rposition(|frame| is_of(&frame.name, &["corio_task"])) else {
        return frames.len();
    };
    let ours = our_sources(frames);
    let before = frames[..polls].iter().rposition(|frame| !is_runtime(frame, &ours));
    before.map_or(frames.len(), |last| last + 1)
}

/// The crates that poll tasks.
const OURS: &[&str] = &[
    "corio",
    "corio_base",
    "corio_blocking",
    "corio_executor",
    "corio_reactor",
    "corio_task",
    "corio_timer",
    "corio_trace",
];

/// What stands between the loop and the task's function: corio's crates and what they reach it through. A function
/// that was inlined may have its last name only, where there are line tables and no more; then its file tells.
fn is_runtime(frame: &Frame, ours: &[&str]) -> bool {
    const GLUE: &[&str] = &[
        "std::panicking::",
        "std::panic::",
        "std::thread::local::",
        "core::panic::",
        "core::ops::function::",
        "core::future::",
        "core::pin::",
        "alloc::boxed::",
        "__rust_try",
    ];
    const GLUE_FILES: &[&str] = &[
        "library/std/src/panicking.rs",
        "library/std/src/panic.rs",
        "library/std/src/thread/local.rs",
        "library/core/src/panic/",
        "library/core/src/ops/function.rs",
        "library/core/src/future/",
        "library/core/src/pin",
        "library/alloc/src/boxed.rs",
    ];
    let (name, place) = (&frame.name, frame.place.as_deref().unwrap_or_default());
    is_of(name, OURS)
        || GLUE.iter().any(|glue| bare(name).starts_with(glue))
        || is_last_name(name)
            && (ours.iter().any(|folder| is_within(place, folder))
                || GLUE_FILES.iter().any(|file| place.contains(file)))
}

/// The folders with the sources of corio's crates, of those functions whose names say that they are ours.
fn our_sources<'a>(frames: &'a [Frame]) -> Vec<&'a str> {
    let folder = |frame: &'a Frame| {
        let place = frame.place.as_deref().filter(|_| is_of(&frame.name, OURS))?;
        let (folder, _) = place.split_once("/src/")?;
        Some(folder)
    };
    let mut sources: Vec<&str> = frames.iter().filter_map(folder).collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

/// Whether the place is in the sources in this folder.
fn is_within(place: &str, folder: &str) -> bool {
    place.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/src/"))
}

/// Whether the name does not say whose it is: `run`, `call<a::B>`, and not `myapp::run`.
fn is_last_name(name: &str) -> bool {
    !name.starts_with('<') && !name.split('<').next().unwrap_or_default().contains("::")
}

/// Whether the function is of one of these crates.
fn is_of(name: &str, crates: &[&str]) -> bool {
    let name = bare(name);
    crates.iter().any(|of| name.strip_prefix(of).is_some_and(|rest| rest.starts_with("::")))
}

/// The name without what stands before its first path: `<&mut a::B as c::D>::e` is `a::B as c::D>::e`.
fn bare(name: &str) -> &str {
    let mut name = name;
    loop {
        let shorter = name.trim_start_matches(['<', '&', '*', '(', ' ']);
        let shorter = ["mut ", "dyn ", "const "]
            .iter()
            .find_map(|word| shorter.strip_prefix(word))
            .unwrap_or(shorter);
        if shorter.len() == name.len() {
            return name;
        }
        name = shorter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str) -> Frame {
        Frame { name: name.to_owned(), place: None, times: 1 }
    }

    fn check(names: &[&str], shown: &[&str], runtime: usize) {
        let frames = names.iter().map(|name| frame(name)).collect();
        let trimmed = trim(Stack { frames, cut: None });
        let inner: Vec<&str> = trimmed.inner.iter().map(|frame| frame.name.as_str()).collect();
        assert_eq!((inner.as_slice(), trimmed.runtime), (shown, runtime));
    }

    #[test]
    fn the_frames_that_poll_the_task_are_counted() {
        check(
            &[
                "clock_nanosleep",
                "std::thread::sleep",
                "app::handler::{{closure}}",
                "<core::panic::unwind_safe::AssertUnwindSafe<F> as core::future::future::Future>::poll",
                "std::panicking::try",
                "corio_task::cell::poll",
                "<corio_task::runnable::Runnable>::run",
                "corio_executor::core::turn",
                "corio::runtime::Runtime::block_on",
                "app::main",
                "__libc_start_main",
            ],
            &["clock_nanosleep", "std::thread::sleep", "app::handler::{{closure}}"],
            8,
        );
    }

    #[test]
    fn functions_with_a_last_name_only_are_told_by_their_files() {
        let at = |name: &str, place: &str| Frame { place: Some(place.to_owned()), ..frame(name) };
        let frames = vec![
            at("std::thread::functions::sleep", "library/std/src/thread/functions.rs:289:5"),
            at("run", "src/main.rs:52:51"),
            at("corio_task::cell::poll", "corio-task-0.1.0/src/cell.rs:107:62"),
            at("catch_unwind<(), corio_task::F>", "library/std/src/panicking.rs:544:19"),
            at("run_started", "corio-task-0.1.0/src/runnable.rs:142:27"),
            at("corio_task::watch::run", "corio-task-0.1.0/src/watch.rs:201:5"),
            at("turn_of", "/src/crates/executor/src/core.rs:311:14"),
            at("corio_executor::executor::drive", "/src/crates/executor/src/executor.rs:191:14"),
            at("corio_task::root::run", "corio-task-0.1.0/src/root.rs:84:13"),
            at("main", "src/main.rs:76:5"),
        ];
        let trimmed = trim(Stack { frames, cut: None });
        let shown: Vec<&str> = trimmed.inner.iter().map(|frame| frame.name.as_str()).collect();
        assert_eq!(shown, ["std::thread::functions::sleep", "run"]);
        assert_eq!(trimmed.runtime, 8);
    }

    #[test]
    fn what_corio_does_within_the_task_is_shown() {
        check(
            &[
                "app::inner",
                "<corio_task::scope::Catch<F> as core::future::future::Future>::poll",
                "app::outer",
                "corio_task::runnable::run",
                "main",
            ],
            &[
                "app::inner",
                "<corio_task::scope::Catch<F> as core::future::future::Future>::poll",
                "app::outer",
            ],
            2,
        );
    }

    #[test]
    fn without_a_root_all_is_shown() {
        check(&["a", "b", "main"], &["a", "b", "main"], 0);
        let ours = ["corio_task::call", "corio_executor::turn"];
        check(&ours, &ours, 0);
        check(&["corio_tasks_of_mine::f", "main"], &["corio_tasks_of_mine::f", "main"], 0);
    }

    #[test]
    fn recursion_is_merged_and_a_long_stack_loses_its_middle() {
        let mut frames = vec![frame("leaf")];
        frames.extend((0..500).map(|_| frame("again")));
        frames.extend((0..100).map(|at| frame(&format!("f{at}"))));
        let trimmed = trim(Stack { frames, cut: None });
        assert_eq!(trimmed.inner[1].to_string(), "again (500 times)");
        assert_eq!((trimmed.inner.len(), trimmed.outer.len()), (INNERMOST, OUTERMOST));
        assert_eq!(trimmed.skipped, 102 - INNERMOST - OUTERMOST);
        assert_eq!(trimmed.outer.last().unwrap().name, "f99");
    }
}
