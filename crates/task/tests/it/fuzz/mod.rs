//! Random trees of scopes, run by the real thing and by a model of the rules, step by step.
//!
//! A [`program::Program`] says what some tasks do: wait at doors, catch and clean up, mask, stand in
//! scopes that can be cancelled, join, select, spawn and await. A list of events opens doors, cancels
//! and takes back, one at a time. After each event both worlds run until nothing moves, and must have
//! logged the same; in the end, with all doors open, every task must have ended and left nothing in its
//! tree. A tree in which they differ is made smaller as long as they do ([`shrink`]), and printed.
//!
//! `CORIO_FUZZ_SECONDS` says how long it goes on (a second, if it is not set), `CORIO_FUZZ_SEED` where
//! it begins.

mod model;
mod program;
mod real;
mod shrink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use program::{Event, Program, Random, Size};

/// What both worlds did in one step, in no particular order.
type Logged = Vec<String>;

/// Many of them in a second: combinations of a few scopes.
const SMALL: Size = Size { ops: 10, events: 8 };

/// Several requests under way at once, below several joins.
const LARGE: Size = Size { ops: 34, events: 16 };

/// `Ok`: whether the model could not tell what comes first.
fn run(program: &Program) -> Result<bool, String> {
    let mut model = model::World::new(program);
    let real = real::World::new(program);
    let mut unclear = false;
    let all_doors = (0..program.doors).map(Event::Open);
    let events = program.events.iter().cloned().chain(all_doors);
    for (step, event) in std::iter::once(Event::Start).chain(events).enumerate() {
        let mut expected = model.happen(&event);
        let mut logged = real.happen(&event);
        expected.sort();
        logged.sort();
        if model.is_unclear {
            // From here on only the end counts.
            unclear = true;
        }
        if expected != logged && !unclear {
            return Err(format!("step {step} {event:?}: expected {expected:?}, was {logged:?}"));
        }
    }
    real.end().map(|()| unclear)
}

/// As [`run`]; a panic is a difference, too.
fn try_run(program: &Program) -> Result<bool, String> {
    catch_unwind(AssertUnwindSafe(|| run(program)))
        .unwrap_or_else(|_| Err("it panicked: see above".to_owned()))
}

fn compare(size: Size) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("CORIO_FUZZ_SECONDS").unwrap_or(1);
    let first = number("CORIO_FUZZ_SEED").unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    let mut unclear = 0;
    while Instant::now() < end {
        let program = Program::random(&mut Random::new(seed), size);
        match try_run(&program) {
            Ok(was_unclear) => unclear += u64::from(was_unclear),
            Err(said) => {
                let (smallest, why) = shrink::shrink(program, said.clone());
                panic!("CORIO_FUZZ_SEED={seed}: {said}\nthe smallest: {why}\n{smallest:?}");
            }
        }
        seed += 1;
    }
    println!("{} random trees of {size:?}, from seed {first}; {unclear} unclear", seed - first);
}

#[test]
fn random_trees_do_what_the_model_does() {
    compare(SMALL);
}

#[test]
fn large_random_trees_do_what_the_model_does() {
    compare(LARGE);
}
