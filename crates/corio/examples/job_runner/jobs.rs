//! What the file of jobs says: a line a job; called by `main`, and knows no process.

use std::collections::HashSet;
use std::time::Duration;

/// The longest name: it stands before each line that the job prints.
const NAME_MAX: usize = 24;

/// A command to be kept going.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What it is called in the output.
    pub name: String,
    /// How long a run may take; `None` for any time.
    pub limit: Option<Duration>,
    /// What `sh` is given.
    pub command: String,
}

/// The jobs, in the order of the file.
///
/// # Errors
/// Which line is wrong, and how; also if there is no job at all.
pub fn parse(text: &str) -> Result<Vec<Job>, String> {
    let mut jobs = Vec::new();
    let mut names = HashSet::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let job = parse_line(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        if !names.insert(job.name.clone()) {
            return Err(format!("line {}: there is a job {} already", index + 1, job.name));
        }
        jobs.push(job);
    }
    if jobs.is_empty() { Err("there is no job in it".to_owned()) } else { Ok(jobs) }
}

fn parse_line(line: &str) -> Result<Job, String> {
    let (name, rest) = word(line);
    let (limit, command) = word(rest);
    if command.is_empty() {
        return Err("a job is a name, a limit in seconds or -, and a command".to_owned());
    }
    if name.len() > NAME_MAX {
        return Err(format!("the name {name} has {} bytes, {NAME_MAX} is the most", name.len()));
    }
    let limit = match limit {
        "-" => None,
        seconds => {
            let seconds = seconds.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
            let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            Some(
                limit
                    .ok_or_else(|| format!("the limit {:?} is no time: 1.5, or -", word(rest).0))?,
            )
        }
    };
    Ok(Job { name: name.to_owned(), limit, command: command.to_owned() })
}

/// The first word of `text`, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_job() {
        let jobs = parse("# all of them\n\n web  -  cat \"a  b\" \ntick 1.5 date\n").unwrap();
        let web = Job { name: "web".into(), limit: None, command: "cat \"a  b\"".into() };
        let limit = Some(Duration::from_millis(1500));
        let tick = Job { name: "tick".into(), limit, command: "date".into() };
        assert_eq!(jobs, [web, tick]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, part) in [
            ("", "no job"),
            ("# x\n", "no job"),
            ("a - x\n\na - y", "line 3: there is a job a already"),
            ("a -", "line 1: a job is a name"),
            ("a", "line 1: a job is a name"),
            ("a x date", "the limit \"x\" is no time"),
            ("a 0 date", "is no time"),
            ("a -1 date", "is no time"),
            ("a 1e99 date", "is no time"),
            ("a NaN date", "is no time"),
            ("abcdefghijklmnopqrstuvwxyz - x", "26 bytes, 24 is the most"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
