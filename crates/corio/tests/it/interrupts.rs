//! Ctrl-C: each test is run in a process of its own, which sends the signal to itself.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::time::Duration;

use corio::Runner;
use corio::cancel::catch;

use crate::util::{assert_passed, in_child, in_child_of, inside_child};

/// As a terminal does, but only to this process.
fn interrupt_self() {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    // It may be another thread that is interrupted, which takes a moment.
    std::thread::sleep(Duration::from_millis(20));
}

/// Waits for longer than any test lasts.
async fn for_ever() {
    corio::sleep(Duration::from_secs(3600)).await;
}

#[track_caller]
fn assert_died_of_sigint(output: &Output, said: &[&str]) {
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.signal(), Some(2), "{:?}\n{out}", output.status);
    for said in said {
        assert!(out.contains(said), "{said:?} is missing in: {out}");
    }
}

#[test]
fn the_first_one_cancels_main_and_the_process_dies_of_it() {
    if inside_child() {
        corio::run(async {
            drop(corio::spawn(async {
                let Err(cancelled) = catch(for_ever()).await else { return };
                corio::sleep(Duration::from_millis(1)).await;
                println!("a task's cleanup");
                cancelled.resume().await
            }));
            corio::yield_now().await;
            interrupt_self();
            let Err(cancelled) = catch(for_ever()).await else { return };
            println!("main: {cancelled}");
            assert_eq!(corio::task::current().unwrap().cancelling(), 1);
            corio::sleep(Duration::from_millis(1)).await;
            println!("main's cleanup");
            cancelled.resume().await
        });
        unreachable!("the process has ended");
    }
    let output = in_child("interrupts::the_first_one_cancels_main_and_the_process_dies_of_it", &[]);
    assert_died_of_sigint(
        &output,
        &["main: cancelled: interrupted by Ctrl-C", "main's cleanup", "a task's cleanup"],
    );
}

#[test]
fn the_second_one_ends_the_process_at_once() {
    if inside_child() {
        corio::run(async {
            interrupt_self();
            let Err(_cancelled) = catch(for_ever()).await else { return };
            println!("cleaning up");
            interrupt_self();
            // It dies here, in a poll that never ends.
            std::thread::sleep(Duration::from_secs(3600));
        });
    }
    let output = in_child("interrupts::the_second_one_ends_the_process_at_once", &[]);
    assert_died_of_sigint(&output, &["cleaning up"]);
}

#[test]
fn one_at_the_end_of_the_run_ends_the_process_at_once() {
    if inside_child() {
        corio::run(async {
            drop(corio::spawn(async {
                let Err(_cancelled) = catch(for_ever()).await else { return };
                println!("hanging");
                interrupt_self();
                for_ever().await;
            }));
            corio::yield_now().await;
        });
    }
    let output = in_child("interrupts::one_at_the_end_of_the_run_ends_the_process_at_once", &[]);
    assert_died_of_sigint(&output, &["hanging"]);
}

#[test]
fn a_main_that_swallows_it_returns() {
    if inside_child() {
        for _ in 0..2 {
            let value = corio::run(async {
                interrupt_self();
                match catch(for_ever()).await {
                    Err(cancelled) => {
                        cancelled.suppress();
                        assert_eq!(corio::task::current().unwrap().cancelling(), 0);
                        corio::sleep(Duration::from_millis(1)).await;
                        7
                    }
                    Ok(()) => 0,
                }
            });
            assert_eq!(value, 7, "and the next run hears of the next one");
        }
        return;
    }
    assert_passed(&in_child("interrupts::a_main_that_swallows_it_returns", &[]));
}

#[test]
fn try_run_gives_it_as_an_error() {
    if inside_child() {
        let error = corio::try_run(async {
            interrupt_self();
            for_ever().await;
        })
        .unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("interrupted by Ctrl-C"));
        return;
    }
    assert_passed(&in_child("interrupts::try_run_gives_it_as_an_error", &[]));
}

#[test]
fn a_busy_main_is_cancelled_at_a_yield() {
    if inside_child() {
        let runner = Runner::new().unwrap();
        runner.event_loop().call_later(Duration::from_millis(1), interrupt_self);
        runner.run(async {
            loop {
                corio::yield_now().await;
            }
        });
    }
    assert_died_of_sigint(&in_child("interrupts::a_busy_main_is_cancelled_at_a_yield", &[]), &[]);
}

#[test]
fn what_main_awaits_is_cancelled_with_it() {
    if inside_child() {
        let runner = Runner::new().unwrap();
        let (_promise, eventual) = runner.event_loop().create_future::<u32, u32>();
        runner.event_loop().call_later(Duration::from_millis(1), interrupt_self);
        let error = runner.try_run((&eventual).into_future()).unwrap_err();
        assert!(error.is_cancelled() && eventual.is_cancelled());
        return;
    }
    assert_passed(&in_child("interrupts::what_main_awaits_is_cancelled_with_it", &[]));
}

#[test]
fn another_cancel_is_not_taken_for_it() {
    if inside_child() {
        let error = corio::try_run(async {
            corio::task::current().unwrap().cancel("first");
            interrupt_self();
            for_ever().await;
        })
        .unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("first"));
        return;
    }
    assert_passed(&in_child("interrupts::another_cancel_is_not_taken_for_it", &[]));
}

#[test]
fn after_the_run_the_default_action_is_back() {
    if inside_child() {
        corio::run(async {});
        println!("between");
        interrupt_self();
        std::thread::sleep(Duration::from_secs(3600));
    }
    let output = in_child("interrupts::after_the_run_the_default_action_is_back", &[]);
    assert_died_of_sigint(&output, &["between"]);
}

#[test]
fn a_program_that_awaits_ctrl_c_answers_it_itself() {
    if inside_child() {
        corio::run(async {
            let ctrl_c = corio::signal::ctrl_c();
            interrupt_self();
            ctrl_c.await.unwrap();
            assert_eq!(corio::task::current().unwrap().cancelling(), 0);
        });
        // Also in later runs.
        corio::run(async {
            interrupt_self();
            corio::sleep(Duration::from_millis(20)).await;
        });
        return;
    }
    assert_passed(&in_child("interrupts::a_program_that_awaits_ctrl_c_answers_it_itself", &[]));
}

#[test]
fn one_run_at_a_time_has_it() {
    if inside_child() {
        let error = corio::try_run(async {
            let other =
                std::thread::spawn(|| corio::try_run(corio::sleep(Duration::from_millis(200))));
            corio::sleep(Duration::from_millis(50)).await;
            interrupt_self();
            let Err(cancelled) = catch(for_ever()).await else { return };
            other.join().unwrap().unwrap();
            cancelled.resume().await
        })
        .unwrap_err();
        assert!(error.is_cancelled());
        return;
    }
    assert_passed(&in_child("interrupts::one_run_at_a_time_has_it", &[]));
}

/// As `nohup` does with another signal, and a shell with what it starts with `&`.
#[test]
fn a_process_that_was_started_to_ignore_it_goes_on_doing_so() {
    if inside_child() {
        corio::run(async {
            interrupt_self();
            corio::yield_now().await;
            assert_eq!(corio::task::current().unwrap().cancelling(), 0);
        });
        return;
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT; exec \"$@\"", "sh"]).arg(std::env::current_exe().unwrap());
    let test = "interrupts::a_process_that_was_started_to_ignore_it_goes_on_doing_so";
    assert_passed(&in_child_of(&mut shell, test, &[]));
}
