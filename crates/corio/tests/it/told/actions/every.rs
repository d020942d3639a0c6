//! That none is forgotten: each action that a crate declares is named by a test.

use std::fs;
use std::path::Path;

/// The tests that say what debug mode says of an action.
const TESTS: &[&str] = &[
    include_str!("mod.rs"),
    include_str!("files.rs"),
    include_str!("streams.rs"),
    include_str!("tls.rs"),
    include_str!("../never_awaited.rs"),
];

/// So many there are at least; fewer, and the search finds them no more.
const ACTIONS_MIN: usize = 90;

/// The names that are declared under this folder, as `WriteDeed = "File::write";` in a `deeds!`.
fn declared(folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            declared(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(text.lines().filter_map(name).map(str::to_owned));
        }
    }
}

/// Of `pub(crate) WriteDeed = "File::write";`: `File::write`.
fn name(line: &str) -> Option<&str> {
    let (deed, name) = line.trim().strip_suffix("\";")?.split_once(" = \"")?;
    let is_code = !deed.starts_with("//");
    (is_code && deed.ends_with("Deed")).then_some(name)
}

#[test]
fn each_action_has_its_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut names = Vec::new();
    for folder in fs::read_dir(crates).unwrap() {
        let sources = folder.unwrap().path().join("src");
        if sources.is_dir() {
            declared(&sources, &mut names);
        }
    }
    assert!(names.len() >= ACTIONS_MIN, "{} are found: {names:?}", names.len());
    let is_tested = |name: &String| {
        let quoted = [format!("\"{name}\""), format!("'{name}'")];
        TESTS.iter().any(|test| quoted.iter().any(|name| test.contains(name.as_str())))
    };
    names.retain(|name| !is_tested(name));
    assert!(names.is_empty(), "no test says what is said of these: {names:?}");
}
