//! What may be written after `cargo xtask`, and what it means.
//!
//! Every flag is read here and becomes a plain struct; the commands see no strings. Says no to what
//! it does not know, with the list of what there is.

use std::fmt;

use lexopt::prelude::*;

use crate::Fail;

/// The text of `cargo xtask help`.
pub(crate) const HELP: &str = "\
cargo xtask COMMAND [FLAGS]

  test                 every test a machine with Rust can run: doc tests, unit and
                       integration tests (by cargo-nextest where installed)
  ci                   fmt tidy unsafe conformance clippy docs test polling clients page loom
                       sanitizer stress, each timed; what cannot run here is listed at the end
    --strict           a step that cannot run is a failure
    --without STEP     leave a step out (may be repeated)
    --only STEP        run this step (may be repeated)
  tidy                 the rules of the house that text can prove
  loom                 every model in crates/*/tests/loom*.rs
    --package NAME     of one crate only (may be repeated)
    --preemptions N    how many preemptions a model explores (default 2)
    --model NAME       only models whose name contains NAME
  sanitizer            unit and integration tests under AddressSanitizer (Linux, x86-64)
    --no-leaks         do not look for leaks (where a container forbids it)
  stress               the seeded stress test
    --seconds S        for how long (default 60)
    --seed N           repeat the run with this seed (default: a new one, printed)
  clients              the examples against clients of others: Redis', curl, openssl,
                       a thousand connections, two hundred children, a site
  page                 the inspector's page in Chromium, against a program with
                       planted troubles
  bench                measure corio beside its peers and print the table
    --quick            3 samples of short runs instead of 7 of full length
    --row ROW          this row only (may be repeated)
    --peer PEER        this peer only (may be repeated)
    --samples N        how many samples a median is taken of
    --json             a line of JSON per row and peer instead of the table
    --write            write docs/benchmarks.md and docs/benchmarks.svg too
    --instructions     instructions and atomic operations under callgrind instead of time
    --ops N            operations of the smaller of the two callgrind runs
  unsafe               write docs/UNSAFE.md
    --check            write nothing, fail if the page is not current
  conformance          write docs/conformance.md
    --check            write nothing, fail if the page is not current
  help                 this text";

/// One command with its flags.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    Help,
    Test,
    Ci(Ci),
    Tidy,
    Loom(Loom),
    Sanitizer(Sanitizer),
    Stress(Stress),
    Clients,
    Page,
    Bench(Bench),
    Unsafe { check: bool },
    Conformance { check: bool },
}

/// Flags of `ci`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Ci {
    pub(crate) strict: bool,
    pub(crate) without: Vec<String>,
    pub(crate) only: Vec<String>,
}

/// Flags of `loom`.
#[derive(Debug, PartialEq)]
pub(crate) struct Loom {
    pub(crate) packages: Vec<String>,
    pub(crate) preemptions: u32,
    pub(crate) model: Option<String>,
}

impl Default for Loom {
    fn default() -> Self {
        // Loom's authors found that nearly every bug shows with two preemptions; a third multiplies
        // the time of the larger models by ten to fifty.
        Loom { packages: Vec::new(), preemptions: 2, model: None }
    }
}

/// Flags of `sanitizer`.
#[derive(Debug, PartialEq)]
pub(crate) struct Sanitizer {
    pub(crate) leaks: bool,
}

impl Default for Sanitizer {
    fn default() -> Self {
        Sanitizer { leaks: true }
    }
}

/// Flags of `stress`.
#[derive(Debug, PartialEq)]
pub(crate) struct Stress {
    pub(crate) seconds: u64,
    pub(crate) seed: Option<u64>,
}

impl Default for Stress {
    fn default() -> Self {
        Stress { seconds: 60, seed: None }
    }
}

/// Flags of `bench`.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Bench {
    pub(crate) quick: bool,
    pub(crate) rows: Vec<String>,
    pub(crate) peers: Vec<String>,
    pub(crate) samples: Option<usize>,
    pub(crate) json: bool,
    pub(crate) write: bool,
    pub(crate) instructions: bool,
    pub(crate) ops: Option<u64>,
}

/// A first word that is no command.
#[derive(Debug)]
struct UnknownCommand(String);

impl fmt::Display for UnknownCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no command `{}`", self.0)
    }
}

impl std::error::Error for UnknownCommand {}

/// Reads the command line.
///
/// # Errors
/// An unknown command or flag, a missing or malformed value, a combination without meaning.
pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let name = match args.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match name.as_str() {
        "help" => bare(args, Command::Help),
        "test" => bare(args, Command::Test),
        "ci" => parse_ci(args),
        "tidy" => bare(args, Command::Tidy),
        "loom" => parse_loom(args),
        "sanitizer" => parse_sanitizer(args),
        "stress" => parse_stress(args),
        "clients" => bare(args, Command::Clients),
        "page" => bare(args, Command::Page),
        "bench" => parse_bench(args),
        "unsafe" => Ok(Command::Unsafe { check: parse_check(args)? }),
        "conformance" => Ok(Command::Conformance { check: parse_check(args)? }),
        _ => Err(UnknownCommand(name).into()),
    }
}

fn bare(mut args: lexopt::Parser, command: Command) -> Result<Command, Fail> {
    match args.next()? {
        None => Ok(command),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn parse_ci(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let mut ci = Ci::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("strict") => ci.strict = true,
            Long("without") => ci.without.push(args.value()?.string()?),
            Long("only") => ci.only.push(args.value()?.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Command::Ci(ci))
}

fn parse_loom(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let mut loom = Loom::default();
    while let Some(arg) = args.next()? {
        match arg {
            Short('p') | Long("package") => loom.packages.push(args.value()?.string()?),
            Long("preemptions") => loom.preemptions = args.value()?.parse()?,
            Long("model") => loom.model = Some(args.value()?.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Command::Loom(loom))
}

fn parse_sanitizer(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let mut sanitizer = Sanitizer::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("no-leaks") => sanitizer.leaks = false,
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Command::Sanitizer(sanitizer))
}

fn parse_stress(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let mut stress = Stress::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seconds") => stress.seconds = args.value()?.parse()?,
            Long("seed") => stress.seed = Some(args.value()?.parse()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Command::Stress(stress))
}

fn parse_bench(mut args: lexopt::Parser) -> Result<Command, Fail> {
    let mut bench = Bench::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("quick") => bench.quick = true,
            Long("row") => bench.rows.push(args.value()?.string()?),
            Long("peer") => bench.peers.push(args.value()?.string()?),
            Long("samples") => bench.samples = Some(args.value()?.parse()?),
            Long("json") => bench.json = true,
            Long("write") => bench.write = true,
            Long("instructions") => bench.instructions = true,
            Long("ops") => bench.ops = Some(args.value()?.parse()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if bench.samples == Some(0) {
        return Err("--samples 0 leaves no median: give at least 1".into());
    }
    if bench.ops == Some(0) {
        return Err("--ops 0 leaves nothing to divide by: give at least 1".into());
    }
    if bench.write && !(bench.rows.is_empty() && bench.peers.is_empty()) {
        return Err("--write writes the whole table: leave --row and --peer out".into());
    }
    if bench.write && bench.instructions {
        return Err("--write writes times: leave --instructions out".into());
    }
    Ok(Command::Bench(bench))
}

fn parse_check(mut args: lexopt::Parser) -> Result<bool, Fail> {
    let mut check = false;
    while let Some(arg) = args.next()? {
        match arg {
            Long("check") => check = true,
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Fail> {
        parse(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn flags_become_structs() {
        let ci = Ci { strict: true, without: vec!["test".into()], only: Vec::new() };
        assert_eq!(read("ci --strict --without test").unwrap(), Command::Ci(ci));
        let bench = Bench { quick: true, rows: vec!["a".into(), "b".into()], ..Bench::default() };
        assert_eq!(read("bench --quick --row a --row b").unwrap(), Command::Bench(bench));
        assert_eq!(read("").unwrap(), Command::Help);
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for line in ["tests", "ci --fast", "bench --samples 0", "bench --write --row a", "tidy x"] {
            assert!(read(line).is_err(), "{line:?} was taken");
        }
    }
}
