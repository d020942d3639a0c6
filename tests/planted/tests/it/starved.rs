//! Descriptors run out: who accepts is told in the log and goes on, who connects by an error that says with whom,
//! and what debug mode has to say needs none of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use corio::net::{TcpListener, TcpStream};
use corio::{spawn, timeout};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::harness::{BLOCKS, Case, Told};

const NET: Told = Told::error("corio::net");
const SLOW: Told = Told::warning("corio::slow");

pub(crate) const CASES: &[Case] = &[
    NET.case(
        "a server without descriptors",
        &["accept pauses: ", "Too many open files", "ulimit -n"],
        || serves(Keeps::All),
        || serves(Keeps::Nothing),
    ),
    // The watchdog reads symbols from files, and may have none to read.
    SLOW.case(
        "a slow poll without descriptors",
        &["Executing <Task", " spawned at ", file!(), " took "],
        || blocks(Keeps::All),
        || blocks(Keeps::Nothing),
    )
    .also(&["; it is here:", "; it was here:", "cannot be shown: "]),
];

/// Enough for what a program of these has open.
const DESCRIPTORS_MAX: u64 = 64;

/// How long is waited for a connection that does not come: it is in the queue before, so once is enough.
const SHORT: Duration = Duration::from_millis(300);

/// Which of its files the program has kept open that it has no use for.
#[derive(Clone, Copy, PartialEq)]
enum Keeps {
    All,
    Nothing,
}

/// Opens as many files as the process may, and keeps them or does not.
fn opens(keeps: Keeps) -> Vec<File> {
    let limit = getrlimit(Resource::Nofile);
    let few = Rlimit { current: Some(DESCRIPTORS_MAX), ..limit };
    setrlimit(Resource::Nofile, few).unwrap();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    assert!(!files.is_empty());
    if keeps == Keeps::Nothing {
        files.clear();
    }
    files
}

fn serves(keeps: Keeps) {
    corio::run(async move {
        let home = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(home).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut files = opens(keeps);
        if keeps == Keeps::All {
            let error = TcpStream::connect(address).await.unwrap_err().to_string();
            assert!(error.contains(&address.to_string()), "with whom? {error}");
            assert!(error.contains("Too many open files"), "{error}");
        }
        // One for the client's end, and none for the server's.
        drop(files.pop());
        let client = TcpStream::connect(address).await.unwrap();
        let accepted = timeout(SHORT, listener.accept()).await;
        assert_eq!(accepted.is_err(), keeps == Keeps::All);
        drop(files);
        if accepted.is_err() {
            // It has waited in the queue.
            let (server, _) = listener.accept().await.unwrap();
            assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
        }
    });
}

fn blocks(keeps: Keeps) {
    corio::run(async move {
        let _files = opens(keeps);
        let pause = if keeps == Keeps::All { BLOCKS } else { Duration::from_millis(1) };
        spawn(async move { thread::sleep(pause) }).await.unwrap();
    });
}
