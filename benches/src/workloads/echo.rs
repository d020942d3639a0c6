//! Echo over loopback TCP: a server process of the peer's, and a load generator for everybody.
//!
//! The server has a core of its own and nothing but its CPU time is looked at, or its system calls.
//! It is a child process, so that the client's work is in no figure, and so that it can be started
//! under a tool that counts.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::{env, fs, process};

use crate::client::Client;
use crate::machine;
use crate::measure::{Order, nanos_per_op, ops_fixed};
use crate::peers::Peer;
use crate::row::{Row, Unit};

/// The server's buffer for a connection: larger than a request, as servers' are, so that a short
/// read tells a runtime that the socket is empty.
pub(crate) const BUFFER: usize = 16 * 1024;

/// Accepts so many connections, echoes until they are closed, and returns.
pub(crate) fn serve<P: Peer>(connections: usize) {
    P::run(&mut P::runtime(), async move {
        let (listener, address) = P::listen().await;
        announce(address);
        let mut tasks = Vec::with_capacity(connections);
        while tasks.len() < connections {
            tasks.push(P::spawn(P::echo(P::accept(&listener).await, BUFFER)));
        }
        for task in tasks {
            task.await;
        }
    });
}

/// Tells the client, which reads this process's output, where the server listens.
pub(crate) fn announce(address: SocketAddr) {
    println!("{address}");
}

/// Measures an echo row from the client's side.
pub(crate) fn measure(row: Row, peer: &str, connections: u64, order: &Order) -> io::Result<f64> {
    if row.unit() == Unit::Syscalls {
        return syscalls(peer, connections, ops_fixed(row, order));
    }
    let server = Server::start(peer, connections, &order.server_under)?;
    let mut client = Client::connect(server.address, connections)?;
    let pid = server.process.id();
    let nanos = nanos_per_op(row, order, |requests| {
        // Between the runs the server sleeps: all its requests are answered.
        let before = machine::cpu_time_of(pid)?;
        client.drive(requests)?;
        Ok(machine::cpu_time_of(pid)? - before)
    })?;
    drop(client);
    server.wait()?;
    Ok(nanos)
}

/// System calls per request: the difference of two runs, so that what it takes to start, to accept
/// and to end is in neither.
fn syscalls(peer: &str, connections: u64, requests: u64) -> io::Result<f64> {
    const LONGER: u64 = 3;
    let short = syscalls_in_all(peer, connections, requests)?;
    let long = syscalls_in_all(peer, connections, LONGER * requests)?;
    Ok((long - short) / ((LONGER - 1) * requests) as f64)
}

/// The system calls of a whole server process that answers so many requests.
fn syscalls_in_all(peer: &str, connections: u64, requests: u64) -> io::Result<f64> {
    let counts = env::temp_dir().join(format!("corio-bench-{}.perf", process::id()));
    let mut under: Vec<String> =
        ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-o"].map(str::to_owned).into();
    under.push(counts.to_string_lossy().into_owned());
    under.push("--".to_owned());
    let server = Server::start(peer, connections, &under)?;
    let mut client = Client::connect(server.address, connections)?;
    client.drive(requests)?;
    drop(client);
    server.wait()?;
    let report = fs::read_to_string(&counts)?;
    fs::remove_file(&counts)?;
    // The line of the one event: its count, a comma, and more.
    let count = report.lines().find(|line| line.contains("sys_enter"));
    count.and_then(|line| line.split(',').next()?.parse().ok()).ok_or_else(|| {
        let remedy = "run as root, or lower /proc/sys/kernel/perf_event_paranoid to -1";
        io::Error::other(format!("perf counted no system calls ({remedy}): {report:?}"))
    })
}

/// A server process.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server, under a command where one is given.
    fn start(peer: &str, connections: u64, under: &[String]) -> io::Result<Server> {
        let this = env::current_exe()?;
        let mut command = match under {
            [] => Command::new(this),
            [tool, arguments @ ..] => {
                let mut command = Command::new(tool);
                command.args(arguments).arg(this);
                command
            }
        };
        command.args(["--peer", peer, "--serve", &connections.to_string()]);
        let process = command.stdout(Stdio::piped()).spawn();
        let mut process = process.map_err(|error| {
            let program = command.get_program().to_string_lossy();
            io::Error::new(error.kind(), format!("cannot start {program}: {error}"))
        })?;
        let mut line = String::new();
        let output = process.stdout.take().expect("the output is piped");
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse();
        let address = address.map_err(|_| io::Error::other("the server did not start"))?;
        Ok(Server { process, address })
    }

    /// Waits until it has seen all connections close.
    fn wait(mut self) -> io::Result<()> {
        let status = self.process.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("the server ended with {status}")))
    }
}
