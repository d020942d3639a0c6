//! Children: what they say, how they end, how they are ended.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use corio::process::{Child, Command, Stdio, create_subprocess_shell, returncode};
use corio::signal::SignalKind;

use crate::default_actions;
use crate::sockets::soon;
use crate::support::implements;

/// A child that says what it is told.
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

/// A child that may be ended by any signal.
fn sleeper() -> Child {
    default_actions::restore();
    Command::new("sleep").arg("1000").spawn().unwrap()
}

#[corio::test]
async fn test_subprocess_exec() {
    let mut child = cat();
    let stdin = child.stdin.as_ref().unwrap();
    stdin.write_all(b"Python The Winner").await.unwrap();
    let mut buffer = [0; 64];
    let count = soon(child.stdout.as_ref().unwrap().read(&mut buffer)).await.unwrap();
    assert_eq!(&buffer[..count], b"Python The Winner");
    child.kill().await.unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), -SignalKind::kill().as_raw());
}

#[corio::test]
async fn test_subprocess_shell() {
    let mut command = create_subprocess_shell("echo Python");
    let output = soon(command.stderr(Stdio::piped()).output()).await.unwrap();
    assert!(output.status.success());
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"Python\n"[..], &b""[..]));
}

#[corio::test]
async fn test_subprocess_exitcode() {
    let status = soon(create_subprocess_shell("exit 7").status()).await.unwrap();
    assert_eq!((status.code(), returncode(status)), (Some(7), 7));
}

/// What is done to a child that has ended harms nobody.
#[corio::test]
async fn test_subprocess_close_after_finish() {
    let mut child = create_subprocess_shell("exit 7").spawn().unwrap();
    assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(7));
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(7), "as often as one asks");
    drop(child);
}

#[corio::test]
async fn test_subprocess_kill() {
    let mut child = sleeper();
    child.start_kill().unwrap();
    let status = soon(child.wait()).await.unwrap();
    assert_eq!(status.signal(), Some(SignalKind::kill().as_raw()));
}

#[corio::test]
async fn test_subprocess_terminate() {
    let mut child = sleeper();
    child.terminate().unwrap();
    let status = soon(child.wait()).await.unwrap();
    assert_eq!(status.signal(), Some(SignalKind::terminate().as_raw()));
}

#[corio::test]
async fn test_subprocess_send_signal() {
    let mut child = sleeper();
    child.send_signal(SignalKind::hangup()).unwrap();
    let status = soon(child.wait()).await.unwrap();
    assert_eq!(status.signal(), Some(SignalKind::hangup().as_raw()));
}

const TO_BOTH: &str = "read line; printf %s \"OUT:$line\"; printf %s \"ERR:$line\" >&2";

#[corio::test]
async fn test_subprocess_stderr() {
    let mut command = create_subprocess_shell(TO_BOTH);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let output = soon(child.communicate(b"test\n")).await.unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"OUT:test"[..], &b"ERR:test"[..]));
}

#[corio::test]
async fn test_subprocess_stderr_redirect_to_stdout() {
    let mut command = create_subprocess_shell(TO_BOTH);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr_to_stdout();
    let mut child = command.spawn().unwrap();
    assert!(child.stderr.is_none());
    let output = soon(child.communicate(b"test\n")).await.unwrap();
    assert_eq!(output.stdout, b"OUT:testERR:test");
    assert_eq!(output.stderr, b"");
}

/// A child that writes where nobody reads any more ends of it.
#[corio::test]
async fn test_subprocess_close_client_stream() {
    let mut child = cat();
    let stdin = child.stdin.take().unwrap();
    stdin.write_all(b"test").await.unwrap();
    let stdout = child.stdout.take().unwrap();
    assert_eq!(soon(stdout.read(&mut [0; 16])).await.unwrap(), 4);
    drop(stdout);
    stdin.write_all(b"another one").await.unwrap();
    let status = soon(child.wait()).await.unwrap();
    assert_eq!(status.signal(), Some(SignalKind::pipe().as_raw()));
}

/// A signal for our group does not reach one with a session of its own.
#[corio::test]
async fn test_subprocess_wait_no_same_group() {
    let mut child = create_subprocess_shell("exit 7").start_new_session().spawn().unwrap();
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(7));
    let mut child = Command::new("sleep").arg("1000").start_new_session().spawn().unwrap();
    corio::sleep(Duration::from_millis(1)).await;
    child.send_signal_to_group(SignalKind::kill()).unwrap();
    assert_eq!(soon(child.wait()).await.unwrap().signal(), Some(SignalKind::kill().as_raw()));
}

#[corio::test]
async fn test_subprocess_exec_invalid_args() {
    assert!(!implements!(i32: Into<Stdio>), "a number is no stream");
    assert!(!implements!(Vec<u8>: AsRef<std::ffi::OsStr>));
    let error = Command::new("/no/such/program").spawn().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[corio::test]
async fn test_subprocess_shell_invalid_args() {
    assert!(!implements!([&'static str; 2]: AsRef<std::ffi::OsStr>), "it is one line");
    assert!(create_subprocess_shell("echo \0").spawn().is_err());
}
