//! Talking with children through pipes.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;

use corio_process::{Command, Stdio};
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::util::{block_on, cat, poll_once, sh};

/// More than any pipe holds, and different everywhere.
fn much() -> Vec<u8> {
    (0..1_000_000_u32).map(|number| (number % 251) as u8).collect()
}

fn both_piped(line: &str) -> Command {
    let mut command = sh(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn communicating_writes_and_reads_at_the_same_time() {
    let mut child = both_piped("cat; echo done >&2").stderr(Stdio::piped()).spawn().unwrap();
    let output = block_on(child.communicate(&much())).unwrap();
    assert!(output.stdout == much() && output.stderr == b"done\n" && output.status.success());
    assert!(child.stdin.is_none());
}

#[test]
fn a_child_that_does_not_read_its_input_is_no_error() {
    let mut child = both_piped("echo before; exec true").spawn().unwrap();
    let output = block_on(child.communicate(&much())).unwrap();
    assert_eq!(output.stdout, b"before\n");
    let mut child = both_piped("head -c 3").spawn().unwrap();
    assert_eq!(block_on(child.communicate(&much())).unwrap().stdout, &much()[..3]);
}

#[test]
fn writing_by_hand_says_that_nobody_reads() {
    let mut child = both_piped("true").spawn().unwrap();
    let stdin = child.stdin.take().unwrap();
    block_on(child.wait()).unwrap();
    let error = block_on(stdin.write_all(&much())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn communicating_with_nothing_closes_the_input() {
    let mut child = both_piped("cat").spawn().unwrap();
    assert_eq!(block_on(child.communicate(b"")).unwrap().stdout, b"");
    // What is not piped is left empty.
    let mut child = sh("exit 2").spawn().unwrap();
    let output = block_on(child.communicate(b"")).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn input_for_a_child_that_takes_none_is_an_error() {
    let mut child = sh("true").spawn().unwrap();
    let error = block_on(child.communicate(b"four")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    assert!(text.contains("4 bytes") && text.contains("Stdio::piped()"), "{text}");
    block_on(child.wait()).unwrap();
}

#[test]
fn a_communication_that_is_given_up_leaves_the_child_running() {
    let mut child = cat();
    {
        let mut communicate = Box::pin(child.communicate(b""));
        // Cat may have seen its end by now; what counts is that nobody is killed.
        let _ = poll_once(&mut communicate);
    }
    assert!(block_on(child.wait()).unwrap().success());
}

#[test]
fn what_it_wrote_can_be_read_after_its_end() {
    let mut child = sh("echo one; echo two").stdout(Stdio::piped()).spawn().unwrap();
    block_on(async {
        child.wait().await.unwrap();
        let mut bytes = b"said: ".to_vec();
        let read = child.stdout.as_ref().unwrap().read_to_end(&mut bytes).await.unwrap();
        assert_eq!((read, &bytes[..]), (8, &b"said: one\ntwo\n"[..]));
        assert_eq!(child.stdout.as_ref().unwrap().read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn a_conversation_line_by_line() {
    let mut child = both_piped("while read line; do echo \"<$line>\"; done").spawn().unwrap();
    block_on(async {
        let (stdin, stdout) = (child.stdin.as_ref().unwrap(), child.stdout.as_ref().unwrap());
        for word in ["one", "two"] {
            stdin.write_all(format!("{word}\n").as_bytes()).await.unwrap();
            let mut line = [0; 16];
            let length = stdout.read(&mut line).await.unwrap();
            assert_eq!(line[..length], *format!("<{word}>\n").as_bytes());
        }
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn the_futures_io_traits() {
    let mut child = both_piped("cat").spawn().unwrap();
    block_on(async {
        let mut stdin = child.stdin.take().unwrap();
        AsyncWriteExt::write_all(&mut stdin, b"through traits").await.unwrap();
        stdin.flush().await.unwrap();
        AsyncWriteExt::close(&mut stdin).await.unwrap();
        let error = AsyncWriteExt::write(&mut stdin, b"more").await.unwrap_err();
        assert!(error.to_string().contains("was closed here"), "{error}");
        let mut text = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        AsyncReadExt::read_to_string(stdout, &mut text).await.unwrap();
        assert_eq!(text, "through traits");
        child.wait().await.unwrap();
    });
}

#[test]
fn one_child_reads_what_another_writes() {
    let mut first = sh("echo b; echo a").stdout(Stdio::piped()).spawn().unwrap();
    let between: Stdio = first.stdout.take().unwrap().try_into().unwrap();
    let mut sort = Command::new("sort");
    sort.stdin(between);
    assert_eq!(block_on(sort.output()).unwrap().stdout, b"a\nb\n");
    block_on(first.wait()).unwrap();

    let mut second =
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let between: Stdio = second.stdin.take().unwrap().try_into().unwrap();
    block_on(sh("echo backwards").stdout(between).status()).unwrap();
    assert_eq!(block_on(second.wait_with_output()).unwrap().stdout, b"backwards\n");
}

#[test]
fn a_pipe_may_be_taken_as_a_descriptor() {
    let mut child = sh("echo raw").stdout(Stdio::piped()).spawn().unwrap();
    block_on(child.wait()).unwrap();
    let fd: OwnedFd = child.stdout.take().unwrap().into();
    let mut bytes = [0; 8];
    assert_eq!(rustix::io::read(&fd, &mut bytes).unwrap(), 4);
}

#[test]
fn a_read_that_is_given_up_loses_nothing() {
    let mut child = both_piped("cat").spawn().unwrap();
    block_on(async {
        let stdout = child.stdout.as_ref().unwrap();
        {
            let mut bytes = [0; 8];
            let mut read = Box::pin(stdout.read(&mut bytes));
            assert!(poll_once(&mut read).is_pending());
        }
        child.stdin.as_ref().unwrap().write_all(b"kept").await.unwrap();
        let mut bytes = [0; 8];
        assert_eq!(stdout.read(&mut bytes).await.unwrap(), 4);
        child.wait().await.unwrap();
    });
}

/// Its child's output is a pipe of messages.
#[cfg(target_os = "linux")]
fn of_messages(mut command: Command) -> Command {
    use std::os::fd::BorrowedFd;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

    let begin = || {
        // SAFETY: between `fork` and `exec` the child's output is open and nobody closes it.
        let output = unsafe { BorrowedFd::borrow_raw(1) };
        Ok(fcntl_setfl(output, fcntl_getfl(output)? | OFlags::DIRECT)?)
    };
    // SAFETY: two system calls, and nothing that a copy of a process with threads must not do.
    unsafe { command.pre_exec(begin) };
    command
}

#[test]
#[cfg(target_os = "linux")]
fn each_message_of_a_child_is_read_at_once() {
    let command = of_messages(both_piped("printf one; printf two; echo >&2; read _"));
    let mut child = { command }.stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut room = [0; 64];
    // Both are there, which is told of once.
    let stderr = child.stderr.take().unwrap();
    block_on(stderr.read(&mut room)).unwrap();
    for message in ["one", "two"] {
        let count = block_on(stdout.read(&mut room)).unwrap();
        assert_eq!(&room[..count], message.as_bytes(), "a read ends with a message");
    }
    stdin.close();
    block_on(child.wait()).unwrap();
}
