//! `corio top` in a terminal: what it shows, what keys do, and that it leaves the terminal as it was.

use rustix::process::Signal;

use crate::target::Target;
use crate::terminal::Terminal;

fn top(target: &Target) -> Terminal {
    let mut command = target.corio();
    command.args(["top", &target.pid().to_string()]);
    let terminal = Terminal::start(&command, 120, 30);
    terminal.until("q quit");
    assert!(!terminal.is_restored());
    terminal
}

fn check_restored(terminal: &mut Terminal) {
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_restored(), "{}", terminal.shown());
}

#[test]
fn it_shows_the_program_and_gives_the_terminal_back() {
    let target = Target::start("shows");
    // Ctrl-C is a key here.
    for key in ["q", "\u{3}"] {
        let mut terminal = top(&target);
        terminal.until(&format!("(process {})", target.pid()));
        terminal.until("3 tasks");
        terminal.until("join");
        terminal.type_in(key);
        check_restored(&mut terminal);
    }
}

#[test]
fn keys_search_and_choose() {
    let target = Target::start("keys");
    let mut terminal = top(&target);
    terminal.type_in("/PARENT\r");
    terminal.until("PARENT");
    terminal.type_in("j");
    terminal.until("spawned at");
    terminal.type_in("f");
    terminal.until("FROZEN");
    terminal.type_in("q");
    check_restored(&mut terminal);
}

#[test]
fn a_new_size_is_drawn_at_once() {
    let target = Target::start("size");
    let mut terminal = top(&target);
    for (columns, rows) in [(40, 10), (200, 50), (1, 1), (120, 30)] {
        terminal.resize(columns, rows);
        if columns >= 40 {
            terminal.until("q quit");
        }
    }
    terminal.type_in("q");
    check_restored(&mut terminal);
}

#[test]
fn a_program_that_ends_stays_as_it_was_last() {
    let mut target = Target::start("ends");
    let mut terminal = top(&target);
    target.end();
    terminal.until("as it was last");
    terminal.until("there is no process");
    terminal.type_in("q");
    check_restored(&mut terminal);
}

#[test]
fn keys_are_heard_while_the_program_is_stopped() {
    let target = Target::start("stopped");
    let mut terminal = top(&target);
    target.signal(Signal::STOP);
    terminal.until("no answer");
    // The next question is under way; nobody waits for it.
    terminal.type_in("q");
    check_restored(&mut terminal);
    target.signal(Signal::CONT);
}

#[test]
fn a_signal_gives_the_terminal_back_and_is_the_status() {
    let target = Target::start("signals");
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut terminal = top(&target);
        terminal.signal(signal);
        assert_eq!(terminal.ended(), Some(128 + signal.as_raw()));
        assert!(terminal.is_restored(), "{signal:?}: {}", terminal.shown());
    }
}

#[test]
fn a_signal_is_heard_while_the_program_is_stopped() {
    let target = Target::start("both");
    let mut terminal = top(&target);
    target.signal(Signal::STOP);
    terminal.until("no answer");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.ended(), Some(143));
    assert!(terminal.is_restored(), "{}", terminal.shown());
    target.signal(Signal::CONT);
}

/// The terminal fails for ever from here on; whoever reads it in a loop does not come back.
#[test]
fn a_terminal_that_hangs_up_leaves_no_process_behind() {
    let target = Target::start("hangs");
    let mut terminal = top(&target);
    terminal.hang_up();
    assert_eq!(terminal.ended(), Some(129));
}
