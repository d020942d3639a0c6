//! The warnings of [`crate::coroutine`] and [`crate::action`]: one text, and how often it is said.
//!
//! A mistake in a loop is made a million times at one place. The first few are told one by one, then only every
//! tenth, hundredth and so on, with their count: who reads the log knows that it goes on, and a logger that
//! takes its time does not make the program stand.
//!
//! Only the dropping thread comes here, in debug mode, with something undone in its hands.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use crate::coroutine::is_excused;
use crate::targets;

/// How many of one place are told one by one: enough to see that it is no single case.
const TOLD_PER_PLACE: u64 = 10;

/// How many places are counted. A program has fewer; beyond, each is told, so that none is missed.
const PLACES_MAX: usize = 1024;

/// How often something was left undone, by the address of its place. One place may have several.
static COUNTS: Mutex<BTreeMap<usize, u64>> = Mutex::new(BTreeMap::new());

/// Warns that `what`, of this kind (`action`, and at the beginning of a line `Action`) and made at `place`,
/// is dropped undone; unless it is dropped [rightly](crate::disarm), or was told often enough.
#[cold]
#[inline(never)]
pub(crate) fn warn(
    kind: [&str; 2],
    what: fmt::Arguments<'_>,
    undone: &str,
    place: &'static Location<'static>,
) {
    if !crate::enabled() || is_excused() {
        return;
    }
    let count = count(place);
    if !is_told(count) {
        return;
    }
    let [kind, capital] = kind;
    let more = More(count);
    crate::report_warning(
        targets::COROUTINE,
        format_args!("{kind} '{what}' {undone}\n{capital} created at {place}{more}"),
    );
}

/// How many of `place` there were, with this one; 1 where nobody counts.
fn count(place: &'static Location<'static>) -> u64 {
    let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    let address = std::ptr::from_ref(place).addr();
    if counts.len() >= PLACES_MAX && !counts.contains_key(&address) {
        return 1;
    }
    let count = counts.entry(address).or_insert(0);
    *count += 1;
    *count
}

/// The first ones, and then 100, 1000, ...
fn is_told(count: u64) -> bool {
    count <= TOLD_PER_PLACE || count == 10_u64.pow(count.ilog10())
}

/// What is said of those that were not told.
struct More(u64);

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ..TOLD_PER_PLACE => Ok(()),
            TOLD_PER_PLACE => {
                write!(
                    f,
                    "\n{TOLD_PER_PLACE} there by now: from here on only the 100th, the 1000th ... is told"
                )
            }
            count => write!(f, "\n{count} there by now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_and_then_powers_of_ten() {
        let told: Vec<u64> = (1..=100_000).filter(|count| is_told(*count)).collect();
        assert_eq!(told, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100, 1000, 10_000, 100_000]);
        assert!(is_told(10_u64.pow(19)) && !is_told(u64::MAX));
    }

    #[test]
    fn what_is_said_of_the_rest() {
        assert_eq!(More(9).to_string(), "");
        assert!(More(10).to_string().starts_with("\n10 there by now: "));
        assert_eq!(More(1000).to_string(), "\n1000 there by now");
    }
}
