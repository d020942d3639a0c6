//! The rules of a race, with a connector and a clock of the tests' own.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Race;

/// The hours of a test, and what happened at which.
#[derive(Default)]
struct World {
    now: Cell<u32>,
    log: RefCell<Vec<String>>,
}

impl World {
    fn note(&self, what: std::fmt::Arguments<'_>) {
        self.log.borrow_mut().push(format!("{}: {what}", self.now.get()));
    }
}

/// Ready at an hour.
struct At {
    world: Rc<World>,
    hour: u32,
}

impl Future for At {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.world.now.get() >= self.hour { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// An attempt that tells when it begins and when it is given up.
struct Attempt {
    at: At,
    number: u16,
    succeeds: bool,
    is_over: bool,
}

impl Future for Attempt {
    type Output = io::Result<u16>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u16>> {
        std::task::ready!(Pin::new(&mut self.at).poll(context));
        self.is_over = true;
        if self.succeeds {
            return Poll::Ready(Ok(self.number));
        }
        Poll::Ready(Err(io::Error::other(format!("{} failed", self.number))))
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.is_over {
            self.at.world.note(format_args!("drop {}", self.number));
        }
    }
}

/// Runs a race of attempts that take so long and succeed or not; what happened, and its result.
fn race(attempts: &[(u32, bool)], delay: Option<u32>) -> (Vec<String>, Result<u16, Vec<u16>>) {
    let world = Rc::new(World::default());
    let addresses = (0..attempts.len()).map(|port| SocketAddr::from(([127, 0, 0, 1], port as u16)));
    let at = |after: u32| At { world: Rc::clone(&world), hour: world.now.get() + after };
    let mut race = Race::new(
        addresses.collect(),
        |address: SocketAddr| {
            let number = address.port();
            world.note(format_args!("begin {number}"));
            let (takes, succeeds) = attempts[usize::from(number)];
            Attempt { at: at(takes), number, succeeds, is_over: false }
        },
        || delay.map(at),
    );
    for hour in 0..1000 {
        world.now.set(hour);
        let context = &mut Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = Pin::new(&mut race).poll(context) {
            let result = result.map_err(|errors| {
                let number = |(address, error): (SocketAddr, io::Error)| {
                    assert_eq!(error.to_string(), format!("{} failed", address.port()));
                    address.port()
                };
                errors.into_iter().map(number).collect()
            });
            world.note(format_args!("over"));
            return (world.log.take(), result);
        }
    }
    panic!("the race has no end: {:?}", world.log.take());
}

#[test]
fn the_rules_of_a_race() {
    const OK: bool = true;
    const NO: bool = false;
    type Row<'a> = (&'a [(u32, bool)], Option<u32>, &'a str, Result<u16, &'a [u16]>);
    let table: &[Row<'_>] = &[
        // The first is quick: no other begins.
        (&[(3, OK), (1, OK)], Some(10), "0: begin 0, 3: over", Ok(0)),
        // It is slow: the next begins after the delay, wins, and the first is dropped at once.
        (&[(90, OK), (2, OK)], Some(10), "0: begin 0, 10: begin 1, 12: drop 0, 12: over", Ok(1)),
        // The first may win after all.
        (&[(12, OK), (90, OK)], Some(10), "0: begin 0, 10: begin 1, 12: drop 1, 12: over", Ok(0)),
        // Both at the same time: the one that began first.
        (&[(12, OK), (2, OK)], Some(10), "0: begin 0, 10: begin 1, 12: drop 1, 12: over", Ok(0)),
        // A failure begins the next at once, and its delay counts from there.
        (
            &[(4, NO), (90, OK), (1, OK)],
            Some(10),
            "0: begin 0, 4: begin 1, 14: begin 2, 15: drop 1, 15: over",
            Ok(2),
        ),
        // So does the failure of one that is not the last.
        (
            &[(12, NO), (90, OK), (1, OK)],
            Some(10),
            "0: begin 0, 10: begin 1, 12: begin 2, 13: drop 1, 13: over",
            Ok(2),
        ),
        // Failures at once leave no gap.
        (
            &[(0, NO), (0, NO), (0, OK)],
            Some(10),
            "0: begin 0, 0: begin 1, 0: begin 2, 0: over",
            Ok(2),
        ),
        // Two failures at the same time begin one, which has its own delay.
        (
            &[(12, NO), (2, NO), (30, OK), (1, OK)],
            Some(10),
            "0: begin 0, 10: begin 1, 12: begin 2, 22: begin 3, 23: drop 2, 23: over",
            Ok(3),
        ),
        // All fail: the errors come in the order of the failures.
        (&[(15, NO), (2, NO)], Some(10), "0: begin 0, 10: begin 1, 15: over", Err(&[1, 0])),
        // Without a delay: one after the other.
        (
            &[(50, NO), (50, NO), (5, OK)],
            None,
            "0: begin 0, 50: begin 1, 100: begin 2, 105: over",
            Ok(2),
        ),
        (&[(1, NO), (1, NO)], None, "0: begin 0, 1: begin 1, 2: over", Err(&[0, 1])),
        // A delay of nothing: all at once.
        (
            &[(9, OK), (8, OK), (7, OK)],
            Some(0),
            "0: begin 0, 0: begin 1, 0: begin 2, 7: drop 0, 7: drop 1, 7: over",
            Ok(2),
        ),
        (&[], Some(10), "0: over", Err(&[])),
    ];
    for (attempts, delay, expected, result) in table {
        let (log, raced) = race(attempts, *delay);
        assert_eq!(log.join(", "), *expected, "{attempts:?} with {delay:?}");
        assert_eq!(raced.as_ref().map_err(Vec::as_slice), result.as_ref().map_err(|e| *e));
    }
}

#[test]
fn a_dropped_race_drops_its_attempts() {
    let world = Rc::new(World::default());
    let mut race = Race::new(
        vec![SocketAddr::from(([127, 0, 0, 1], 7)); 2],
        |address: SocketAddr| Attempt {
            at: At { world: Rc::clone(&world), hour: 9 },
            number: address.port(),
            succeeds: true,
            is_over: false,
        },
        || None::<At>,
    );
    let context = &mut Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut race).poll(context).is_pending());
    drop(race);
    assert_eq!(world.log.take(), ["0: drop 7"]);
}
