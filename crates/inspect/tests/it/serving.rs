//! The inspector over its socket and its page: what it tells, whom it refuses, what it leaves behind.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_inspect::report::State;
use corio_inspect::{Options, client, serve_with};
use corio_sync::oneshot;

use crate::folder::Socket;

/// The book and the list of loops are the process's: one test at a time, also where tests are threads.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn with_page(socket: &Path) -> Options {
    let page = Some("127.0.0.1:0".parse().unwrap());
    Options { socket: Some(socket.to_owned()), page }
}

pub(crate) fn only_socket(socket: &Path) -> Options {
    Options { socket: Some(socket.to_owned()), page: None }
}

/// A loop with two tasks, one of which awaits the other, until the returned sender is dropped.
fn busy_loop() -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    corio_trace::set_enabled(true);
    let (stop, stopped) = mpsc::channel::<()>();
    let (ready, is_ready) = mpsc::channel();
    let thread = thread::spawn(move || {
        let executor = Executor::new(ThreadPark::new());
        let (tell, told) = oneshot::channel::<()>();
        let waits = executor.spawn_local(told);
        executor.spawn_local(async move {
            let _ = waits.await;
        });
        executor.spawn_local(async move {
            // One poll that lasts as long as the test: the loop is stuck.
            ready.send(()).unwrap();
            let _ = stopped.recv();
            drop(tell);
        });
        executor.block_on(corio_executor::yield_now());
        executor.block_on(corio_executor::yield_now());
        executor.close();
    });
    is_ready.recv().unwrap();
    (stop, thread)
}

#[test]
fn a_stuck_loop_is_shown() {
    let _alone = alone();
    let (stop, thread) = busy_loop();
    let socket = Socket::new("stuck");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    let report = client::ask_at(inspector.socket()).unwrap();
    drop(stop);
    thread.join().unwrap();

    assert_eq!(report.pid, std::process::id());
    assert!(report.debug);
    assert_eq!(report.loops.len(), 1, "the inspector's own is left out: {report:#?}");
    let states: Vec<State> = report.tasks.iter().map(|task| task.state).collect();
    assert!(states.contains(&State::Running) && states.contains(&State::Waiting), "{report:#?}");
    let (running, _) = report.loops[0].polling.unwrap();
    assert!(report.tasks.iter().any(|t| t.id == running && t.state == State::Running));
    let awaited = report.tasks.iter().find(|task| !task.awaited_by.is_empty()).unwrap();
    assert!(awaited.awaited_by[0].stack[0].starts_with("join "), "{awaited:#?}");
}

#[test]
fn the_socket_is_this_users_alone_and_goes_with_the_inspector() {
    let _alone = alone();
    let socket = Socket::new("modes");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    drop(inspector);
    assert!(!socket.exists());
    assert!(client::ask_at(&socket).is_err());
    // And again in the same place.
    drop(serve_with(only_socket(&socket)).unwrap());
}

#[test]
fn a_process_that_serves_twice_has_one_inspector() {
    let _alone = alone();
    let socket = Socket::new("twice");
    let first = serve_with(only_socket(&socket)).unwrap();
    let error = serve_with(with_page(&socket)).unwrap_err();
    assert!(error.to_string().contains("without a page"), "{error}");
    let second = serve_with(only_socket(&socket)).unwrap();
    drop(first);
    assert!(client::ask_at(&socket).is_ok());
    drop(second);
    assert!(!socket.exists());
    let with = serve_with(with_page(&socket)).unwrap();
    assert_eq!(serve_with(only_socket(&socket)).unwrap().page(), with.page());
}

#[test]
fn a_folder_that_others_may_enter_is_refused() {
    let _alone = alone();
    let socket = Socket::new("open");
    let folder = socket.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let error = serve_with(only_socket(&socket)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("0755"), "{error}");
}

#[test]
fn a_page_beyond_loopback_is_refused() {
    let _alone = alone();
    let page = Some("0.0.0.0:0".parse().unwrap());
    let error = serve_with(Options { socket: None, page }).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
}

/// What the page answers to this request.
fn get(address: &str, path: &str, host: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_page_wants_its_token_and_its_host() {
    let _alone = alone();
    let socket = Socket::new("page");
    let inspector = serve_with(with_page(&socket)).unwrap();
    let url = inspector.page().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (address, path) = url.split_once('/').unwrap();
    let path = format!("/{path}");
    assert_eq!(path.len(), 34);

    assert!(get(address, &path, address).starts_with("HTTP/1.1 200 OK\r\n"));
    let report = get(address, &format!("{path}report"), address);
    assert!(report.contains("application/json") && report.contains("\"tasks\""), "{report}");
    assert!(report.contains("Content-Security-Policy: default-src 'none'"));
    for (path, host, status) in [
        ("/", address, "404"),
        ("/report", address, "404"),
        (&*path.replace(&path[1..2], "x"), address, "404"),
        (&*path, "rebound.example", "421"),
        (&*path, "", "421"),
        (&*format!("{path}../../etc/passwd"), address, "404"),
    ] {
        let answer = get(address, path, host);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {host}: {answer}");
    }
}

#[test]
fn debug_mode_is_turned_by_a_post_only() {
    let _alone = alone();
    let socket = Socket::new("switch");
    let inspector = serve_with(with_page(&socket)).unwrap();
    let url = inspector.page().unwrap().strip_prefix("http://").unwrap().to_owned();
    let (address, path) = url.split_once('/').unwrap();
    let send = |method: &str, path: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    corio_trace::set_enabled(false);
    assert!(send("GET", &format!("/{path}debug/on")).starts_with("HTTP/1.1 404 "));
    assert!(send("POST", "/debug/on").starts_with("HTTP/1.1 404 "));
    assert!(send("POST", &format!("/{path}report")).starts_with("HTTP/1.1 405 "));
    assert!(!corio_trace::enabled());
    assert!(send("POST", &format!("/{path}debug/on")).starts_with("HTTP/1.1 200 "));
    assert!(corio_trace::enabled());
    assert!(send("POST", &format!("/{path}debug/off")).starts_with("HTTP/1.1 200 "));
    assert!(!corio_trace::enabled());
}

#[test]
fn clients_that_misbehave_keep_nobody_waiting() {
    let _alone = alone();
    let socket = Socket::new("clients");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    // Says nothing, and stays; says half; goes away at once; says too much; speaks nonsense.
    let silent: Vec<UnixStream> = (0..4).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut half = UnixStream::connect(&socket).unwrap();
    half.write_all(b"GET /rep").unwrap();
    drop(UnixStream::connect(&socket).unwrap());
    let answer_to = |request: &[u8]| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is as good.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let long = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &[b'x'; 8 * 1024]].concat();
    assert!(answer_to(&long).starts_with("HTTP/1.1 431 "));
    assert!(answer_to(b"\x16\x03\x01 hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(client::ask_at(&socket).is_ok());
    drop((silent, half, inspector));
}

#[test]
fn nobody_there_is_an_error_that_says_what_to_do() {
    let _alone = alone();
    let error = client::ask(std::process::id()).unwrap_err();
    assert!(error.to_string().contains("CORIO_INSPECT=1"), "{error}");
    for none in [0, u32::MAX, i32::MAX as u32] {
        let error = client::ask(none).unwrap_err();
        assert!(error.to_string().starts_with("there is no process"), "{error}");
    }
}
