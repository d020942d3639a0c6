//! Writing a child's input and reading what it writes, all at the same time.
//!
//! One after the other it could hang: a child that waits until its output is read does not read its input.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::pipes::{ChildStderr, ChildStdin, ChildStdout};

/// The exchange with one child; gives what it has written to its output and its error.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Exchange<'a> {
    /// `None`: there is no input, or all of it is written.
    stdin: Option<ChildStdin>,
    input: &'a [u8],
    /// `None`: there is none, or it has ended.
    stdout: Option<&'a ChildStdout>,
    stderr: Option<&'a ChildStderr>,
    read: (Vec<u8>, Vec<u8>),
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        stdin: Option<ChildStdin>,
        input: &'a [u8],
        stdout: Option<&'a ChildStdout>,
        stderr: Option<&'a ChildStderr>,
    ) -> Self {
        Exchange { stdin, input, stdout, stderr, read: Default::default() }
    }

    /// Writes what the child takes, and closes its input when all is written or it takes no more.
    fn poll_input(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while let Some(stdin) = &self.stdin
            && !self.input.is_empty()
        {
            match stdin.poll_write(context, self.input) {
                Poll::Ready(Ok(written)) => self.input = &self.input[written..],
                Poll::Ready(Err(error)) if is_broken(&error) => break,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        self.stdin = None;
        Ok(())
    }
}

/// The child reads no more, which is its own affair.
fn is_broken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

impl Future for Exchange<'_> {
    type Output = io::Result<(Vec<u8>, Vec<u8>)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.poll_input(context)?;
        if let Some(stdout) = this.stdout
            && stdout.poll_read_to_end(context, &mut this.read.0)?.is_ready()
        {
            this.stdout = None;
        }
        if let Some(stderr) = this.stderr
            && stderr.poll_read_to_end(context, &mut this.read.1)?.is_ready()
        {
            this.stderr = None;
        }
        if this.stdin.is_some() || this.stdout.is_some() || this.stderr.is_some() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(std::mem::take(&mut this.read)))
    }
}
