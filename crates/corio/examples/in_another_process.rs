//! Work in another process, awaited like any job.
//!
//! A thread shares its memory with the loop and cannot be ended from outside. So code that may crash,
//! that leaks, or that has to be stopped when it hangs, runs better in a process of its own: its death is
//! an error and no more, and a cancelled job can kill it. The price is a start of a millisecond or more
//! for each, and that what goes there and back is copied as bytes. Plain computation is better off on
//! threads (`corio::run_in_executor` with rayon).
//!
//! The program starts itself as its worker: `cargo run -p corio --example in_another_process`.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use corio::blocking::{ToThread, is_cancelled};
use corio::sync::CapacityLimiter;

/// What tells the program that it is a worker.
const WORKER: &str = "--worker";

/// The most processes at a time: more than there are cores would only take them from each other.
const PROCESSES_MAX: usize = 2;

/// How often a job looks whether it is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(5);

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return work();
    }
    corio::run(async {
        let limiter = Arc::new(CapacityLimiter::new(PROCESSES_MAX));
        let mut answers = Vec::new();
        for number in [10, 20, 30] {
            answers.push(corio::spawn(elsewhere(limiter.clone(), number.to_string())));
        }
        for answer in answers {
            println!("{}", answer.await.unwrap()?);
        }
        let crash = elsewhere(limiter.clone(), "crash".to_owned()).await;
        println!("a crash there is an error here: {}", crash.unwrap_err());
        let hang = elsewhere(limiter, "hang".to_owned());
        // The timeout asks the job to end and waits for it; the job's own last word is the result.
        let killed = corio::timeout(Duration::from_millis(200), hang).await;
        let killed = killed.unwrap_or_else(|elapsed| Err(io::Error::other(elapsed)));
        println!("what hangs is killed: {}", killed.unwrap_err());
        Ok(())
    })
}

/// Has a worker of its own answer `question`.
async fn elsewhere(limiter: Arc<CapacityLimiter>, question: String) -> io::Result<String> {
    let job = ToThread::new().name("worker").limiter(limiter).run(move || ask(&question));
    job.await.map_err(io::Error::other)?
}

/// Starts a worker and waits for it, or kills it when nobody wants its answer any more.
fn ask(question: &str) -> io::Result<String> {
    let mut worker = Command::new(std::env::current_exe()?)
        .arg(WORKER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut to) = worker.stdin.take() {
        to.write_all(question.as_bytes())?;
    }
    let status = loop {
        if is_cancelled() {
            worker.kill()?;
        }
        match worker.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK_EVERY),
        }
    };
    let mut answer = String::new();
    if let Some(mut from) = worker.stdout.take() {
        from.read_to_string(&mut answer)?;
    }
    if status.success() { Ok(answer) } else { Err(io::Error::other(status.to_string())) }
}

/// The worker: reads a question, answers it, ends.
fn work() -> io::Result<()> {
    let question = io::read_to_string(io::stdin())?;
    match question.as_str() {
        "crash" => std::process::abort(),
        "hang" => loop {
            std::thread::park();
        },
        number => {
            let n: u64 = number.parse().map_err(io::Error::other)?;
            print!("the {n}th number of Fibonacci is {}", fibonacci(n));
            Ok(())
        }
    }
}

fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}
