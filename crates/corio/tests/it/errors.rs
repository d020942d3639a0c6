//! Errors with words: the system's number is in each of them, wherever it comes from.

use std::error::Error;
use std::net::SocketAddr;

use corio::io::raw_os_error;

/// "No such file or directory" and "connection refused", on every Unix.
const ENOENT: i32 = 2;
const ECONNREFUSED: i32 = if cfg!(target_os = "linux") { 111 } else { 61 };

#[track_caller]
fn check(error: &(dyn Error + 'static), number: i32, words: &str) {
    let said = error.to_string();
    assert!(said.contains(words), "{words:?}? {said}");
    assert_eq!(raw_os_error(error), Some(number), "{said}");
}

#[corio::test]
async fn what_the_system_says_is_found_under_the_words() {
    // A port that was free a moment ago.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let whom = closed.to_string();
    check(&corio::net::TcpStream::connect(closed).await.unwrap_err(), ECONNREFUSED, &whom);
    check(&corio::net::Connect::to(closed).await.unwrap_err(), ECONNREFUSED, &whom);
    check(&corio::stream::open_connection(closed).await.unwrap_err(), ECONNREFUSED, &whom);
    // Of several it is the first one's.
    let many: Vec<SocketAddr> = vec![closed, closed];
    let several = corio::net::TcpStream::connect(&many[..]).await.unwrap_err();
    check(&several, ECONNREFUSED, "Multiple exceptions");
    let missing = "/no/such/folder";
    check(&corio::net::UnixStream::connect(missing).await.unwrap_err(), ENOENT, missing);
    check(&corio::fs::read(missing).await.unwrap_err(), ENOENT, missing);
    let spawned = corio::process::Command::new(missing).spawn();
    check(&spawned.unwrap_err(), ENOENT, missing);
    assert_eq!(raw_os_error(&std::io::Error::other("no system's")), None);
}
