//! Starting a child: the shell, paths, variables, what cannot be started.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use corio::process::{Command, Stdio, create_subprocess_exec, create_subprocess_shell, returncode};

use crate::sockets::soon;

#[corio::test]
async fn test_shell() {
    let mut child = create_subprocess_shell("exit 7").spawn().unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), 7);
}

#[corio::test]
async fn test_start_new_session() {
    let mut command = create_subprocess_shell("exit 8");
    let mut child = command.start_new_session().spawn().unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), 8);
}

/// A child that could not be started leaves no pipe behind.
#[corio::test]
async fn test_popen_error_with_stdin_pipe() {
    let open = || std::fs::read_dir("/dev/fd").unwrap().count();
    let fail = || {
        let error = Command::new("no-such-program").stdin(Stdio::piped()).spawn().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    };
    fail();
    const TIMES: usize = 200;
    let before = open();
    (0..TIMES).for_each(|_| fail());
    // Tests beside this one open some, but not so many.
    assert!(open() < before + TIMES, "{} after {before}", open());
}

/// Whatever is a path is a program, and an argument.
#[corio::test]
async fn test_create_subprocess_exec_with_path() {
    let mut child = create_subprocess_exec(Path::new("/bin/sh"), ["-c", "true"]).spawn().unwrap();
    assert!(soon(child.wait()).await.unwrap().success());
    let mut child =
        create_subprocess_exec("test", [Path::new("-d"), Path::new(".")]).spawn().unwrap();
    assert!(soon(child.wait()).await.unwrap().success());
}

#[corio::test]
async fn test_create_subprocess_env_shell() {
    let mut command = create_subprocess_shell("printf %s \"$FOO\"");
    let output = soon(command.env("FOO", "bar").output()).await.unwrap();
    assert_eq!((&output.stdout[..], returncode(output.status)), (&b"bar"[..], 0));
}

#[corio::test]
async fn test_create_subprocess_env_exec() {
    let mut command = create_subprocess_exec("/bin/sh", ["-c", "printf %s-%s \"$FOO\" \"$HOME\""]);
    let only = [(OsString::from("FOO"), OsString::from("baz"))];
    let output = soon(command.env_clear().envs(only).output()).await.unwrap();
    assert_eq!((&output.stdout[..], returncode(output.status)), (&b"baz-"[..], 0));
}
