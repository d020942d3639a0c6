//! The wheel by tables, and against the sorted map.

use corio_base::Time;
use corio_timer::{Key, TimerQueue, Wheel};

use crate::model::Sorted;

const SECOND: u64 = 1_000_000_000;
const YEAR: u64 = 365 * 24 * 3600 * SECOND;

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

/// Inserts deadlines, then says for each look at the clock which of them fire.
fn check(deadlines: &[u64], looks: &[(u64, &[u64])]) {
    let mut wheel = Wheel::default();
    for &deadline in deadlines {
        wheel.insert(at(deadline), deadline);
    }
    for &(now, expected) in looks {
        let mut fired = Vec::new();
        wheel.expire(at(now), usize::MAX, |value| fired.push(value));
        assert_eq!(fired, expected, "at {now}, of {deadlines:?}");
    }
}

#[test]
fn fires_at_the_nanosecond_and_in_order() {
    check(&[5], &[(4, &[]), (5, &[5]), (6, &[])]);
    check(&[1023, 1024, 1025], &[(1023, &[1023]), (1024, &[1024]), (1025, &[1025])]);
    check(&[900, 700, 800], &[(750, &[700]), (899, &[800]), (1 << 40, &[900])]);
    check(&[65_535, 65_536, 65_537], &[(65_536, &[65_535, 65_536]), (65_537, &[65_537])]);
    check(&[YEAR, 1, SECOND], &[(YEAR - 1, &[1, SECOND]), (YEAR, &[YEAR])]);
    check(&[500 * YEAR, 3 * YEAR, 70], &[(501 * YEAR, &[70, 3 * YEAR, 500 * YEAR])]);
    check(&[u64::MAX - 1, u64::MAX], &[(u64::MAX - 2, &[]), (u64::MAX, &[u64::MAX - 1])]);
    check(&[0, 0], &[(0, &[0, 0])]);
}

#[test]
fn equal_deadlines_fire_in_the_order_of_insertion() {
    for deadline in [3, 5_000, 70_000, SECOND, YEAR] {
        let mut wheel = Wheel::default();
        for n in 0..10 {
            wheel.insert(at(deadline), n);
            // Some are inserted when the wheel has come closer: into finer slots than the first ones.
            wheel.expire(at(deadline / 20 * (n + 1)), usize::MAX, |_| panic!("early"));
        }
        let mut fired = Vec::new();
        wheel.expire(at(deadline), usize::MAX, |value| fired.push(value));
        assert_eq!(fired, (0..10).collect::<Vec<_>>(), "at {deadline}");
    }
}

#[test]
fn a_deadline_in_the_past_fires_at_the_next_look() {
    let mut wheel = Wheel::default();
    assert_eq!(wheel.expire(at(SECOND), 1, |()| ()), 0);
    wheel.insert(at(17), ());
    assert_eq!(wheel.next_deadline(), at(17));
    assert_eq!(wheel.expire(at(SECOND), 1, drop), 1);
}

#[test]
fn never_never_fires_and_is_still_there() {
    let mut wheel = Wheel::default();
    let key = wheel.insert(Time::NEVER, "never");
    let delay = wheel.insert_after(u64::MAX, "too long");
    wheel.start_fresh(at(5));
    assert_eq!(wheel.next_deadline(), Time::NEVER);
    assert_eq!(wheel.expire(Time::NEVER, usize::MAX, |_| panic!("fired")), 0);
    assert_eq!(wheel.len(), 2);
    assert!(wheel.reset(key, at(9)), "it may be called back");
    assert_eq!(wheel.next_deadline(), at(9));
    assert_eq!(wheel.remove(delay), Some("too long"));
    assert_eq!(wheel.expire(at(9), usize::MAX, drop), 1);
    assert!(!wheel.reset(key, at(10)), "fired: its value is gone");
    assert_eq!(wheel.remove(key), None);
}

#[test]
fn the_limit_keeps_order_and_leaves_the_rest_due() {
    let mut wheel = Wheel::default();
    let keys: Vec<Key> = (0..10).map(|n| wheel.insert(at(100 + n / 3), n)).collect();
    let mut fired = Vec::new();
    assert_eq!(wheel.expire(at(SECOND), 4, |value| fired.push(value)), 4);
    assert_eq!(wheel.next_deadline(), at(101), "the rest is due: do not wait");
    assert_eq!(wheel.remove(keys[5]), Some(5), "what is due may be cancelled");
    wheel.insert(at(50), 50);
    assert_eq!(wheel.expire(at(SECOND), 100, |value| fired.push(value)), 6);
    assert_eq!(fired, [0, 1, 2, 3, 4, 6, 7, 8, 9, 50], "what came later waits behind");
}

#[test]
fn a_fresh_entry_costs_no_deadline_until_it_is_started() {
    let mut wheel = Wheel::default();
    let key = wheel.insert_after(10, ());
    assert!(wheel.has_fresh());
    assert_eq!(wheel.deadline(key), None);
    assert_eq!(wheel.next_deadline(), Time::NEVER);
    wheel.start_fresh(at(1_000));
    assert_eq!(wheel.deadline(key), Some(at(1_010)));
    assert!(wheel.restart(key, 20));
    assert_eq!(wheel.next_deadline(), Time::NEVER, "fresh again");
    wheel.start_fresh(at(2_000));
    assert_eq!(wheel.next_deadline(), at(2_020));
}

#[test]
fn a_hundred_thousand() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut wheel = Wheel::default();
    let mut deadlines: Vec<u64> = (0..100_000).map(|_| random.u64(1..10 * SECOND)).collect();
    let keys: Vec<Key> = deadlines.iter().map(|&d| wheel.insert(at(d), d)).collect();
    for n in (0..keys.len()).rev().step_by(3) {
        assert_eq!(wheel.remove(keys[n]), Some(deadlines.swap_remove(n)));
    }
    deadlines.sort_unstable();
    let mut fired = Vec::new();
    let mut looks = 0;
    while !wheel.is_empty() {
        let now = wheel.next_deadline().as_nanos() + random.u64(0..200_000);
        wheel.expire(at(now), 50, |value| {
            assert!(value <= now, "{value} is early at {now}");
            fired.push(value);
        });
        looks += 1;
    }
    assert_eq!(fired, deadlines);
    assert!(looks < 100_000, "{looks} looks: no more than one for an entry");
}

/// A span of nanoseconds to centuries.
fn any_scale(random: &mut fastrand::Rng) -> u64 {
    let bits = random.u32(0..64);
    random.u64(..=u64::MAX >> bits)
}

/// A moment near `now`, at every scale from nanoseconds to centuries, or a special one.
fn moment(random: &mut fastrand::Rng, now: u64) -> Time {
    match random.u8(0..20) {
        0 => Time::NEVER,
        1 => at(random.u64(..=now)),
        2 => at(now),
        3 => at(now.saturating_add(1 << random.u32(0..64))),
        _ => at(now.saturating_add(any_scale(random))),
    }
}

/// Does the same at random to the wheel and to the map and compares all they say.
fn compare(seed: u64, steps: u32) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut wheel: Wheel<u32> = Wheel::default();
    let mut sorted: Sorted<u32> = Sorted::default();
    let mut keys: Vec<(Key, Key)> = Vec::new();
    let mut now = random.u64(..SECOND);
    for step in 0..steps {
        let why = format!("seed {seed}, step {step}, now {now}");
        let any = (!keys.is_empty()).then(|| random.usize(..keys.len()));
        match (random.u8(..12), any) {
            (0..4, _) => {
                let deadline = moment(&mut random, now);
                keys.push((wheel.insert(deadline, step), sorted.insert(deadline, step)));
            }
            (4, _) => {
                let delay = any_scale(&mut random);
                keys.push((wheel.insert_after(delay, step), sorted.insert_after(delay, step)));
            }
            (5, Some(n)) => {
                let (here, there) = keys.swap_remove(n);
                assert_eq!(wheel.remove(here), sorted.remove(there), "{why}");
            }
            (6..8, Some(n)) => {
                let deadline = moment(&mut random, now);
                let (here, there) = keys[n];
                assert_eq!(wheel.reset(here, deadline), sorted.reset(there, deadline), "{why}");
                assert_eq!(wheel.deadline(here), sorted.deadline(there), "{why}");
            }
            (8, Some(n)) => {
                let delay = any_scale(&mut random);
                let (here, there) = keys[n];
                assert_eq!(wheel.restart(here, delay), sorted.restart(there, delay), "{why}");
            }
            (9, _) => {
                wheel.start_fresh(at(now));
                sorted.start_fresh(at(now));
            }
            _ => {
                now = match random.u8(..4) {
                    // As a loop would, or a virtual clock: to the next deadline.
                    0 => {
                        now.max(wheel.next_deadline().as_nanos().min(now.saturating_add(9 * YEAR)))
                    }
                    1 => now.saturating_add(random.u64(..SECOND)),
                    2 => now.saturating_add(random.u64(..5_000)),
                    _ => now.saturating_add(1 << random.u32(0..50)),
                };
                look(&mut wheel, &mut sorted, now, &mut random, &why);
            }
        }
        assert_eq!(wheel.len(), sorted.len(), "{why}");
        assert_eq!(wheel.has_fresh(), sorted.has_fresh(), "{why}");
        let (soonest, truth) = (wheel.next_deadline(), sorted.next_deadline());
        assert!(soonest <= truth, "{why}: would sleep until {soonest:?}, past {truth:?}");
        assert!(!truth.is_never() || soonest.is_never(), "{why}: nothing waits");
    }
    for (here, there) in keys {
        assert_eq!(wheel.remove(here), sorted.remove(there), "seed {seed}: at the end");
    }
    assert!(wheel.is_empty());
}

/// Expires both. Equal deadlines may come in another order where some were pushed back, so those
/// are compared as sets: deadline by deadline, then value by value.
fn look(
    wheel: &mut Wheel<u32>,
    sorted: &mut Sorted<u32>,
    now: u64,
    random: &mut fastrand::Rng,
    why: &str,
) {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let step = if random.bool() { usize::MAX } else { random.usize(1..5) };
    while wheel.expire(at(now), step, |value| here.push(value)) > 0 {}
    sorted.expire(at(now), usize::MAX, |value| there.push(value));
    here.sort_unstable();
    there.sort_unstable();
    assert_eq!(here, there, "{why}: at {now}");
}

#[test]
fn does_as_the_sorted_map_does() {
    for seed in 0..150 {
        compare(seed, 600);
    }
}

/// Without resets the order of firing is the map's, to the last equal pair.
#[test]
fn fires_in_the_order_of_the_sorted_map() {
    for seed in 0..200 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut wheel: Wheel<u32> = Wheel::default();
        let mut sorted: Sorted<u32> = Sorted::default();
        let mut now = 0;
        for n in 0..2_000 {
            // Few different deadlines, so that many are equal.
            let deadline = at(now + (random.u64(..40) << random.u32(0..30)));
            wheel.insert(deadline, n);
            sorted.insert(deadline, n);
            if random.u8(..8) == 0 {
                now += 1 << random.u32(0..28);
                let (mut here, mut there) = (Vec::new(), Vec::new());
                wheel.expire(at(now), usize::MAX, |value| here.push(value));
                sorted.expire(at(now), usize::MAX, |value| there.push(value));
                assert_eq!(here, there, "seed {seed}, now {now}");
            }
        }
    }
}
