//! Starting a child: the program, its pipes, its watch; all of it, or nothing.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::panic::Location;
use std::process::{Child as StdChild, Command as StdCommand, Stdio};

use rustix::process::Pid;

use crate::child::{Child, OnDrop};
use crate::error::SpawnError;
use crate::exit::Exit;
use crate::pipes::{ChildStderr, ChildStdin, ChildStdout};
use crate::sys;

/// Starts what `command` says.
pub(crate) fn spawn(
    command: &mut StdCommand,
    on_drop: OnDrop,
    leads_group: bool,
    is_merged: bool,
    place: &'static Location<'static>,
) -> io::Result<Child> {
    let (merged, started) = if is_merged { spawn_merged(command) } else { (None, command.spawn()) };
    let mut started = match started {
        Ok(started) => started,
        Err(error) => return Err(refused(command, error)),
    };
    let pipes = (started.stdin.take(), started.stdout.take(), started.stderr.take());
    let pid = Pid::from_raw(started.id().cast_signed()).expect("a child has a number above 0");
    // Std's object goes; it neither waits nor kills. From here on nobody else of this program reaps the child.
    drop(started);
    // Before anybody can reap it: the number is the child's. Without one the sweep looks.
    let descriptor = sys::exit_descriptor(pid).ok();
    let exit = Exit::new(pid, descriptor, command.get_program(), leads_group, place);
    let mut child = Child::new(exit.clone(), on_drop);
    let (stdin, stdout, stderr) = pipes;
    let ours = (|| {
        child.stdin = stdin.map(ChildStdin::new).transpose()?;
        let stdout = merged.map(OwnedFd::from).or(stdout.map(OwnedFd::from));
        child.stdout = stdout.map(ChildStdout::new).transpose()?;
        child.stderr = stderr.map(ChildStderr::new).transpose()?;
        Ok(())
    })();
    exit.watch();
    match ours {
        Ok(()) => Ok(child),
        Err(error) => {
            // It runs already, without us at the other end of its pipes. Dropped, it is reaped.
            let _ = exit.signal(corio_signal::SignalKind::kill());
            child.detach();
            Err(refused(command, error))
        }
    }
}

/// Starts `command` with its output and its error in one pipe, whose reading end comes first.
fn spawn_merged(command: &mut StdCommand) -> (Option<PipeReader>, io::Result<StdChild>) {
    let ends = io::pipe().and_then(|(reader, writer)| Ok((reader, writer.try_clone()?, writer)));
    let (reader, stdout, stderr) = match ends {
        Ok(ends) => ends,
        Err(error) => return (None, Err(error)),
    };
    let started = command.stdout(stdout).stderr(stderr).spawn();
    // The command keeps what it was given, and the pipe would not end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    (Some(reader), started)
}

fn refused(command: &StdCommand, error: io::Error) -> io::Error {
    SpawnError::error(command.get_program(), command.get_current_dir(), error)
}
