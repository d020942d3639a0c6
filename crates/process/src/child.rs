//! [`Child`]: a child process as its owner has it.
//!
//! It owns the pipes; everything else is in `exit`, which its handles and its watch share.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::pin;
use std::process::{ExitStatus, Output};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use corio_signal::SignalKind;
use corio_trace::action::Deed;
use corio_trace::emit::TARGET_PROCESS;

use crate::communicate::Exchange;
use crate::deeds::{
    CommunicateDeed, KillDeed, TerminateDeed, TerminateGroupDeed, WaitWithOutputDeed,
};
use crate::exit::Exit;
use crate::handle::ChildHandle;
use crate::pipes::{ChildStderr, ChildStdin, ChildStdout};
use crate::wait::Wait;

/// A child process; made by [`Command::spawn`](crate::Command::spawn).
///
/// ```
/// use corio_process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let mut child = Command::new("sh").args(["-c", "exit 3"]).spawn()?;
/// assert_eq!(child.wait().await?.code(), Some(3));
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # It is always reaped
/// As soon as the child has ended, whether or not anybody waits: no zombie is left. Its loop hears of the
/// end, and so does the fallback thread of `corio-base`, so the child is reaped also while the loop is
/// blocked, when it does not run, and when it has ended. Dropped while the child runs, it leaves it running
/// (see [`kill_on_drop`](crate::Command::kill_on_drop)), and it is reaped all the same. In debug mode such
/// a drop is reported on the log target `corio::process`; [`Child::detach`] says that it is meant.
///
/// Dropped in a copy of this process that foreign code has forked off, it closes the copy's ends of the
/// pipes and nothing else: the child is the original's.
///
/// # Statuses
/// They are std's: a child that was killed by a signal has no [`code`](ExitStatus::code) but a
/// [`signal`](std::os::unix::process::ExitStatusExt::signal); asyncio's `returncode` is
/// [`returncode`](crate::returncode()).
pub struct Child {
    /// Where the child's standard input is written, if it was [piped](crate::Stdio::piped).
    pub stdin: Option<ChildStdin>,
    /// Where the child's standard output is read, if it was piped.
    pub stdout: Option<ChildStdout>,
    /// Where the child's standard error is read, if it was piped.
    pub stderr: Option<ChildStderr>,
    exit: Arc<Exit>,
    on_drop: OnDrop,
    /// The process whose child it is: a copy of that, made by foreign code's `fork`, has this object too.
    parent: u32,
}

/// How long after its leader's end a group is looked at again, at first: mostly all of it ends at once.
const GROUP_PAUSE_MIN: Duration = Duration::from_millis(1);
/// And at most: later than this nobody wants to hear that it has ended.
const GROUP_PAUSE_MAX: Duration = Duration::from_millis(50);

/// What happens to a child that runs when its owner is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDrop {
    Kill,
    /// Debug mode tells of it.
    LeaveIt,
    Detach,
}

impl Child {
    pub(crate) fn new(exit: Arc<Exit>, on_drop: OnDrop) -> Child {
        let parent = std::process::id();
        Child { stdin: None, stdout: None, stderr: None, exit, on_drop, parent }
    }

    /// The number of the process. Once the child is reaped, the system may give it to another one: to
    /// signal the child, use [`Child::send_signal`] and its like, never this.
    #[doc(alias = "pid")]
    pub fn id(&self) -> u32 {
        self.exit.id()
    }

    /// For waiting and signalling from elsewhere, by any number of tasks and threads.
    pub fn handle(&self) -> ChildHandle {
        ChildHandle::new(self.exit.clone())
    }

    /// Waits until the child has ended, after closing its standard input, lest it wait for that.
    ///
    /// It is ready when the child itself has ended, also if another process (a grandchild) holds on to
    /// its pipes. What the child has written stays in the pipes and can be read after it. A child that
    /// writes more than a pipe holds, and whose pipe nobody reads, never ends: see
    /// [`Child::communicate`].
    ///
    /// # Errors
    /// With [`StatusLost`](crate::StatusLost) inside, if foreign code has taken the child's status.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten. The child runs on, and can be waited for again.
    #[track_caller]
    pub fn wait(&mut self) -> Wait<'_> {
        self.stdin = None;
        Wait::new(&self.exit)
    }

    /// How the child has ended; `None` if it runs. Closes nothing.
    ///
    /// # Errors
    /// As [`Child::wait`].
    #[doc(alias("returncode", "poll"))]
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.exit.try_wait()
    }

    /// Waits for the child, and reads what it writes to its pipes, to their end.
    ///
    /// # Errors
    /// As [`Child::communicate`].
    ///
    /// # Cancel safety
    /// The child is dropped with the future: see [`Child`] for what that means.
    #[track_caller]
    pub fn wait_with_output(self) -> impl Future<Output = io::Result<Output>> {
        WaitWithOutputDeed::doing(async move {
            let mut this = self;
            this.communicate(&[]).await
        })
    }

    /// Writes `input` to the child's standard input and closes that, reads its pipes to their end, all at
    /// the same time, and then waits for it. What is not piped is left empty.
    ///
    /// A child that reads only a part of its input is no error: what it does not read is thrown away, as
    /// asyncio does. A grandchild that holds a pipe open holds this up; [`Child::wait`] does not care.
    ///
    /// ```
    /// use corio_process::{Command, Stdio};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    /// let output = sort.communicate(b"b\na\n").await?;
    /// assert_eq!(output.stdout, b"a\nb\n");
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` if there is input and the standard input is not piped (or was taken); what the system
    /// says; and as [`Child::wait`].
    ///
    /// # Cancel safety
    /// The child runs on. What was read is lost, the rest can be read after it; how much of the input was
    /// written is not known, and its pipe is closed.
    #[track_caller]
    pub fn communicate(&mut self, input: &[u8]) -> impl Future<Output = io::Result<Output>> {
        CommunicateDeed::doing(async move {
            let stdin = self.stdin.take();
            if stdin.is_none() && !input.is_empty() {
                let (id, program, length) = (self.id(), self.exit.program().display(), input.len());
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "there are {length} bytes for child {id} (`{program}`), whose standard input is not \
                     piped, or was taken: set `Command::stdin(Stdio::piped())`",
                    ),
                ));
            }
            let exchange = Exchange::new(stdin, input, self.stdout.as_ref(), self.stderr.as_ref());
            let (stdout, stderr) = exchange.await?;
            let status = self.wait().await?;
            Ok(Output { status, stdout, stderr })
        })
    }

    /// Kills the child (`SIGKILL`) and waits for it. One that has ended already is only waited for.
    ///
    /// # Errors
    /// As [`Child::send_signal`] and [`Child::wait`].
    ///
    /// # Cancel safety
    /// The signal is sent by the first poll; dropped after that, only the waiting ends.
    #[track_caller]
    pub fn kill(&mut self) -> impl Future<Output = io::Result<()>> {
        KillDeed::doing(async move {
            self.start_kill()?;
            self.wait().await.map(drop)
        })
    }

    /// Kills the child (`SIGKILL`), and does not wait for its end. Its own children live on.
    ///
    /// # Errors
    /// As [`Child::send_signal`].
    pub fn start_kill(&self) -> io::Result<()> {
        self.exit.signal(SignalKind::kill())
    }

    /// Asks the child to end (`SIGTERM`); it may do something before, or ignore it.
    ///
    /// # Errors
    /// As [`Child::send_signal`].
    pub fn terminate(&self) -> io::Result<()> {
        self.exit.signal(SignalKind::terminate())
    }

    /// Asks the child to end (`SIGTERM`), waits for `grace` at most, then kills it (`SIGKILL`), and gives
    /// its status: so a child that ignores the request ends, too.
    ///
    /// ```
    /// use std::os::unix::process::ExitStatusExt;
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let mut child = corio_process::Command::new("sleep").arg("60").spawn()?;
    /// let status = child.terminate_with_grace(Duration::from_secs(5)).await?;
    /// assert_eq!(status.signal(), Some(15)); // it did as it was asked
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Child::send_signal`] and [`Child::wait`].
    ///
    /// # Cancel safety
    /// Dropped in the grace, it kills nobody: the child has been asked, and runs for as long as it likes.
    #[track_caller]
    pub fn terminate_with_grace(
        &mut self,
        grace: Duration,
    ) -> impl Future<Output = io::Result<ExitStatus>> {
        TerminateDeed::doing(async move {
            self.terminate()?;
            let ended = {
                let mut wait = self.wait();
                let mut sleep = pin!(corio_timer::sleep(grace).unrecorded());
                std::future::poll_fn(|context| {
                    if let Poll::Ready(ended) = std::pin::Pin::new(&mut wait).poll(context) {
                        return Poll::Ready(Some(ended));
                    }
                    sleep.as_mut().poll(context).map(|_| None)
                })
                .await
            };
            match ended {
                Some(ended) => ended,
                None => {
                    self.start_kill()?;
                    self.wait().await
                }
            }
        })
    }

    /// Sends a signal to the child, and to nobody else: also if the child ends at this moment and its number
    /// is given away, no other process gets the signal. A child that has ended takes none, and that is no
    /// error: it may end at any moment.
    ///
    /// ```
    /// use corio_process::{Command, SignalKind};
    /// use std::os::unix::process::ExitStatusExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let mut child = Command::new("sleep").arg("60").spawn()?;
    /// child.send_signal(SignalKind::hangup())?;
    /// assert_eq!(child.wait().await?.signal(), Some(1));
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a number that is no signal here; `PermissionDenied` if the child has become
    /// another user's.
    pub fn send_signal(&self, kind: SignalKind) -> io::Result<()> {
        self.exit.signal(kind)
    }

    /// Sends a signal to the child and all that are in its group, which mostly are its own children. It
    /// must lead a group ([`Command::process_group`](crate::Command::process_group)`(0)`, or a session).
    ///
    /// Once the child itself has ended, Linux from 6.9 on still tells its group from another one that has
    /// got its number, and the signal goes to what is left of it; elsewhere nothing is sent then. To end a
    /// whole tree: [`Child::terminate_group_with_grace`].
    ///
    /// # Errors
    /// `InvalidInput` if the child leads no group; and as [`Child::send_signal`].
    pub fn send_signal_to_group(&self, kind: SignalKind) -> io::Result<()> {
        self.exit.signal_group(kind)
    }

    /// Asks the child's whole [group](Child::send_signal_to_group) to end (`SIGTERM`), waits for `grace` at
    /// most until nothing of it is left, then kills what is left (`SIGKILL`), and gives the child's status:
    /// so nothing of what it has started survives, be the child itself ever so obedient.
    ///
    /// ```
    /// use corio_process::{Stdio, create_subprocess_shell};
    /// use std::time::Duration;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let mut command = create_subprocess_shell("(trap '' TERM; echo up; sleep 60) & wait");
    /// let mut tree = command.process_group(0).stdout(Stdio::piped()).spawn()?;
    /// let pipe = tree.stdout.take().unwrap();
    /// assert_eq!(pipe.read(&mut [0; 8]).await?, 3);
    /// tree.terminate_group_with_grace(Duration::from_millis(50)).await?;
    /// assert_eq!(pipe.read(&mut [0; 8]).await?, 0); // nobody is left who could write to it
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// Where a group cannot be told from another one once its leader has ended (before Linux 6.9, and on
    /// other systems), the rest is killed as soon as the child itself has ended.
    ///
    /// # Errors
    /// As [`Child::send_signal_to_group`] and [`Child::wait`].
    ///
    /// # Cancel safety
    /// Dropped in the grace, it kills nobody: the group has been asked. To kill it then, send
    /// `SignalKind::kill()` to it.
    #[track_caller]
    pub fn terminate_group_with_grace(
        &mut self,
        grace: Duration,
    ) -> impl Future<Output = io::Result<ExitStatus>> {
        TerminateGroupDeed::doing(async move {
            if !self.exit.can_name_group() {
                self.exit.take_group_along();
            }
            self.exit.signal_group(SignalKind::terminate())?;
            let mut sleep = pin!(corio_timer::sleep(grace).unrecorded());
            let over = {
                let mut gone = pin!(self.group_is_gone());
                std::future::poll_fn(|context| match gone.as_mut().poll(context) {
                    Poll::Ready(result) => Poll::Ready(result.map(|()| false)),
                    Poll::Pending => sleep.as_mut().poll(context).map(|_| Ok(true)),
                })
                .await?
            };
            if over {
                self.exit.signal_group(SignalKind::kill())?;
            }
            self.wait().await
        })
    }

    /// Waits until the child has ended and nothing of its group is left, as far as that can be known. No
    /// event tells the latter.
    async fn group_is_gone(&mut self) -> io::Result<()> {
        self.wait().await?;
        let mut pause = GROUP_PAUSE_MIN;
        while self.exit.group_is_left() {
            let _ = corio_timer::sleep(pause).await;
            pause = (2 * pause).min(GROUP_PAUSE_MAX);
        }
        Ok(())
    }

    /// Lets the child run on by itself; it is reaped when it ends. What is dropping it, but says that it is
    /// meant: [`kill_on_drop`](crate::Command::kill_on_drop) does not hold, and debug mode is silent.
    pub fn detach(mut self) {
        self.on_drop = OnDrop::Detach;
    }

    /// Where it was spawned.
    pub fn location(&self) -> &'static Location<'static> {
        self.exit.place()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            // It is not this process's child.
            return;
        }
        if let Ok(Some(_)) | Err(_) = self.try_wait() {
            return;
        }
        match self.on_drop {
            // It may have ended by now, and then there is nothing to be told.
            OnDrop::Kill => drop(self.start_kill()),
            OnDrop::LeaveIt => corio_trace::report_warning(
                TARGET_PROCESS,
                format_args!(
                    "ResourceWarning: unclosed {self:?} spawned at {}: it runs on; wait for it, kill it, \
                     or say `detach`",
                    self.location(),
                ),
            ),
            OnDrop::Detach => {}
        }
    }
}

/// `<Child 4711 'sleep'>`, and how it has ended. Its arguments are withheld: they may hold secrets.
impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exit.fmt_as("Child", f)
    }
}
