//! The standard streams, of a process of its own each: this test binary, started again for a role.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use corio_blocking::{Pool, current};
use corio_fs::{stderr, stdin, stdout};
use futures_util::io::{AsyncBufReadExt, BufReader};
use futures_util::{StreamExt, TryStreamExt};

use crate::util::{LONG, block_on, poll_once};

const ROLE: &str = "CORIO_FS_TEST_ROLE";

/// Starts this binary for `role`.
fn command(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "stdio::play", "--nocapture", "-q"]).env(ROLE, role);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for its end, and gives what stands between the marks in its output.
#[track_caller]
fn finish(mut child: Child) -> String {
    let mut output = Vec::new();
    if let Some(stdout) = &mut child.stdout {
        stdout.read_to_end(&mut output).unwrap();
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LONG {
            child.kill().unwrap();
            panic!("it hangs; stderr: {errors}");
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(status.success(), "{status}, stderr: {errors}");
    let output = String::from_utf8(output).unwrap();
    let output = output.split_once("<<<").map_or("", |(_, output)| output);
    output.split_once(">>>").map_or(output, |(output, _)| output).to_owned()
}

/// Not a test: what the child does.
#[test]
fn play() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let pool = Pool::new();
    let installed = current::install(pool.clone());
    match role.as_str() {
        "lines" => block_on(write_lines()),
        "unflushed" => block_on(async { stdout().write_all(b"<<<all of it").await.unwrap() }),
        "upper" => block_on(upper_case()),
        "full" => block_on(full()),
        "waits" => block_on(async {
            let mut buffer = [0; 16];
            assert!(poll_once(&mut pin!(stdin().read(&mut buffer))).is_pending());
            stdout().write_all(b"<<<does not wait>>>").await.unwrap();
        }),
        "ended" => block_on(async {
            let mut bytes = Vec::new();
            for _ in 0..2 {
                assert_eq!(stdin().read_to_end(&mut bytes).await.unwrap(), 0);
            }
            stdout().write_all(b"<<<the end>>>").await.unwrap();
        }),
        _ => panic!("no such role: {role}"),
    }
    drop(installed);
    // As the end of a run does.
    let begun = Instant::now();
    assert!(pool.shutdown(LONG).is_empty(), "nothing is stuck");
    assert!(begun.elapsed() < LONG / 2);
    std::process::exit(0);
}

async fn write_lines() {
    stdout().write_all(b"<<<").await.unwrap();
    for line in 0..2000 {
        stdout().write_all(format!("{line}\n").as_bytes()).await.unwrap();
        if line % 500 == 499 {
            stdout().flush().await.unwrap();
            std::io::stdout().write_all(b"printed ").unwrap();
        }
    }
    stdout().write_all(b">>>").await.unwrap();
    stderr().write_all(b"to stderr").await.unwrap();
}

async fn upper_case() {
    stdout().write_all(b"<<<").await.unwrap();
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.try_next().await.unwrap() {
        stdout().write_all(line.to_uppercase().as_bytes()).await.unwrap();
        stdout().write_all(b";").await.unwrap();
    }
    assert!(lines.next().await.is_none());
    stdout().write_all(b">>>").await.unwrap();
}

async fn full() {
    // Here, and not by the parent: the harness has said something before.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    rustix::stdio::dup2_stdout(&full).unwrap();
    let out = stdout();
    out.write_all(b"text").await.unwrap();
    let error = out.flush().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(
        error.to_string(),
        "could not write to standard output, and 4 bytes that had been taken are lost: \
         No space left on device (os error 28)",
    );
    out.flush().await.unwrap();
}

fn lines() -> String {
    let mut expected = String::new();
    for line in 0..2000 {
        expected += &format!("{line}\n");
        if line % 500 == 499 {
            expected += "printed ";
        }
    }
    expected
}

#[test]
fn writes_come_in_order_with_what_is_printed() {
    assert_eq!(finish(command("lines").spawn().unwrap()), lines());
}

#[test]
fn nothing_is_lost_at_the_end() {
    for _ in 0..4 {
        assert_eq!(finish(command("unflushed").spawn().unwrap()), "all of it");
    }
}

#[test]
fn a_descriptor_that_somebody_set_not_to_block() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&writer, true).unwrap();
    let mut lines_command = command("lines");
    let child = lines_command.stdout(OwnedFd::from(writer)).spawn().unwrap();
    drop(lines_command);
    let mut output = String::new();
    reader.read_to_string(&mut output).unwrap();
    finish(child);
    assert!(output.contains(&lines()));

    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::io::ioctl_fionbio(&reader, true).unwrap();
    let child = command("upper").stdin(OwnedFd::from(reader)).spawn().unwrap();
    for line in ["one\n", "tw", "o\nthree"] {
        std::thread::sleep(Duration::from_millis(10));
        writer.write_all(line.as_bytes()).unwrap();
    }
    drop(writer);
    assert_eq!(finish(child), "ONE;TWO;THREE;");
}

#[test]
fn a_full_disk_behind_the_output() {
    finish(command("full").spawn().unwrap());
}

#[test]
fn lines_of_the_input() {
    let mut child = command("upper").stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    assert_eq!(finish(child), "ONE;TWO;");
}

#[test]
fn an_input_that_says_nothing_does_not_hold_up_the_end() {
    let mut child = command("waits").stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take();
    assert_eq!(finish(child), "does not wait");
    drop(input);
}

#[test]
fn an_input_that_is_closed_is_at_its_end() {
    assert_eq!(finish(command("ended").spawn().unwrap()), "the end");
    // Closed before the program begins: the shell's `<&-`.
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" --exact stdio::play --nocapture -q <&-"]);
    command.arg(std::env::current_exe().unwrap()).env(ROLE, "ended");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(finish(child), "the end");
}
