//! Talking with a child: all at once with `communicate`, or by hand.

use std::io::ErrorKind;

use corio::process::{Stdio, create_subprocess_exec, create_subprocess_shell, returncode};
use corio::{gather, spawn_local};

use super::super::{blocked, piped};
use crate::sockets::soon;

/// More than any pipe holds.
const LARGE: usize = 4 << 20;

/// Without input nothing is asked of the child's standard input, which here is none.
#[corio::test]
async fn test_communicate_none_input() {
    let mut command = create_subprocess_shell("wc -c");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let output = soon(child.communicate(b"")).await.unwrap();
    assert_eq!((output.stdout.trim_ascii(), returncode(output.status)), (&b"0"[..], 0));
}

#[corio::test]
async fn test_stdin_broken_pipe() {
    let mut child = blocked().stdin(Stdio::piped()).spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    let handle = child.handle();
    // The child ends when its pipe is full.
    let writing = spawn_local(async move { stdin.write_all(&vec![b'x'; LARGE]).await });
    corio::yield_now().await;
    assert!(!writing.is_finished());
    handle.start_kill().unwrap();
    let error = soon(writing).await.unwrap().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    soon(child.wait()).await.unwrap();
}

#[corio::test]
async fn test_communicate_ignore_broken_pipe() {
    let mut command = create_subprocess_exec("true", [] as [&str; 0]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let output = soon(child.communicate(&vec![b'x'; LARGE])).await.unwrap();
    assert!(output.status.success());
    assert!(soon(child.wait()).await.unwrap().success());
}

/// The child does not inherit our end of its own input: it would wait for its end for ever.
#[corio::test]
async fn test_stdin_not_inheritable() {
    let output = soon(piped("wc -c").communicate(b"abc")).await.unwrap();
    assert_eq!((output.stdout.trim_ascii(), returncode(output.status)), (&b"3"[..], 0));
}

#[corio::test]
async fn test_empty_input() {
    let output = soon(piped("wc -c").communicate(b"")).await.unwrap();
    assert_eq!((output.stdout.trim_ascii(), returncode(output.status)), (&b"0"[..], 0));
}

#[corio::test]
async fn test_devnull_input() {
    let mut command = create_subprocess_shell("wc -c");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    assert!(child.stdin.is_none());
    let output = soon(child.communicate(b"")).await.unwrap();
    assert_eq!((output.stdout.trim_ascii(), returncode(output.status)), (&b"0"[..], 0));
}

#[corio::test]
async fn test_devnull_output() {
    let mut command = create_subprocess_shell("wc -c");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    assert!(child.stdout.is_none());
    let output = soon(child.communicate(b"abc")).await.unwrap();
    assert_eq!((&output.stdout[..], returncode(output.status)), (&b""[..], 0));
}

#[corio::test]
async fn test_devnull_error() {
    let mut command = create_subprocess_shell("wc -c >&2");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    assert!(child.stderr.is_none());
    let output = soon(child.communicate(b"abc")).await.unwrap();
    assert_eq!((&output.stderr[..], returncode(output.status)), (&b""[..], 0));
}

#[corio::test]
async fn test_subprocess_communicate_stdout() {
    let words: Vec<String> = (0..10).map(|number| format!("foo{number}")).collect();
    let tasks: Vec<_> = words
        .iter()
        .map(|word| {
            let mut command = create_subprocess_exec("echo", [word]);
            spawn_local(async move { command.output().await.unwrap().stdout })
        })
        .collect();
    let outputs = soon(gather(tasks)).await.unwrap();
    let said: Vec<_> = outputs.iter().map(|output| output.trim_ascii()).collect();
    assert_eq!(said, words.iter().map(|word| word.as_bytes()).collect::<Vec<_>>());
}
