//! What stands on the command line.

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Looks into running corio programs.

  corio ps                 the processes of this user that can be asked
  corio ps PID [--csv]     a table of tasks and who waits for them
  corio pstree PID         the same as trees; circles by name
  corio top PID            the tasks, live
  corio debug PID on|off   turns debug mode of the process, which records its tasks

  -h, --help               this text
  -V, --version            the version

A program lets itself be asked if CORIO_INSPECT=1 is in its environment, or if it calls
inspect::serve(); it records its tasks while debug mode is on (CORIO_DEBUG=1).
";

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Csv,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    List,
    Table { pid: u32, form: Form },
    Tree { pid: u32 },
    Top { pid: u32 },
    Debug { pid: u32, on: bool },
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut words: Vec<String> = Vec::new();
    let mut form = Form::Text;
    while let Some(arg) = parser.next()? {
        match arg {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Long("csv") => form = Form::Csv,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words {
        [] => Ok(Command::Help),
        ["ps"] => Ok(Command::List),
        ["ps", pid] => Ok(Command::Table { pid: number(pid)?, form }),
        ["pstree", pid] => Ok(Command::Tree { pid: number(pid)? }),
        ["top", pid] => Ok(Command::Top { pid: number(pid)? }),
        ["debug", pid, "on"] => Ok(Command::Debug { pid: number(pid)?, on: true }),
        ["debug", pid, "off"] => Ok(Command::Debug { pid: number(pid)?, on: false }),
        ["pstree"] => Err("pstree wants the number of a process".into()),
        [command, ..] => Err(format!("there is no command {command:?} with these words").into()),
    }
}

fn number(word: &str) -> Result<u32, lexopt::Error> {
    word.parse().map_err(|_| format!("{word:?} is not the number of a process").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<Command, String> {
        parse(lexopt::Parser::from_args(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn commands_and_mistakes() {
        assert_eq!(given(&[]), Ok(Command::Help));
        assert_eq!(given(&["ps"]), Ok(Command::List));
        assert_eq!(given(&["ps", "7"]), Ok(Command::Table { pid: 7, form: Form::Text }));
        assert_eq!(given(&["ps", "7", "--csv"]), Ok(Command::Table { pid: 7, form: Form::Csv }));
        assert_eq!(given(&["pstree", "7"]), Ok(Command::Tree { pid: 7 }));
        assert_eq!(given(&["debug", "7", "off"]), Ok(Command::Debug { pid: 7, on: false }));
        for mistake in [&["pstree"][..], &["ps", "x"], &["ps", "-1"], &["top", "1", "2"], &["--x"]]
        {
            assert!(given(mistake).is_err(), "{mistake:?}");
        }
    }
}
