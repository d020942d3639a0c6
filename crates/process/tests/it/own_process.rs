//! What changes a whole process (signal actions, limits, foreign code that waits for any child): each case
//! in a process of its own.

use corio_process::{Command, StatusLost, Stdio};
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit, wait};

use crate::kept_log::{keep_log, logged};
use crate::util::{assert_goes_away, block_on, cat, in_own_process, poll_once, sh};

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn reaped_by_others() {
    let mut child = sh("read line; exit 3").stdin(Stdio::piped()).spawn().unwrap();
    let handle = child.handle();
    let foreign = std::thread::spawn(|| wait(WaitOptions::empty()));
    // A thread that blocks in the system: nothing tells when it does.
    std::thread::sleep(std::time::Duration::from_millis(20));
    drop(child.stdin.take());
    let taken = foreign.join().unwrap();
    // Who of the two was quicker is not known.
    match block_on(child.wait()) {
        Ok(status) => assert_eq!((status.code(), taken.is_err()), (Some(3), true)),
        Err(error) => {
            let lost = error.get_ref().and_then(|inner| inner.downcast_ref::<StatusLost>());
            assert_eq!(lost.expect("its type").id(), child.id());
            assert!(error.to_string().contains("no `waitpid(-1)` beside corio"), "{error}");
            assert!(block_on(handle.wait()).is_err() && child.try_wait().is_err());
            assert!(format!("{child:?}").contains("its status lost"), "{child:?}");
            child.start_kill().unwrap();
        }
    }
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
#[expect(unsafe_code, reason = "std does not set what signals do")]
fn sigchld_ignored() {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let mut child = cat();
    let error = block_on(child.wait()).unwrap_err();
    assert!(error.to_string().contains("do not have SIGCHLD ignored"), "{error}");
    assert!(block_on(sh("exit 1").status()).is_err());
}

#[test]
fn a_process_that_ignores_its_children_hears_of_their_end_and_not_how() {
    in_own_process("own_process::sigchld_ignored");
}

#[test]
fn foreign_code_that_reaps_our_child_makes_an_error_and_no_hang() {
    for _ in 0..5 {
        in_own_process("own_process::reaped_by_others");
    }
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn no_descriptors() {
    // Something to start from: the reactor, the process's own thread.
    block_on(sh("true").status()).unwrap();
    let limit = getrlimit(Resource::Nofile);
    let mut held = Vec::new();
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limit }).unwrap();
    while let Ok(file) = std::fs::File::open("/") {
        held.push(file);
    }
    let error = sh("true").stdout(Stdio::piped()).spawn().unwrap_err();
    assert!(error.to_string().starts_with("cannot start `sh`: "), "{error}");
    assert!(error.to_string().contains("ulimit -n"), "{error}");
    // None is needed for this: without one the child is looked at again and again.
    let mut started = 0;
    let status = loop {
        match sh("exit 9").spawn() {
            Ok(mut child) => break block_on(child.wait()).unwrap(),
            // Std may need one or two to start it.
            Err(_) => drop(held.pop()),
        }
        started += 1;
        assert!(started < 5);
    };
    assert_eq!(status.code(), Some(9));
    drop(held);
    block_on(sh("true").output()).unwrap();
}

#[test]
fn without_descriptors_the_error_says_so_and_the_program_goes_on() {
    in_own_process("own_process::no_descriptors");
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn no_zombies() {
    let ids: Vec<_> = (0..200)
        .map(|number| {
            let mut child = cat();
            match number % 4 {
                0 => drop(child.stdin.take()),
                1 => assert!(poll_once(&mut child.wait()).is_pending() || number > 0),
                2 => child.start_kill().unwrap(),
                _ => {}
            }
            child.id()
        })
        .collect();
    ids.into_iter().for_each(assert_goes_away);
    // Nobody is left whom one could wait for.
    assert!(wait(WaitOptions::NOHANG).is_err());
}

#[test]
fn of_many_dropped_children_none_is_left() {
    in_own_process("own_process::no_zombies");
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
#[expect(unsafe_code, reason = "foreign code forks")]
fn forked() {
    let mut child =
        sh("echo here; exec cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 5];
    block_on(child.stdout.as_ref().unwrap().read(&mut said)).unwrap();
    // SAFETY: the copy makes one system call, which is async-signal-safe, until it is killed.
    let copy = unsafe {
        let copy = libc::fork();
        if copy == 0 {
            loop {
                libc::pause();
            }
        }
        copy
    };
    let copy = rustix::process::Pid::from_raw(copy).expect("it forks");
    // The copy holds every descriptor that we had: pipes do not end, and children do.
    drop(child.stdin.take());
    child.terminate().unwrap();
    block_on(async {
        assert!(!child.wait().await.unwrap().success());
        assert_eq!(child.stdout.as_ref().unwrap().read(&mut said).await.unwrap(), 0);
        // What is started later has nothing to do with it.
        assert_eq!(sh("cat; echo later").output().await.unwrap().stdout, b"later\n");
    });
    rustix::process::kill_process(copy, rustix::process::Signal::KILL).unwrap();
    rustix::process::waitpid(Some(copy), WaitOptions::empty()).unwrap();
}

#[test]
fn a_copy_of_this_process_that_foreign_code_forks_holds_nobody_up() {
    in_own_process("own_process::forked");
}

#[test]
#[ignore = "run by the test below, in a process of its own"]
#[expect(unsafe_code, reason = "foreign code forks")]
fn dropped_in_a_copy() {
    let mut command = Command::new("cat");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    // The loop watches: what the copy takes back would be taken back here, too.
    assert!(poll_once(&mut child.handle().wait()).is_pending());
    // SAFETY: what the copy does takes no lock that another thread may hold: the threads of this process
    // sleep. It ends without cleaning up.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        drop(child);
        // SAFETY: ends this copy.
        unsafe { libc::_exit(0) };
    }
    let copy = rustix::process::Pid::from_raw(copy).expect("it forks");
    rustix::process::waitpid(Some(copy), WaitOptions::empty()).unwrap();
    assert!(child.try_wait().unwrap().is_none(), "the copy has killed it");
    block_on(async {
        child.stdin.as_ref().unwrap().write_all(b"here").await.unwrap();
        let mut said = [0; 4];
        assert_eq!(child.stdout.as_ref().unwrap().read(&mut said).await.unwrap(), 4);
        assert!(child.wait().await.unwrap().success());
    });
}

#[test]
fn a_copy_of_this_process_that_drops_a_child_neither_kills_it_nor_hides_its_end() {
    in_own_process("own_process::dropped_in_a_copy");
}

/// Has the system refuse pidfds to this process, as old ones and many sandboxes do.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no library forbids a single call")]
fn forbid_pidfds() {
    const ALLOW: u32 = 0x7fff_0000;
    const REFUSE: u32 = 0x0005_0000 | libc::EPERM as u32;
    let code = |bits: u32| bits as u16;
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let end = libc::BPF_RET | libc::BPF_K;
    let step = |bits, jt, jf, k| libc::sock_filter { code: code(bits), jt, jf, k };
    let mut steps = [
        // The number of the call is what the record begins with.
        step(load, 0, 0, 0),
        step(jump, 1, 0, libc::SYS_pidfd_open as u32),
        step(end, 0, 0, ALLOW),
        step(end, 0, 0, REFUSE),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the program is read during the call, and what it points to lives.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program), 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn without_pidfds() {
    forbid_pidfds();
    block_on(async {
        let ended = sh("exit 3").status().await.unwrap();
        assert_eq!(ended.code(), Some(3));
        let output = sh("cat; echo err >&2").output().await.unwrap();
        assert_eq!(output.stderr, b"err\n");
        let mut child = cat();
        child.terminate().unwrap();
        assert!(!child.wait().await.unwrap().success());
        child.terminate().unwrap();
        let mut tree = sh("(trap '' TERM; echo up; exec sleep 600) & wait");
        let mut tree = tree.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let pipe = tree.stdout.take().unwrap();
        assert_eq!(pipe.read(&mut [0; 8]).await.unwrap(), 3);
        tree.terminate_group_with_grace(std::time::Duration::from_secs(60)).await.unwrap();
        assert_eq!(pipe.read(&mut [0; 8]).await.unwrap(), 0);
    });
    let killed = Command::new("sleep").arg("600").kill_on_drop(true).spawn().unwrap().id();
    let dropped = sh("exit 0").spawn().unwrap().id();
    [killed, dropped].into_iter().for_each(assert_goes_away);
}

#[cfg(target_os = "linux")]
#[test]
fn where_the_system_refuses_pidfds_children_are_reaped_and_signalled_all_the_same() {
    in_own_process("own_process::without_pidfds");
}

#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn warnings() {
    keep_log(log::LevelFilter::Trace);
    let lines = || logged(" corio::process: ");
    let sleep = || {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    };
    let killed = |child: corio_process::Child| {
        let handle = child.handle();
        drop(child);
        handle.start_kill().unwrap();
        block_on(handle.wait()).unwrap();
    };
    killed(sleep().spawn().unwrap());
    assert!(lines().is_empty(), "debug mode is off");
    corio_trace::set_enabled(true);
    let (child, line) = (sleep().spawn().unwrap(), line!());
    let id = child.id();
    killed(child);
    let expected = format!(
        "WARN corio::process: ResourceWarning: unclosed <Child {id} 'sleep' running> spawned at "
    );
    let said = lines();
    assert!(said.len() == 1 && said[0].starts_with(&expected), "{said:?}");
    assert!(said[0].contains(&format!("own_process.rs:{line}:")), "{said:?}");
    assert!(!said[0].contains("600"), "arguments are withheld: {said:?}");
    // None of these is a mistake.
    let child = sleep().spawn().unwrap();
    let handle = child.handle();
    child.detach();
    handle.start_kill().unwrap();
    drop(sleep().kill_on_drop(true).spawn().unwrap());
    let mut ended = sh("true").spawn().unwrap();
    block_on(ended.wait()).unwrap();
    drop(ended);
    assert_eq!(lines(), said);
}

#[test]
fn in_debug_mode_a_dropped_child_that_runs_is_told_of() {
    in_own_process("own_process::warnings");
}
