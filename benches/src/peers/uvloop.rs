//! uvloop, asyncio's fastest loop: its transports and protocols, in Python.
//!
//! It does the echo rows alone, and only where it is installed (`pip install uvloop`): the interpreter is
//! `python3`, or the one that the environment variable `CORIO_BENCH_PYTHON` names.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// How the command line and the table call it.
pub(crate) const NAME: &str = "uvloop";

/// The server: accepts so many connections as its argument says, echoes until they are closed.
const SERVER: &str = r#"
import asyncio, sys, uvloop

class Echo(asyncio.Protocol):
    left = int(sys.argv[1])

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    def connection_lost(self, exc):
        Echo.left -= 1
        if Echo.left == 0:
            done.set_result(None)

async def main():
    global done
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"{host}:{port}", flush=True)
    await done
    server.close()

uvloop.run(main())
"#;

fn python() -> Command {
    let name = std::env::var_os("CORIO_BENCH_PYTHON");
    Command::new(name.unwrap_or_else(|| OsString::from("python3")))
}

/// Whether it can be measured here. Where not, it says so, once.
pub(crate) fn is_there() -> bool {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    *IS_THERE.get_or_init(|| {
        let mut python = python();
        python.args(["-c", "import uvloop"]).stderr(Stdio::null());
        let is_there = python.status().is_ok_and(|status| status.success());
        if !is_there {
            eprintln!(
                "corio-bench: uvloop is not measured: {:?} has no such module (pip install uvloop, or \
                 name an interpreter that has it in CORIO_BENCH_PYTHON)",
                python.get_program()
            );
        }
        is_there
    })
}

/// Becomes the server.
pub(crate) fn serve(connections: usize) {
    let error = python().args(["-c", SERVER, &connections.to_string()]).exec();
    panic!("python3 does not start: {error}");
}
