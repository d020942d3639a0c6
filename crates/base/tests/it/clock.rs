//! The clock at the edges: before the process's first reading, and at the end of a thread.

use std::cell::RefCell;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use corio_base::Time;
use corio_base::clock::{self, VirtualClock};

#[test]
fn an_instant_before_the_first_reading_keeps_its_distance() {
    // Programs take their starting time before they start a loop, and count back from now.
    let hour = Duration::from_secs(3600);
    let Some(before) = Instant::now().checked_sub(hour) else { return };
    let time = Time::from_instant(before);
    assert_eq!(time.to_instant(), Some(before));
    assert!(clock::now().saturating_since(time) >= hour);
}

/// Reads the clock when it is dropped.
struct ReadsAtTheEnd(mpsc::Sender<(Time, bool)>);

impl Drop for ReadsAtTheEnd {
    fn drop(&mut self) {
        let _guard = VirtualClock::new().install();
        let _ = self.0.send((clock::now(), clock::installed().is_some()));
    }
}

std::thread_local! {
    static LAST: RefCell<Option<ReadsAtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn the_clock_goes_on_while_its_thread_ends() {
    let (tell, hear) = mpsc::channel();
    std::thread::spawn(move || {
        // Touched first, so dropped last: after the clock's own slot.
        LAST.with(|slot| slot.replace(Some(ReadsAtTheEnd(tell))));
        let _installed = VirtualClock::new().install();
    })
    .join()
    .unwrap();
    let (time, _) = hear.recv().unwrap();
    assert!(time > Time::ZERO);
}
