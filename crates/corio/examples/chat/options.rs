//! What the command line says; parsed by `main` before anything else happens.

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
usage: chat [--port N] [--clients-max N] [--backlog N]

A chat server for lines of text, on 127.0.0.1. The first line of a client is its name; every
other line goes to all, or is a command:

  /who        who is there
  /nick NAME  takes another name
  /quit       leaves

  --port N          where to listen; 0 takes any free port              (default 7001)
  --clients-max N   clients at the same time; one more is sent away     (default 10000)
  --backlog N       lines kept for slow readers; who is further behind
                    is told how many lines it has missed                (default 16384)

Ctrl-C ends it: the clients are told, and what was said is counted.";

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub port: u16,
    pub clients_max: usize,
    pub backlog: usize,
}

impl Options {
    /// The options, or `None` if help was asked for.
    ///
    /// # Errors
    /// Which argument is wrong, and how.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        // A line is shared by all who have not read it: 16384 short ones are some 2 MiB for the room.
        let mut options = Options { port: 7001, clients_max: 10_000, backlog: 16_384 };
        while let Some(arg) = args.next()? {
            match arg {
                Long("port") => options.port = args.value()?.parse()?,
                Long("clients-max") => options.clients_max = args.value()?.parse()?,
                Long("backlog") => options.backlog = args.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        if options.backlog == 0 {
            return Err("--backlog 0 keeps no line for anybody: 1 is the least".into());
        }
        Ok(Some(options))
    }
}
