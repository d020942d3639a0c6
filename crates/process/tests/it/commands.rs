//! What is started, and how: arguments, environment, folder, streams; and what cannot be started.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::AsRawFd;

use corio_process::{
    Command, SpawnError, Stdio, create_subprocess_exec, create_subprocess_shell, returncode,
};

use crate::util::{block_on, sh, sleeper};

fn output_of(command: &mut Command) -> String {
    let output = block_on(command.output()).expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn arguments_environment_and_folder_are_the_childs() {
    assert_eq!(output_of(sh("echo $0 $1").args(["zero", "one"])), "zero one\n");
    assert_eq!(output_of(sh("echo $A-$B").env("A", "1").envs([("B", "2")])), "1-2\n");
    assert_eq!(output_of(sh("echo $A").env("A", "1").env_remove("A")), "\n");
    assert_eq!(output_of(sh("echo ${HOME-none}").env_clear()), "none\n");
    assert_eq!(output_of(sh("pwd").current_dir("/")), "/\n");
    assert_eq!(output_of(Command::new("sh").arg0("other").args(["-c", "echo $0"])), "other\n");
}

#[test]
fn what_was_set_can_be_read_and_std_takes_it_over() {
    let mut command = create_subprocess_exec("echo", ["a", "b"]);
    command.env("K", "V").current_dir("/");
    assert_eq!(command.get_program(), "echo");
    assert_eq!(command.get_args().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(command.get_envs().collect::<Vec<_>>(), [(OsStr::new("K"), Some(OsStr::new("V")))]);
    assert_eq!(command.get_current_dir(), Some("/".as_ref()));
    assert!(format!("{command:?}").contains("\"echo\" \"a\" \"b\""));
    assert_eq!(command.into_std().output().unwrap().stdout, b"a b\n");
}

#[test]
fn the_shell_runs_a_line() {
    let status = block_on(create_subprocess_shell("exit $CODE").env("CODE", "7").status()).unwrap();
    assert_eq!(returncode(status), 7);
}

#[test]
fn output_reads_both_streams_and_gives_no_input() {
    let output = block_on(sh("cat; echo out; echo err >&2; exit 3").output()).unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b"err\n"[..]));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn output_keeps_the_streams_that_were_chosen() {
    let mut command = sh("cat; echo out; echo err >&2");
    command.stderr(Stdio::null()).stdin(Stdio::null());
    let output = block_on(command.output()).unwrap();
    assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"out\n"[..], &b""[..]));
    // And what it has chosen by itself does not last.
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
}

#[test]
fn streams_may_be_null_or_any_descriptor() {
    let mut file = std::env::temp_dir();
    file.push(format!("corio-process-{}", std::process::id()));
    let mut file = std::fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&file)
        .inspect(|_| drop(std::fs::remove_file(&file)))
        .unwrap();
    file.write_all(b"from a file").unwrap();
    file.rewind().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new("cat");
    command.stdin(file).stdout(writer).stderr(Stdio::null());
    assert!(block_on(command.status()).unwrap().success());
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "from a file");
}

#[test]
fn both_streams_may_go_into_the_one_that_is_read() {
    let mut command = sh("echo out; echo err >&2; echo out");
    command.stdout(Stdio::null()).stderr_to_stdout();
    for _ in 0..2 {
        let child = command.spawn().unwrap();
        assert!(child.stderr.is_none());
        let output = block_on(child.wait_with_output()).unwrap();
        assert_eq!((&output.stdout[..], output.stderr.len()), (&b"out\nerr\nout\n"[..], 0));
    }
    assert!(Command::new("no-such-program").stderr_to_stdout().spawn().is_err());
}

#[test]
fn both_streams_may_go_into_one_pipe() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = sh("echo out; echo err >&2");
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    block_on(command.status()).unwrap();
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "out\nerr\n");
}

#[test]
fn the_childs_ends_of_the_pipes_block() {
    // A program that finds its input non-blocking would fail here: nothing is written at first.
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    block_on(async {
        child.stdin.as_ref().unwrap().write_all(b"late").await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"late"[..]));
    });
}

#[test]
fn a_child_inherits_no_descriptor_of_ours() {
    let mut one = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // The second one would keep the first one's input open.
    let mut other = sleeper();
    block_on(async {
        drop(one.stdin.take());
        assert!(one.wait().await.unwrap().success());
        other.kill().await.unwrap();
    });
}

#[test]
fn what_cannot_be_started_is_named() {
    let error = Command::new("no-such-program").spawn().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<SpawnError>()).unwrap();
    assert_eq!(inner.program(), "no-such-program");
    assert_eq!(inner.get_ref().raw_os_error(), Some(2));
    let error = block_on(sh("true").current_dir("/no/such/folder").status()).unwrap_err();
    assert!(error.to_string().contains("its folder `/no/such/folder` is missing"), "{error}");
    let error = block_on(Command::new("/").output()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().starts_with("cannot start `/`: "), "{error}");
    let error = Command::new("a\0b").spawn().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_child_that_does_not_start_leaves_no_pipe() {
    let open = || std::fs::read_dir("/dev/fd").unwrap().count();
    let _warm = Command::new("no-such-program").spawn();
    let before = open();
    for _ in 0..20 {
        let mut command = Command::new("no-such-program");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        assert!(command.spawn().is_err());
    }
    // Tests beside this one open and close some.
    assert!(open() < before + 20, "{} after {before}", open());
}

#[test]
#[expect(unsafe_code, reason = "pre_exec is unsafe")]
fn a_closure_runs_before_the_program() {
    let mut command = sh("umask");
    // SAFETY: one system call.
    unsafe {
        command.pre_exec(|| {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o77));
            Ok(())
        })
    };
    assert_eq!(output_of(&mut command).trim().trim_start_matches('0'), "77");
    let mut fails = sh("true");
    // SAFETY: it does nothing.
    unsafe { fails.pre_exec(|| Err(std::io::Error::from_raw_os_error(1))) };
    assert_eq!(fails.spawn().unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn our_end_is_a_descriptor_of_ours() {
    let child = sh("echo here").stdout(Stdio::piped()).spawn().unwrap();
    let fd = child.stdout.as_ref().unwrap().as_raw_fd();
    assert!(fd > 2);
    assert_eq!(block_on(child.wait_with_output()).unwrap().stdout, b"here\n");
}
