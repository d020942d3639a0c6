//! [`Command`]: what is to be started, and how. Std's, with futures in place of what blocks.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::panic::Location;
use std::path::Path;
use std::process::{Command as StdCommand, CommandArgs, CommandEnvs, ExitStatus, Output, Stdio};

use corio_trace::action::Deed;

use crate::child::{Child, OnDrop};
use crate::deeds::{OutputDeed, StatusDeed};
use crate::spawn;

/// A program to be started, as [`std::process::Command`] has it.
///
/// ```
/// use corio_process::{Command, Stdio};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let output = Command::new("sh").args(["-c", "echo $0 $NAME"]).env("NAME", "you").output().await?;
/// assert_eq!(output.stdout, b"sh you\n");
///
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// child.stdin.as_mut().unwrap().write_all(b"a line\n").await?;
/// let output = child.wait_with_output().await?;
/// assert_eq!(output.stdout, b"a line\n");
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Starting blocks
/// For as long as the system takes to start the program, about a millisecond: nothing can be waited for
/// meanwhile. A loop that must not miss a millisecond starts children on another thread.
pub struct Command {
    std: StdCommand,
    stdin: Set,
    stdout: Set,
    stderr: Set,
    on_drop: OnDrop,
    leads_group: bool,
    begins_session: bool,
    /// Its error goes where its output goes.
    is_merged: bool,
}

/// Whether the program has said what one of the three standard streams is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    ByNobody,
    ByProgram,
}

impl Command {
    /// Starts `program`, looked up in `PATH` if it is a bare name, with no arguments, with this process's
    /// environment, folder and standard streams.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command::from(StdCommand::new(program))
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args<I>(&mut self, args: I) -> &mut Command
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        self.std.args(args);
        self
    }

    /// What the program is told that it is called, in place of its name.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.std.arg0(arg);
        self
    }

    /// Sets a variable of the child's environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.std.env(key, value);
        self
    }

    /// Sets variables of the child's environment.
    pub fn envs<I, K, V>(&mut self, variables: I) -> &mut Command
    where
        I: IntoIterator<Item = (K, V)>,
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of the child's environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.std.env_remove(key);
        self
    }

    /// Begins with an empty environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.std.env_clear();
        self
    }

    /// The child's folder.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Command {
        self.std.current_dir(folder);
        self
    }

    /// The child's standard input: [`Stdio::piped`], [`Stdio::null`], [`Stdio::inherit`], or a file, a pipe,
    /// any descriptor. Inherited unless said otherwise; null for [`Command::output`].
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Command {
        self.std.stdin(stdin);
        self.stdin = Set::ByProgram;
        self
    }

    /// The child's standard output. Inherited unless said otherwise; piped for [`Command::output`].
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Command {
        self.std.stdout(stdout);
        self.stdout = Set::ByProgram;
        self
    }

    /// The child's standard error. Inherited unless said otherwise; piped for [`Command::output`].
    ///
    /// For both in one pipe: [`Command::stderr_to_stdout`].
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Command {
        self.std.stderr(stderr);
        self.stderr = Set::ByProgram;
        self
    }

    /// Has the child write its error where it writes its output, in the order of its writes: asyncio's
    /// `stderr=STDOUT`. Both come through one pipe, which is [`Child::stdout`]; what was said by
    /// [`Command::stdout`] and [`Command::stderr`] does not hold.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let mut command = corio_process::create_subprocess_shell("echo out; echo err >&2");
    /// assert_eq!(command.stderr_to_stdout().output().await?.stdout, b"out\nerr\n");
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn stderr_to_stdout(&mut self) -> &mut Command {
        self.is_merged = true;
        self
    }

    /// The user the child becomes.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.std.uid(id);
        self
    }

    /// The group of users the child becomes one of.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.std.gid(id);
        self
    }

    /// The process group the child joins; 0: a new one, which it leads, and which
    /// [`Child::send_signal_to_group`] reaches. A Ctrl-C at the terminal does not reach other groups.
    pub fn process_group(&mut self, group: i32) -> &mut Command {
        self.std.process_group(group);
        self.leads_group = group == 0 || self.begins_session;
        self
    }

    /// Has the child begin a session, and with it a group, which it leads: asyncio's `start_new_session`.
    /// It has no terminal then. Takes the place of [`Command::process_group`].
    pub fn start_new_session(&mut self) -> &mut Command {
        if !self.begins_session {
            crate::pre_exec::new_session(&mut self.std);
        }
        self.begins_session = true;
        self.leads_group = true;
        self
    }

    /// Whether a child that is dropped while it runs is killed. Otherwise it runs on. Either way it is
    /// reaped.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Command {
        self.on_drop = if kill { OnDrop::Kill } else { OnDrop::LeaveIt };
        self
    }

    /// Starts the child.
    ///
    /// # Errors
    /// With [`SpawnError`](crate::SpawnError) inside, of the system's kind: no such program, no permission,
    /// no descriptors or processes left. Then there is no child.
    #[track_caller]
    pub fn spawn(&mut self) -> io::Result<Child> {
        let place = Location::caller();
        spawn::spawn(&mut self.std, self.on_drop, self.leads_group, self.is_merged, place)
    }

    /// Starts the child at once; the future waits for it. Pipes are closed.
    ///
    /// # Errors
    /// As [`Command::spawn`] and [`Child::wait`].
    ///
    /// # Cancel safety
    /// The child is dropped with the future: it runs on, or is [killed](Command::kill_on_drop).
    #[track_caller]
    pub fn status(&mut self) -> impl Future<Output = io::Result<ExitStatus>> + use<> {
        let child = self.spawn();
        StatusDeed::doing(async {
            let mut child = child?;
            child.stdout = None;
            child.stderr = None;
            child.wait().await
        })
    }

    /// Starts the child at once; the future reads its output and its error to their ends, and waits for it.
    ///
    /// # Errors
    /// As [`Command::spawn`] and [`Child::communicate`].
    ///
    /// # Cancel safety
    /// The child is dropped with the future: it runs on, or is [killed](Command::kill_on_drop).
    #[track_caller]
    pub fn output(&mut self) -> impl Future<Output = io::Result<Output>> + use<> {
        if self.stdin == Set::ByNobody {
            self.std.stdin(Stdio::null());
        }
        if self.stdout == Set::ByNobody {
            self.std.stdout(Stdio::piped());
        }
        if self.stderr == Set::ByNobody {
            self.std.stderr(Stdio::piped());
        }
        let child = self.spawn();
        // What this call alone has chosen does not last.
        if self.stdin == Set::ByNobody {
            self.std.stdin(Stdio::inherit());
        }
        if self.stdout == Set::ByNobody {
            self.std.stdout(Stdio::inherit());
        }
        if self.stderr == Set::ByNobody {
            self.std.stderr(Stdio::inherit());
        }
        OutputDeed::doing(async { child?.wait_with_output().await })
    }

    /// The program.
    pub fn get_program(&self) -> &OsStr {
        self.std.get_program()
    }

    /// Its arguments.
    pub fn get_args(&self) -> CommandArgs<'_> {
        self.std.get_args()
    }

    /// What was changed in its environment.
    pub fn get_envs(&self) -> CommandEnvs<'_> {
        self.std.get_envs()
    }

    /// Its folder, if one was set.
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.std.get_current_dir()
    }

    /// Std's command, for what this one does not have. Standard streams that are set there are not known
    /// here: [`Command::output`] sets them again.
    pub fn as_std_mut(&mut self) -> &mut StdCommand {
        &mut self.std
    }

    /// Std's command, to look at.
    pub fn as_std(&self) -> &StdCommand {
        &self.std
    }

    /// Std's command.
    pub fn into_std(self) -> StdCommand {
        self.std
    }
}

impl From<StdCommand> for Command {
    fn from(std: StdCommand) -> Command {
        Command {
            std,
            stdin: Set::ByNobody,
            stdout: Set::ByNobody,
            stderr: Set::ByNobody,
            on_drop: OnDrop::LeaveIt,
            leads_group: false,
            begins_session: false,
            is_merged: false,
        }
    }
}

/// As std's: the words of a shell's line.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}

/// asyncio's name for [`Command::new`] with [`args`](Command::args). What are keywords there are methods
/// here, and [`spawn`](Command::spawn) begins:
///
/// ```
/// use corio_process::{Stdio, create_subprocess_exec};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let mut process = create_subprocess_exec("echo", ["hello"]).stdout(Stdio::piped()).spawn()?;
/// let output = process.communicate(b"").await?;
/// assert_eq!((&output.stdout[..], process.wait().await?.code()), (&b"hello\n"[..], Some(0)));
/// # Ok(())
/// # })
/// # }
/// ```
pub fn create_subprocess_exec<I>(program: impl AsRef<OsStr>, args: I) -> Command
where
    I: IntoIterator<Item: AsRef<OsStr>>,
{
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// asyncio's name for a [`Command`] that has the shell run `line`: `/bin/sh -c line`. What comes from
/// outside has to be quoted, or given as a variable ([`Command::env`]), lest it be run.
///
/// ```
/// use corio_process::{create_subprocess_shell, returncode};
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let status = create_subprocess_shell("test $WORD = hello").env("WORD", "bye").status().await?;
/// assert_eq!(returncode(status), 1);
/// # Ok(())
/// # })
/// # }
/// ```
pub fn create_subprocess_shell(line: impl AsRef<OsStr>) -> Command {
    create_subprocess_exec("/bin/sh", [OsString::from("-c"), line.as_ref().to_owned()])
}

/// asyncio's `returncode`: the code a child has exited with, or, if a signal killed it, minus the signal's
/// number.
///
/// ```
/// use corio_process::returncode;
/// use std::os::unix::process::ExitStatusExt;
/// use std::process::ExitStatus;
///
/// assert_eq!(returncode(ExitStatus::from_raw(3 << 8)), 3);
/// assert_eq!(returncode(ExitStatus::from_raw(9)), -9); // SIGKILL
/// ```
pub fn returncode(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or_default()
}
