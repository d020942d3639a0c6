//! What only the wheel's own fields can show: where entries lie, and that memory is given back.

use super::*;

fn at(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

#[test]
fn a_pushed_back_entry_stays_in_its_slot_until_that_comes_up() {
    let mut wheel = Wheel::new();
    let key = wheel.insert(at(5_000), ());
    let place = wheel.slab.entry(key.0).place;
    assert!(wheel.reset(key, at(9_000_000)));
    assert_eq!(wheel.slab.entry(key.0).place, place, "only the number changed");
    assert_eq!(wheel.next_deadline(), at(9_000_000), "but the wait is for the new one");
    assert_eq!(wheel.expire(at(6_200), 1, drop), 0, "its old slot has come up: it goes on");
    assert_ne!(wheel.slab.entry(key.0).place, place);
    assert_eq!(wheel.expire(at(9_000_000), 1, drop), 1);
}

#[test]
fn a_cancelled_earliest_is_replaced_in_a_short_slot_and_kept_in_a_long_one() {
    for others in [1, RESCAN_ENTRIES_MAX - 1, RESCAN_ENTRIES_MAX + 1] {
        let mut wheel = Wheel::new();
        let earliest = wheel.insert(at(1_000_000_000), ());
        for n in 1..=others {
            wheel.insert(at(1_000_000_000 + n as u64), ());
        }
        wheel.remove(earliest);
        let next = wheel.next_deadline();
        let expected = if others < RESCAN_ENTRIES_MAX { 1_000_000_001 } else { 1_000_000_000 };
        assert_eq!(next, at(expected), "{others} others");
        assert_eq!(wheel.expire(next, usize::MAX, drop), usize::from(next > at(1_000_000_000)));
        assert!(wheel.next_deadline() > next, "{others} others: a stale one is named once");
    }
}

#[test]
fn memory_is_used_again_and_given_back() {
    let mut wheel = Wheel::new();
    let keys: Vec<Key> = (0..100_000).map(|n| wheel.insert(at(n * 1_000), n)).collect();
    let full = wheel.capacity();
    for &key in &keys[..50_000] {
        wheel.remove(key);
    }
    for n in 0..50_000 {
        wheel.insert(at(n), n);
    }
    assert_eq!(wheel.capacity(), full, "freed entries are used before new ones");
    let rest: Vec<Key> = wheel.iter().map(|(key, _)| key).collect();
    assert_eq!(rest.len(), 100_000);
    for key in rest {
        wheel.remove(key);
    }
    assert!(wheel.capacity() <= slab::KEEP_ENTRIES_MAX, "{} kept", wheel.capacity());
    assert_eq!(wheel.next_deadline(), Time::NEVER);
}

#[test]
fn the_own_fields_of_an_entry_take_24_bytes() {
    assert_eq!(size_of::<slab::Entry<std::task::Waker>>(), 24 + size_of::<std::task::Waker>());
}
