//! What the command line says; parsed by `main` before anything else happens.

use std::path::PathBuf;

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
usage: tls_echo [--port N] [--protocol] --cert FILE --key FILE

An HTTPS server, on 127.0.0.1, that sends back what it is sent.

  --port N      where to listen; 0 takes any free port        (default 7443)
  --protocol    serve with callbacks, without a task for each connection
  --cert FILE   the server's certificates, its own first, as PEM
  --key FILE    its private key, as PEM

Ctrl-C ends it: the clients' connections are closed as TLS wants it.";

const PORT_DEFAULT: u16 = 7443;

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub port: u16,
    pub protocol: bool,
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Options {
    /// The options, or `None` if help was asked for.
    ///
    /// # Errors
    /// Which argument is wrong or missing, and how.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let (mut port, mut cert, mut key) = (PORT_DEFAULT, None, None);
        let mut protocol = false;
        while let Some(arg) = args.next()? {
            match arg {
                Long("port") => port = args.value()?.parse()?,
                Long("protocol") => protocol = true,
                Long("cert") => cert = Some(args.value()?.into()),
                Long("key") => key = Some(args.value()?.into()),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        match (cert, key) {
            (Some(cert), Some(key)) => Ok(Some(Options { port, protocol, cert, key })),
            _ => Err("--cert and --key are needed: TLS has no server without them".into()),
        }
    }
}
