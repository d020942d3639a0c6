//! Makes a program in which the two worlds differ as small as it gets.
//!
//! Called by the fuzz when it has found one. Each round tries what is one step smaller: an event or an
//! operation less, one replaced by what is in it, a plainer way to end. The first that still differs is
//! where the next round begins. It may come to another difference than the one it began with: that is
//! one all the same.

use super::program::{Exit, Op, Program, Seq};
use super::try_run;

/// More than a large program takes, by far; less than a minute.
const TRIES_MAX: usize = 100_000;

/// The smallest program that still differs, and how it does.
pub(super) fn shrink(mut program: Program, mut said: String) -> (Program, String) {
    let mut tries = 0;
    loop {
        let found = smaller(&program).find_map(|candidate| {
            tries += 1;
            let said = try_run(&candidate).err()?;
            Some((candidate, said))
        });
        match found {
            Some((candidate, how)) if tries < TRIES_MAX => (program, said) = (candidate, how),
            _ => return (program, said),
        }
    }
}

fn smaller(program: &Program) -> impl Iterator<Item = Program> {
    let events = (0..program.events.len()).map(|index| {
        let mut candidate = program.clone();
        candidate.events.remove(index);
        candidate
    });
    let bodies = (0..program.tasks.len()).flat_map(move |task| {
        smaller_seqs(&program.tasks[task]).into_iter().map(move |body| {
            let mut candidate = program.clone();
            candidate.tasks[task] = body;
            candidate
        })
    });
    events.chain(bodies)
}

fn smaller_seqs(seq: &Seq) -> Vec<Seq> {
    let mut all = Vec::new();
    for (index, op) in seq.iter().enumerate() {
        let with = |ops: Seq| {
            let mut candidate = seq.clone();
            candidate.splice(index..=index, ops);
            candidate
        };
        all.push(with(Seq::new()));
        all.extend(parts(op).into_iter().map(with));
        all.extend(smaller_ops(op).into_iter().map(|op| with(vec![op])));
    }
    all
}

/// What is in an operation.
fn parts(op: &Op) -> Vec<Seq> {
    match op {
        Op::Door(_) | Op::Child { .. } => Vec::new(),
        Op::Catch { body, .. } | Op::Mask { body, .. } | Op::Target { body, .. } => {
            vec![body.clone()]
        }
        Op::Join { branches, .. } => branches.clone(),
        Op::Select { first, second, .. } => vec![first.clone(), second.clone()],
    }
}

fn smaller_ops(op: &Op) -> Vec<Op> {
    match op {
        Op::Door(_) | Op::Child { .. } => Vec::new(),
        Op::Catch { id, body, cleanup, exit } => {
            let with = |body: &Seq, cleanup: &Seq, exit| Op::Catch {
                id: *id,
                body: body.clone(),
                cleanup: cleanup.clone(),
                exit,
            };
            let bodies = smaller_seqs(body).into_iter().map(|body| with(&body, cleanup, *exit));
            let cleanups = smaller_seqs(cleanup).into_iter().map(|seq| with(body, &seq, *exit));
            let exits = (*exit == Exit::Resume).then(|| with(body, cleanup, Exit::Drop));
            bodies.chain(cleanups).chain(exits).collect()
        }
        Op::Mask { id, body } => {
            smaller_seqs(body).into_iter().map(|body| Op::Mask { id: *id, body }).collect()
        }
        Op::Target { id, flag, level, body } => {
            let with = |body, level| Op::Target { id: *id, flag: *flag, level, body };
            let edge = level.then(|| with(body.clone(), false));
            smaller_seqs(body).into_iter().map(|body| with(body, *level)).chain(edge).collect()
        }
        Op::Join { wakes, branches } => {
            let polled = wakes.then(|| Op::Join { wakes: false, branches: branches.clone() });
            let smaller = smaller_branches(branches).into_iter();
            smaller.map(|branches| Op::Join { wakes: *wakes, branches }).chain(polled).collect()
        }
        Op::Select { park, first, second } => {
            let with = |first: &Seq, second: &Seq, park| Op::Select {
                park,
                first: first.clone(),
                second: second.clone(),
            };
            let firsts = smaller_seqs(first).into_iter().map(|seq| with(&seq, second, *park));
            let seconds = smaller_seqs(second).into_iter().map(|seq| with(first, &seq, *park));
            let dropped = park.then(|| with(first, second, false));
            firsts.chain(seconds).chain(dropped).collect()
        }
    }
}

/// One branch less, or one smaller branch.
fn smaller_branches(branches: &[Seq]) -> Vec<Vec<Seq>> {
    let mut all = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let mut fewer = branches.to_vec();
        fewer.remove(index);
        all.push(fewer);
        for seq in smaller_seqs(branch) {
            let mut candidate = branches.to_vec();
            candidate[index] = seq;
            all.push(candidate);
        }
    }
    all
}
