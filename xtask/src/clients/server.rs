//! A server under test: started, watched, and ended by its own id in every case.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use super::ANSWER_TIME_MAX;
use crate::Fail;
use crate::shell;

/// How long a server may take to listen, and to end after Ctrl-C.
const START_AND_END_TIME_MAX: Duration = Duration::from_secs(10);

/// What a server prints before its address.
const LISTENING: &str = "listening on ";

/// A running server.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// What it has printed since it said where it listens, line by line.
    printed: Receiver<String>,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts `program` on a free port, with these arguments beside that.
    ///
    /// # Errors
    /// It does not start, or does not say in time where it listens.
    pub(super) fn start(program: &Path, args: &[&str]) -> Result<Server, Fail> {
        let mut command = shell::program(program);
        command.args(["--port", "0"]).args(args);
        Server::start_command(&mut command)
    }

    /// Starts a server that finds a free port by itself.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(super) fn start_command(command: &mut Command) -> Result<Server, Fail> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let line = shell::describe(command);
        eprintln!("$ {}", line.lines().next().unwrap_or_default());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("piped above");
        let (sender, printed) = mpsc::channel();
        // Made at once, so that the child is ended on every way out of here.
        let mut server = Server { child, printed, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (found, address) = mpsc::channel();
        std::thread::spawn(move || pass_on(stdout, &found, &sender));
        let address = address
            .recv_timeout(START_AND_END_TIME_MAX)
            .map_err(|_| format!("the server did not print `{LISTENING}ADDRESS`"))?;
        server.address =
            address.parse().map_err(|_| format!("`{address}` is no address to connect to"))?;
        eprintln!("the server listens on {address}, process {}", server.child.id());
        Ok(server)
    }

    /// The next line that it prints after it has said where it listens.
    ///
    /// # Errors
    /// It prints none in time.
    pub(super) fn line(&self) -> Result<String, Fail> {
        let line = self.printed.recv_timeout(ANSWER_TIME_MAX);
        line.map_err(|_| format!("the server printed nothing for {ANSWER_TIME_MAX:?}").into())
    }

    /// A connection of ours, whose reads and writes end in time.
    ///
    /// # Errors
    /// The server does not accept.
    pub(super) fn connect(&self) -> Result<TcpStream, Fail> {
        let stream = TcpStream::connect_timeout(&self.address, ANSWER_TIME_MAX)
            .map_err(|error| format!("the server accepts no connection: {error}"))?;
        stream.set_read_timeout(Some(ANSWER_TIME_MAX))?;
        stream.set_write_timeout(Some(ANSWER_TIME_MAX))?;
        Ok(stream)
    }

    /// The memory it has in use, in KiB, where the system tells.
    pub(super) fn memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }

    /// Sends Ctrl-C's signal while a connection is open, and waits for an orderly end.
    ///
    /// # Errors
    /// As [`Server::end`].
    pub(super) fn end_in_order(&mut self) -> Result<Vec<String>, Fail> {
        let idle = self.connect()?;
        let printed = self.end();
        drop(idle);
        printed
    }

    /// Sends Ctrl-C's signal, and waits for an orderly end; what it has printed.
    ///
    /// # Errors
    /// It does not end in time, or not with status 0.
    pub(super) fn end(&mut self) -> Result<Vec<String>, Fail> {
        interrupt(&self.child)?;
        match shell::wait_within(&mut self.child, START_AND_END_TIME_MAX)? {
            Some(status) if status.success() => {
                eprintln!("Ctrl-C ended the server in order");
                // The thread that passes lines on ends with the server, and so does this.
                Ok(self.printed.iter().collect())
            }
            Some(status) => Err(format!("after Ctrl-C the server ended with {status}").into()),
            None => {
                Err(format!("{START_AND_END_TIME_MAX:?} after Ctrl-C the server runs on").into())
            }
        }
    }
}

/// Sends `child` what a terminal sends for Ctrl-C.
///
/// # Errors
/// It cannot be sent: the child has ended.
pub(super) fn interrupt(child: &Child) -> Result<(), Fail> {
    let mut kill = shell::program("sh");
    kill.args(["-c", &format!("kill -INT {}", child.id())]);
    shell::run(&mut kill)
}

/// Reads all that a server prints, so that it never blocks on a full pipe: its address goes to `found`,
/// what comes after it to `printed`.
fn pass_on(stdout: ChildStdout, found: &Sender<String>, printed: &Sender<String>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // Nobody waits any more if this comes too late; the rest is read all the same.
        let _ = match line.split_once(LISTENING) {
            Some((_, address)) => found.send(address.trim().to_owned()),
            None => printed.send(line),
        };
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        shell::end(&mut self.child);
    }
}
