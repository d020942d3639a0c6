//! The server under test: started, watched, and ended by its own id in every case.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::ANSWER_TIME_MAX;
use crate::Fail;
use crate::shell;

/// How long the server may take to listen, and to end after Ctrl-C.
const START_AND_END_TIME_MAX: Duration = Duration::from_secs(10);

/// What the server prints before its address.
const LISTENING: &str = "listening on ";

/// A running `kv`.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts `program` on a free port.
    ///
    /// # Errors
    /// It does not start, or does not say in time where it listens.
    pub(super) fn start(program: &Path) -> Result<Server, Fail> {
        let mut command = shell::program(program);
        command.args(["--port", "0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        eprintln!("$ {}", shell::describe(&command));
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().expect("piped above");
        // Made at once, so that the child is ended on every way out of here.
        let mut server = Server { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once(LISTENING) {
                    // Nobody waits any more if this came too late; the rest is read and let go, so
                    // that the server never blocks on a full pipe.
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let address = receiver
            .recv_timeout(START_AND_END_TIME_MAX)
            .map_err(|_| format!("the server did not print `{LISTENING}ADDRESS`"))?;
        server.address =
            address.parse().map_err(|_| format!("`{address}` is no address to connect to"))?;
        eprintln!("the server listens on {address}, process {}", server.child.id());
        Ok(server)
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
    /// It does not end in time, or not with status 0.
    pub(super) fn end_in_order(&mut self) -> Result<(), Fail> {
        let idle = self.connect()?;
        let mut kill = shell::program("sh");
        kill.args(["-c", &format!("kill -INT {}", self.child.id())]);
        shell::run(&mut kill)?;
        let status = shell::wait_within(&mut self.child, START_AND_END_TIME_MAX)?;
        drop(idle);
        match status {
            Some(status) if status.success() => {
                eprintln!("Ctrl-C ended the server in order");
                Ok(())
            }
            Some(status) => Err(format!("after Ctrl-C the server ended with {status}").into()),
            None => {
                Err(format!("{START_AND_END_TIME_MAX:?} after Ctrl-C the server runs on").into())
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        shell::end(&mut self.child);
    }
}
