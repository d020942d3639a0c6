//! Models of the inbox: nothing delivered is slept through, and one unpark ends one sleep.
#![cfg(loom)]

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_executor::inbox::{Delivered, Inbox};

/// A loop that sleeps, and the senders that may have to wake it.
struct Sleepy {
    inbox: Inbox<usize>,
    unparks: AtomicUsize,
}

impl Sleepy {
    fn new() -> Arc<Sleepy> {
        Arc::new(Sleepy { inbox: Inbox::new(), unparks: AtomicUsize::new(0) })
    }

    fn send(&self, item: usize) {
        if self.inbox.deliver(item) == Ok(Delivered::Unpark) {
            self.unparks.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn open(&self, most: usize) -> Vec<usize> {
        let mut items = Vec::new();
        self.inbox.open(most, |item| items.push(item));
        items
    }
}

fn senders(shared: &Arc<Sleepy>, count: usize) -> Vec<thread::JoinHandle<()>> {
    (1..=count)
        .map(|item| {
            let shared = Arc::clone(shared);
            thread::spawn(move || shared.send(item))
        })
        .collect()
}

/// The loop opens, tries to sleep, and sleeps only if nothing is there that no unpark tells of.
fn never_asleep_with_an_item(senders: usize, most: usize) {
    loom::model(move || {
        let shared = Sleepy::new();
        let threads = self::senders(&shared, senders);
        let mut got = Vec::new();
        if shared.inbox.is_notified() {
            got.extend(shared.open(most));
        }
        let asleep = shared.inbox.fall_asleep();
        for thread in threads {
            thread.join().unwrap();
        }
        let unparks = shared.unparks.load(Ordering::Acquire);
        if asleep {
            // Who came after the loop fell asleep has told, and one of them only. (One whose item was
            // taken before it had said so tells in vain.)
            assert!(unparks == 1 || got.len() == senders, "{got:?}: an item slept through");
            assert!(unparks <= 1, "{unparks} unparks of one sleep");
            shared.inbox.wake_up();
        } else {
            assert_eq!(unparks, 0, "it never slept");
        }
        // Once awake it finds all that is left, turn by turn, before it may sleep again.
        while shared.inbox.is_notified() {
            got.extend(shared.open(most));
        }
        got.sort_unstable();
        assert_eq!(got, (1..=senders).collect::<Vec<_>>());
        assert!(shared.inbox.fall_asleep());
    });
}

#[test]
fn never_asleep_with_an_item_of_one() {
    never_asleep_with_an_item(1, usize::MAX);
}

#[test]
fn never_asleep_with_an_item_of_two() {
    never_asleep_with_an_item(2, usize::MAX);
}

/// As above, with a loop that opens one item a turn: the note that there is more must not cut it off
/// from a delivery that crosses it.
#[test]
fn never_asleep_with_an_item_when_opened_in_parts() {
    never_asleep_with_an_item(2, 1);
}

/// Opened in parts while a second delivery is on its way; then the loop goes to sleep for good.
#[test]
fn a_note_of_more_does_not_hide_a_delivery() {
    loom::model(|| {
        let shared = Sleepy::new();
        shared.send(1);
        let threads = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.send(2))
        };
        let mut got = shared.open(1);
        while shared.inbox.is_notified() {
            got.extend(shared.open(1));
        }
        let asleep = shared.inbox.fall_asleep();
        let seen = got.len();
        threads.join().unwrap();
        if asleep && seen < 2 {
            assert_eq!(shared.unparks.load(Ordering::Acquire), 1, "an item slept through");
        }
    });
}

/// A loop that sleeps and wakes twice: each sleep is ended by one unpark at most.
#[test]
fn at_most_one_unpark_for_a_sleep() {
    loom::model(|| {
        let shared = Sleepy::new();
        let threads = senders(&shared, 2);
        let mut sleeps = 0;
        let mut got = Vec::new();
        for _ in 0..2 {
            if shared.inbox.fall_asleep() {
                sleeps += 1;
                shared.inbox.wake_up();
            }
            if shared.inbox.is_notified() {
                got.extend(shared.open(usize::MAX));
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(shared.unparks.load(Ordering::Acquire) <= sleeps);
        got.extend(shared.open(usize::MAX));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}

/// A delivery against the close: it is opened by the last look, or given back.
#[test]
fn close_opens_or_gives_back() {
    loom::model(|| {
        let shared = Sleepy::new();
        let sender = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.inbox.deliver(1).is_err())
        };
        shared.inbox.close();
        let got = shared.open(usize::MAX);
        let refused = sender.join().unwrap();
        assert_eq!(got.len() + usize::from(refused), 1, "opened or given back, and once");
    });
}
