//! What the command line says; parsed by `main` before anything else happens.

use std::time::Duration;

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
usage: proxy [--port N] [--clients-max N] [--grace SECONDS] TARGET

Accepts TCP connections on 127.0.0.1 and hands each on to TARGET, a name or an address with a
port: localhost:6379.

  --port N          where to listen; 0 takes any free port           (default 7000)
  --clients-max N   connections at the same time; one more is closed (default 10000)
  --grace SECONDS   how long connections may go on after Ctrl-C      (default 5)

Ctrl-C ends it, with a count of what went through; Ctrl-C again does not wait for the grace.";

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub port: u16,
    pub clients_max: usize,
    pub grace: Duration,
    pub target: String,
}

impl Options {
    /// The options, or `None` if help was asked for.
    ///
    /// # Errors
    /// Which argument is wrong, and how.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let (mut port, mut clients_max, mut grace) = (7000, 10_000, 5);
        let mut target = None;
        while let Some(arg) = args.next()? {
            match arg {
                Long("port") => port = args.value()?.parse()?,
                Long("clients-max") => clients_max = args.value()?.parse()?,
                Long("grace") => grace = args.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                Value(value) if target.is_none() => target = Some(value.string()?),
                other => return Err(other.unexpected()),
            }
        }
        let target = target.ok_or("TARGET is missing: where shall connections go?")?;
        Ok(Some(Options { port, clients_max, grace: Duration::from_secs(grace), target }))
    }
}
