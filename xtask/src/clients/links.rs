//! `link_checker` over a site made for it: what it reports, word for word, and its end by Ctrl-C.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{Server, server};
use crate::Fail;
use crate::shell;

/// The site: good pages, slow ones, errors, redirects in a circle, broken answers.
const SITE: &str = include_str!("site.py");

/// What a page may take, as the link checker is told. All but the slow one take milliseconds.
const TIME_MAX: &str = "5";

/// For a whole site, the slow page included, and for the end after Ctrl-C.
const RUN_TIME_MAX: Duration = Duration::from_secs(60);

/// What is reported.
const REPORT: &str = "\
/circle/a: its redirects run in a circle: back to /circle/a
    linked from /
/cut: the page ends after 10 of 1000 bytes
    linked from /
/error: 500 Internal Server Error
    linked from /
/garbage: the answer is no HTTP: invalid HTTP version
    linked from /
/hangup: the server hung up without an answer
    linked from /
/missing: 404 Not Found
    linked from /, /page/77
/missing-too: 404 Not Found
    linked from /chunked
/slow: no answer within 5s
    linked from /
two words: no address: there is ' ' in it
    linked from /
104 fine, 9 broken, 2 links to elsewhere
";

/// Checks the whole site, then a part of it.
///
/// # Errors
/// The report is another one, or it does not come in time.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let mut python = shell::program("python3");
    let site = Server::start_command(python.args(["-c", SITE]))?;
    let start = format!("http://{}/", site.address);
    for at_once in ["1", "100"] {
        let mut checker = shell::program(program);
        checker.args(["--time-max", TIME_MAX, "--at-once", at_once, &start]);
        eprintln!("$ {}", shell::describe(&checker));
        let said = shell::output_within(&mut checker, RUN_TIME_MAX)?;
        if said.stdout != REPORT || said.status.code() != Some(1) {
            let text = format!("{}, and this:\n{}{}", said.status, said.stdout, said.stderr);
            return Err(format!("instead of status 1 and\n{REPORT}there is {text}").into());
        }
    }
    // Each run has asked for the slow page once.
    site.line()?;
    site.line()?;
    interrupted(program, &site)?;
    eprintln!("link_checker: {}", REPORT.lines().last().unwrap_or_default());
    Ok(())
}

/// Ctrl-C ends it while it waits for the slow page; what it knows by then, it reports.
fn interrupted(program: &Path, site: &Server) -> Result<(), Fail> {
    let mut command = shell::program(program);
    command.arg(format!("http://{}/slow", site.address)).stdout(Stdio::piped());
    let mut checker = command.spawn()?;
    let waits = site.line();
    let begun = Instant::now();
    let interrupted = server::interrupt(&checker);
    let status = shell::wait_within(&mut checker, RUN_TIME_MAX)?;
    shell::end(&mut checker);
    waits?;
    interrupted?;
    let mut said = String::new();
    std::io::Read::read_to_string(&mut checker.stdout.take().expect("piped above"), &mut said)?;
    let expected = "0 fine, 0 broken, 0 links to elsewhere, 1 not checked\n";
    let took = begun.elapsed();
    if status.and_then(|status| status.code()) != Some(1) || said != expected {
        return Err(format!("after Ctrl-C it ended with {status:?} after {took:?}: {said}").into());
    }
    Ok(())
}
