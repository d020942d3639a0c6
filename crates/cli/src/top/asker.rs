//! The thread that asks the program: one question at a time, however long the answer takes.

use std::io;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use corio_inspect::{Report, client};

/// When a program counts as stopped, for a reader who waits for a new picture.
const ANSWER_MAX: Duration = Duration::from_secs(3);

/// Where to ask, and where answers come.
#[derive(Debug)]
pub(crate) struct Asker {
    questions: SyncSender<()>,
    answers: Receiver<io::Result<Report>>,
}

impl Asker {
    /// Begins the thread, which ends with this.
    pub(crate) fn start(pid: u32) -> io::Result<Asker> {
        let (questions, asked) = mpsc::sync_channel(1);
        let (answer, answers) = mpsc::channel();
        thread::Builder::new().name("corio-top".to_owned()).spawn(move || {
            while asked.recv().is_ok() {
                if answer.send(client::ask_within(pid, ANSWER_MAX)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Asker { questions, answers })
    }

    /// Asks, unless the question before this one waits still.
    pub(crate) fn ask(&self) {
        let _ = self.questions.try_send(());
    }

    /// What has been answered.
    pub(crate) fn answer(&self) -> Option<io::Result<Report>> {
        self.answers.try_recv().ok()
    }
}
