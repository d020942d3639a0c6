//! The fallback thread serves everybody: no panic ends it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use corio_base::fallback::{self, Turn};
use corio_base::park::ThreadPark;
use corio_base::{Park, Parked, Time, Unparker, Wait};

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

struct Tells(mpsc::Sender<()>);

impl Turn for Tells {
    fn turn(&mut self, _: Time) -> Time {
        let _ = self.0.send(());
        Time::NEVER
    }
}

/// Panics at each turn.
struct PanickingTurn;

impl Turn for PanickingTurn {
    fn turn(&mut self, _: Time) -> Time {
        panic!("a turn panics");
    }
}

/// Panics after its first wait, as a reactor does when a waker panics.
struct PanickingPark(ThreadPark, bool);

impl Park for PanickingPark {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        let parked = self.0.park(wait);
        if !std::mem::replace(&mut self.1, true) {
            panic!("a waker panics");
        }
        parked
    }

    fn unparker(&self) -> Unparker {
        self.0.unparker()
    }
}

#[test]
fn a_panic_in_a_park_or_a_turn_ends_nothing() {
    let (tell, told) = mpsc::channel();
    fallback::drive_turn(Box::new(Tells(tell)));
    told.recv_timeout(PATIENCE).expect("the first turn");

    fallback::park_in(Box::new(PanickingPark(ThreadPark::new(), false)));
    fallback::unpark();
    told.recv_timeout(PATIENCE).expect("a turn with the new park");
    // The park has panicked by now or does with this one.
    for _ in 0..3 {
        while told.try_recv().is_ok() {}
        fallback::unpark();
        told.recv_timeout(PATIENCE).expect("a turn after the park panicked");
    }

    fallback::drive_turn(Box::new(PanickingTurn));
    for _ in 0..3 {
        while told.try_recv().is_ok() {}
        fallback::unpark();
        told.recv_timeout(PATIENCE).expect("a turn beside one that panics");
    }
}
