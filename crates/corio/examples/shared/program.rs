//! How an example that serves begins and ends: what its command line says, and the words for what is wrong.
//!
//! A module of each of them, by `#[path]`. It never listens or waits for Ctrl-C: that is for each to show.

use std::error::Error;
use std::process::ExitCode;

/// Has `serve` run with what was `parsed` from the command line, and says with what the process ends. `port`
/// is what an error of `serve` is told with.
pub async fn run<O>(
    name: &str,
    help: &str,
    parsed: Result<Option<O>, lexopt::Error>,
    port: fn(&O) -> u16,
    serve: impl AsyncFnOnce(O) -> Result<(), Box<dyn Error>>,
) -> ExitCode {
    let options = match parsed {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{name}: {error}\n\n{help}");
            return ExitCode::from(2);
        }
    };
    let port = port(&options);
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name} on 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}
