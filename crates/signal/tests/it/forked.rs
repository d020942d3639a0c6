//! Ctrl-C in a copy of this process, in a process of its own: elsewhere tests answer Ctrl-C themselves.

use std::process::Command;

use corio_signal::interrupt;
use rustix::process::{Pid, WaitOptions, waitpid};

#[test]
#[ignore = "run by the test below, in a process of its own"]
#[expect(unsafe_code, reason = "foreign code forks")]
fn armed() {
    let interrupts = interrupt::arm().unwrap().expect("nobody else answers");
    // SAFETY: the copy makes two system calls, which are async-signal-safe.
    let copy = unsafe {
        let copy = libc::fork();
        if copy == 0 {
            libc::raise(libc::SIGINT);
            libc::_exit(7);
        }
        copy
    };
    let copy = Pid::from_raw(copy).expect("it forks");
    let (_, status) = waitpid(Some(copy), WaitOptions::empty()).unwrap().unwrap();
    assert_eq!(status.terminating_signal(), Some(libc::SIGINT));
    assert!(!interrupts.came() && !interrupt::has_come());
}

#[test]
fn a_copy_of_an_armed_process_dies_of_its_own_ctrl_c() {
    crate::default_actions::restore();
    let output = Command::new(std::env::current_exe().expect("this test's path"))
        .args(["--exact", "forked::armed", "--ignored", "--nocapture"])
        .output()
        .expect("it runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && out.contains("1 passed"), "{output:?}");
}
