//! The programs that steps run: examples of the facade, and the command `corio`.
//!
//! Each profile has one set of packages and features for all of them, whoever asks: with another set, whatever
//! they stand on would be built once more.

use std::path::PathBuf;

use crate::Fail;
use crate::repo::{CHECKED, Metadata};
use crate::shell;
use crate::test;

/// How a program is built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Build {
    /// As the tests are.
    Debugged,
    /// To be fast, though not measured: see the profile `checked`.
    Optimised,
}

/// A program by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    /// An example of the facade.
    Example(&'static str),
    /// A command.
    Command(&'static str),
}

impl Build {
    fn folder(self) -> &'static str {
        match self {
            Build::Debugged => "debug",
            Build::Optimised => CHECKED,
        }
    }

    fn args(self) -> Vec<&'static str> {
        match self {
            Build::Debugged => test::ALL.to_vec(),
            Build::Optimised => vec![
                "--profile",
                self.folder(),
                "--package",
                "corio",
                "--package",
                "corio-cli",
                "--features",
                "corio/inspect",
            ],
        }
    }
}

/// Builds `programs` and says where they are.
///
/// # Errors
/// One does not compile.
pub(crate) fn build<const COUNT: usize>(
    build: Build,
    programs: [Program; COUNT],
) -> Result<[PathBuf; COUNT], Fail> {
    let mut command = shell::cargo(["build"]);
    command.args(build.args());
    for program in programs {
        match program {
            Program::Example(name) => command.args(["--example", name]),
            Program::Command(name) => command.args(["--bin", name]),
        };
    }
    shell::run(&mut command)?;
    let folder = Metadata::ask()?.target.join(build.folder());
    Ok(programs.map(|program| match program {
        Program::Example(name) => folder.join("examples").join(name),
        Program::Command(name) => folder.join(name),
    }))
}
