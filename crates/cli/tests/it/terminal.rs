//! A terminal that nobody looks at: what a program shows on it, and what it is told.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// How long a program may take for anything, on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// A terminal with a program in it.
pub(crate) struct Terminal {
    /// `None`: it has hung up.
    ours: Option<File>,
    reader: Option<JoinHandle<()>>,
    hangs_up: Arc<AtomicBool>,
    theirs: OwnedFd,
    screen: Arc<Mutex<vt100::Parser>>,
    child: Child,
}

impl Terminal {
    /// Runs `command` in a terminal of this size, which is its controlling one.
    pub(crate) fn start(command: &Command, columns: u16, rows: u16) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = rustix::fs::open(&name, flags, Mode::empty()).unwrap();
        resize(&theirs, columns, rows);
        // A session of its own, so that the terminal can tell it of a new size.
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            session.env(name, value.unwrap_or_default());
        }
        session.env("TERM", "xterm-256color");
        let side = || theirs.try_clone().unwrap();
        let child = session.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        drop(session);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let (from, to) = (File::from(ours.try_clone().unwrap()), Arc::clone(&screen));
        let hangs_up = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&hangs_up);
        let reader = std::thread::spawn(move || read(from, &to, &stops));
        let (ours, reader) = (Some(File::from(ours)), Some(reader));
        Terminal { ours, reader, hangs_up, theirs, screen, child }
    }

    /// Types.
    pub(crate) fn type_in(&self, text: &str) {
        let mut ours = self.ours.as_ref().expect("it has not hung up");
        ours.write_all(text.as_bytes()).unwrap();
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Goes away, as a window that is closed: the program is told so by a signal, and every use of it fails.
    pub(crate) fn hang_up(&mut self) {
        self.hangs_up.store(true, Ordering::Relaxed);
        self.reader.take().expect("it has not hung up").join().unwrap();
        self.ours = None;
    }

    /// A new size; what was shown is gone.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        *self.screen.lock().unwrap() = vt100::Parser::new(rows, columns, 0);
        resize(&self.theirs, columns, rows);
    }

    /// What is shown.
    pub(crate) fn shown(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until `text` is shown.
    pub(crate) fn until(&self, text: &str) {
        let due = Instant::now() + TIME_MAX;
        while !self.shown().contains(text) {
            assert!(Instant::now() < due, "{text:?} is not shown:\n{}", self.shown());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether a shell would find it as it left it: its own screen, the cursor, lines that are edited and letters
    /// that are shown.
    pub(crate) fn is_restored(&self) -> bool {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        let modes = tcgetattr(&self.theirs).unwrap().local_modes;
        let is_cooked = modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        is_cooked && !screen.alternate_screen() && !screen.hide_cursor()
    }

    /// Waits for the program's end, and says its status.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let due = Instant::now() + TIME_MAX;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What it wrote last is on its way to the screen, if there is one.
                while self.ours.is_some() && !self.is_restored() && Instant::now() < due {
                    std::thread::sleep(Duration::from_millis(10));
                }
                return status.code();
            }
            assert!(Instant::now() < due, "it runs on:\n{}", self.shown());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail for a child that has been waited for, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(terminal: &OwnedFd, columns: u16, rows: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}

/// Puts what comes onto the screen, until the terminal hangs up or nobody has its other side any more.
fn read(mut from: File, screen: &Mutex<vt100::Parser>, stops: &AtomicBool) {
    let glance = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    let mut chunk = [0; 4096];
    while !stops.load(Ordering::Relaxed) {
        if poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&glance)) == Ok(0) {
            continue;
        }
        match from.read(&mut chunk) {
            Ok(n @ 1..) => screen.lock().unwrap().process(&chunk[..n]),
            _ => break,
        }
    }
}
