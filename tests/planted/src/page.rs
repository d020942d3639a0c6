//! The programs of `docs/debugging.md`: what they print is compared with what the page says of it.
//!
//! A program begins with the hidden line `let program = Program::begin();` and ends with
//! `program.prints("name")` or `program.is_silent()`; one that is looked at from outside begins with
//! `program.is_asked(...)` and does not end by itself. What it prints stands in a block ` ```text name ` of
//! the page. Of the real words these differ: places are those of the program as the reader sees it, times
//! are `...`, and what depends on the machine (the module's path, ports, process numbers) is made the same.

use std::panic::Location;
use std::thread;
use std::time::{Duration, Instant};

use corio_inspect::{table, tree};

use crate::told::{Line, PANIC, lines, listen};

/// The page.
pub const PAGE: &str = include_str!("../../../docs/debugging.md");

/// From when on a poll is slow, for programs that do not say it themselves: a machine that is busy with other
/// things is not what the page is about.
const SLOW: Duration = Duration::from_secs(60);

/// The thread that a view of a program names.
const THREAD: i64 = 4711;

/// What is said of a wait that the system ended late, on any machine that is busy.
const LATE: &str = " late: the process was stopped";

/// How long a program may take to get where it waits.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// A program of the page, while it runs.
#[derive(Debug)]
pub struct Program {
    begin: &'static Location<'static>,
}

impl Program {
    /// The line after this is the first that the reader sees.
    ///
    /// # Panics
    /// If the process has a logger already.
    #[track_caller]
    #[must_use]
    pub fn begin() -> Program {
        listen();
        corio::debug::set_slow_poll(SLOW);
        Program { begin: Location::caller() }
    }

    /// The program has ended, and the log has what the block `name` of the page shows. Gives what was said beside,
    /// which is another thing on each machine: stacks of polls that still ran, and waits that the system ended
    /// late.
    ///
    /// # Panics
    /// If it has something else.
    #[track_caller]
    pub fn prints(&self, name: &str) -> Vec<String> {
        let lines = lines().into_iter().filter(|line| line.target != PANIC);
        let is_beside = |line: &Line| is_of_the_machine(line) && !is_shown(name, line);
        let (beside, lines): (Vec<Line>, Vec<Line>) = lines.partition(is_beside);
        let printed: Vec<String> = lines.iter().map(|line| self.shown(line)).collect();
        if let Err(differs) = compare(name, &printed.join("\n")) {
            panic!("{differs}");
        }
        beside.iter().map(|line| self.shown(line)).collect()
    }

    /// The watchdog has said where the poll was that still ran: `meanwhile` is what [`prints`](Program::prints)
    /// gave, and what is still being made out is waited for. The frames of the program are those of the console's
    /// block `name`; what is around them is the system's, and another one on each machine. Lines about a machine
    /// that was busy are passed over.
    ///
    /// Gives whether the places of the frames were known, and are those of the page: a program of documentation
    /// is compiled without.
    ///
    /// # Panics
    /// If no stack of such a poll comes, or one comes that has other frames.
    #[track_caller]
    pub fn shows_where(&self, mut meanwhile: Vec<String>, name: &str) -> bool {
        let blocks = blocks("console", PAGE);
        let block = blocks.iter().find(|(of, _)| of == name);
        let (_, expected) = block.unwrap_or_else(|| panic!("the page has no console {name:?}"));
        let expected = frames_of_program(expected);
        assert!(!expected.is_empty(), "the page shows no frame of the program in {name:?}");
        let begun = Instant::now();
        let is_stack =
            |line: &String| line.contains(" is here:\n") || line.contains(" was here:\n");
        while !meanwhile.iter().any(is_stack) {
            assert!(begun.elapsed() < WAIT_MAX, "no stack was shown: {meanwhile:#?}");
            thread::sleep(Duration::from_millis(10));
            meanwhile.extend(lines().iter().map(|line| self.shown(line)));
        }
        let mut has_places = true;
        for stack in meanwhile.iter().filter(|line| is_stack(line)) {
            // Further out are the frames of the test around the program.
            let shown: Vec<Frame> =
                frames_of_program(stack).into_iter().take(expected.len()).collect();
            has_places &= shown.iter().all(|frame| frame.place.is_some());
            let is_same = |(page, shown): (&Frame, &Frame)| {
                page.name == shown.name && (shown.place.is_none() || page.place == shown.place)
            };
            let is_so = shown.len() == expected.len() && expected.iter().zip(&shown).all(is_same);
            assert!(is_so, "the page shows {expected:?}, and it is\n{stack}");
        }
        has_places
    }

    /// Before the program begins, which never ends: when `tasks` tasks of it wait, another thread compares what
    /// `corio ps` says of it with the block `ps` and what `corio pstree` says with the block `pstree`, and ends
    /// the process.
    pub fn is_asked(self, tasks: usize, ps: &'static str, pstree: &'static str) {
        thread::spawn(move || {
            let ended = std::panic::catch_unwind(|| self.compare_views(tasks, ps, pstree));
            std::process::exit(if ended.is_ok() { 0 } else { 1 });
        });
    }

    fn compare_views(&self, tasks: usize, ps: &str, pstree: &str) {
        let begun = Instant::now();
        let mut report = corio_inspect::collect();
        while report.tasks.iter().filter(|task| !task.waits.is_empty()).count() < tasks {
            assert!(begun.elapsed() < WAIT_MAX, "{} tasks wait by now", report.tasks.len());
            thread::sleep(Duration::from_millis(10));
            report = corio_inspect::collect();
        }
        report.tasks.iter_mut().for_each(|task| task.thread = THREAD);
        let table = table::text(&table::rows(&report));
        let trees = tree::draw(&report, tree::Marks::default()).expect("it is a tree").concat();
        let shown = |text: &str| with_names(&with_places(text.trim_end(), self.begin));
        let views = [(ps, shown(&table)), (pstree, shown(&trees.join("\n")))];
        let differs: Vec<String> =
            views.iter().filter_map(|(name, view)| compare(name, view).err()).collect();
        assert!(differs.is_empty(), "{}", differs.join("\n\n"));
    }

    /// The program has ended, and nothing was said, not even by a panic.
    ///
    /// # Panics
    /// If something was.
    #[track_caller]
    pub fn is_silent(&self) {
        let printed: Vec<String> = lines().iter().map(|line| self.shown(line)).collect();
        assert!(printed.is_empty(), "there is nothing to say, but: {printed:#?}");
    }

    /// A line as the page has it.
    fn shown(&self, line: &Line) -> String {
        let mut text = with_names(&with_places(&line.to_string(), self.begin));
        text = with_times(&text);
        text = between(&text, "127.0.0.1:", &[",", " "], "...");
        text = between(&text, "db.example:", &[" "], "...");
        text = between(&text, "fd: ", &[" "], "...");
        text = between(&text, "<Child ", &[" '"], "...");
        match text.split_once(", for ") {
            Some((jobs, _)) if text.contains("jobs on other threads") => format!("{jobs}, for ..."),
            _ => text,
        }
    }
}

/// A frame of a stack that is in the program.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    /// The function, as if the program were called `myapp`.
    name: String,
    /// Where in it, if that is known.
    place: Option<String>,
}

/// Of a stack, the frames that are in the program of the page. Each has a number, which counts the system's frames,
/// too, and is left out.
fn frames_of_program(stack: &str) -> Vec<Frame> {
    let frame = |line: &str| {
        let (number, frame) = line.trim_start().split_once(": ")?;
        number.parse::<u32>().ok()?;
        let (name, place) = match frame.split_once(" at ") {
            Some((name, place)) => (name, Some(place)),
            None => (frame, None),
        };
        // What it declares stands in a `main` around it.
        let (_, name) = name.rsplit_once("::main::").or(name.split_once("myapp::"))?;
        let is_here = place.is_none_or(|place| place.starts_with("src/main.rs:"));
        let frame = || Frame { name: format!("myapp::{name}"), place: place.map(str::to_owned) };
        is_here.then(frame)
    };
    stack.lines().filter_map(frame).collect()
}

/// Whether the block `name` of the page has `text`, which is something.
fn compare(name: &str, text: &str) -> Result<(), String> {
    let blocks = blocks("text", PAGE);
    let expected = blocks.iter().find(|(of, _)| of == name).map(|(_, text)| text.as_str());
    match expected {
        Some(expected) if expected == text && !text.is_empty() => Ok(()),
        _ => Err(format!(
            "the page says that {name:?} prints\n{}\nand it prints\n{text}",
            expected.unwrap_or("(there is no such block)"),
        )),
    }
}

/// Whether it is of a poll that was still running, which has a stack, or of a machine that was busy.
fn is_of_the_machine(line: &Line) -> bool {
    let says = |words: &[&str]| words.iter().any(|words| line.text.contains(words));
    match line.target.as_str() {
        "corio::slow" => says(&[" has taken ", " took more than "]),
        "corio::loop" => says(&[LATE]),
        _ => false,
    }
}

/// Whether the block `name` of the page is of that: of a wait that the system ends late.
fn is_shown(name: &str, line: &Line) -> bool {
    let blocks = blocks("text", PAGE);
    let is_late = line.text.contains(LATE);
    is_late && blocks.iter().any(|(of, text)| of == name && text.contains(LATE))
}

/// `text` with the places that are in the file of `begin` as the reader counts them. A stack's are told from the
/// folder where it is read, so that some of the file's folders may be missing.
fn with_places(text: &str, begin: &Location<'_>) -> String {
    let shown = with_places_of(text, "", begin.file(), begin);
    let ends = begin.file().match_indices('/').map(|(at, _)| &begin.file()[at + 1..]);
    ends.fold(shown, |shown, end| with_places_of(&shown, " at ", end, begin))
}

/// `text` with the places in `file` that stand behind `before`.
fn with_places_of(text: &str, before: &str, file: &str, begin: &Location<'_>) -> String {
    let place = format!("{before}{file}:");
    let mut parts = text.split(place.as_str());
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let line = part[..digits].parse::<u32>().unwrap_or_default();
        let line = line.saturating_sub(begin.line());
        shown.push_str(&format!("{before}src/main.rs:{line}{}", &part[digits..]));
    }
    shown
}

/// `text` with the names of what is in the program as if that were called `myapp`: what it declares stands in a
/// `main` around it, and is shown beside it.
fn with_names(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n']);
    words
        .map(|word| {
            let end = word.find("{{closure}}").unwrap_or(0);
            let begin = word[..end].rfind('=').map_or(0, |at| at + 1);
            match word[begin..end].split_once("main::") {
                Some((_, "")) => format!("{}myapp::main::{}", &word[..begin], &word[end..]),
                Some((_, name)) => format!("{}myapp::{name}{}", &word[..begin], &word[end..]),
                None => word.to_owned(),
            }
        })
        .collect()
}

/// `text` with `...` for each number of seconds or of milliseconds.
fn with_times(text: &str) -> String {
    [" seconds", " ms", "ms"].iter().fold(text.to_owned(), |text, unit| {
        let mut parts = text.split(unit);
        let mut shown = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_number = |c: char| c.is_ascii_digit() || c == '.';
            let rest = shown.trim_end_matches(is_number).len();
            // A grace that the program has set is a round number, and stays.
            if shown[rest..].contains('.') {
                shown.replace_range(rest.., "...");
            }
            shown.push_str(unit);
            shown.push_str(part);
        }
        shown
    })
}

/// `text` with `instead` between each `before` and the first of `afters` that follows it.
fn between(text: &str, before: &str, afters: &[&str], instead: &str) -> String {
    let mut parts = text.split(before);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(before);
        match afters.iter().filter_map(|after| part.find(after)).min() {
            Some(at) => shown.push_str(&format!("{instead}{}", &part[at..])),
            None => shown.push_str(part),
        }
    }
    shown
}

/// The blocks of `page` in the language `language`: what follows the language, and the lines.
///
/// ```
/// let page = "words\n```text name\none\ntwo\n```\n";
/// let blocks = corio_planted_tests::blocks("text", page);
/// assert_eq!(blocks, [("name".to_owned(), "one\ntwo".to_owned())]);
/// ```
pub fn blocks(language: &str, page: &str) -> Vec<(String, String)> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(fence.as_str()) {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push((name.trim().to_owned(), text.join("\n")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_the_page_is_told() {
        let blocks = blocks("text", PAGE);
        assert!(blocks.iter().all(|(name, text)| !name.is_empty() && !text.is_empty()));
        let (name, text) = &blocks[0];
        assert_eq!(compare(name, text), Ok(()));
        let differs = compare(name, &format!("{text}!")).unwrap_err();
        assert!(differs.contains(text.as_str()) && differs.ends_with('!'), "{differs}");
        assert!(compare("of another page", text).unwrap_err().contains("no such block"));
        assert!(compare(name, "").is_err());
    }

    #[test]
    fn of_a_stack_the_frames_of_the_program_count() {
        let stack = "it is here:\n  0: nap\n  1: nap at library/std/nap.rs:2:5\n  2: bundle::main::read_it at \
                     src/main.rs:4:5\n  3: myapp::reads\n  ... 31 frames of the runtime";
        let frame = |name: &str, place: Option<&str>| Frame {
            name: name.to_owned(),
            place: place.map(str::to_owned),
        };
        let frames =
            [frame("myapp::read_it", Some("src/main.rs:4:5")), frame("myapp::reads", None)];
        assert_eq!(frames_of_program(stack), frames);
    }

    #[test]
    fn what_a_machine_adds_is_left_out() {
        assert_eq!(
            with_times("took 0.312 seconds, 1.5ms of 20ms, 2.5 ms"),
            "took ... seconds, ...ms of 20ms, ... ms"
        );
        let here = Location::caller();
        let place = format!("{}:{}:9", here.file(), here.line() + 3);
        assert_eq!(with_places(&place, here), "src/main.rs:3:9");
        let name = |name: &str| with_names(&format!("future={name}::{{{{closure}}}} at"));
        assert_eq!(name("bundle::doctest_7::main"), "future=myapp::main::{{closure}} at");
        assert_eq!(name("bundle::doctest_7::main::fetch"), "future=myapp::fetch::{{closure}} at");
        assert_eq!(name("another"), "future=another::{{closure}} at");
        assert_eq!(between("fd: 7 fd: 8", "fd: ", &[" "], "..."), "fd: ... fd: 8");
    }
}
