//! Random trees of scopes, run by the real thing and by a model of the rules, step by step.
//!
//! A [`program::Program`] says what some tasks do: wait at doors, catch and clean up, mask, stand in
//! scopes that can be cancelled, join, select, spawn and await. A list of events opens doors, cancels
//! and takes back, one at a time. After each event both worlds run until nothing moves, and must have
//! logged the same; in the end, with all doors open, every task must have ended and left nothing in its
//! tree.
//!
//! `CORIO_FUZZ_SECONDS` says how long it goes on (a second, if it is not set), `CORIO_FUZZ_SEED` where
//! it begins.

mod model;
mod program;
mod real;

use std::time::{Duration, Instant};

use program::{Event, Program, Random};

/// What both worlds did in one step, in no particular order.
type Logged = Vec<String>;

/// `Ok`: whether the model could not tell what comes first.
fn run(seed: u64) -> (Program, Result<bool, String>) {
    let program = Program::random(&mut Random::new(seed));
    let mut model = model::World::new(&program);
    let real = real::World::new(&program);
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
            let said = format!("step {step} {event:?}: expected {expected:?}, was {logged:?}");
            return (program, Err(said));
        }
    }
    let end = real.end().map(|()| unclear);
    (program, end)
}

#[test]
fn random_trees_do_what_the_model_does() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("CORIO_FUZZ_SECONDS").unwrap_or(1);
    let first = number("CORIO_FUZZ_SEED").unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = first;
    let mut unclear = 0;
    while Instant::now() < end {
        let caught = std::panic::catch_unwind(|| run(seed));
        match caught {
            Ok((_, Ok(was_unclear))) => unclear += u64::from(was_unclear),
            Ok((program, Err(said))) => panic!("CORIO_FUZZ_SEED={seed}: {said}\n{program:#?}"),
            Err(payload) => {
                let program = Program::random(&mut Random::new(seed));
                eprintln!("CORIO_FUZZ_SEED={seed} panicked\n{program:#?}");
                std::panic::resume_unwind(payload);
            }
        }
        seed += 1;
    }
    println!("{} random trees, from seed {first}; {unclear} unclear", seed - first);
}
