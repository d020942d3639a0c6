//! What the other threads do, one deed after the other.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::probe::{Probe, check_output};
use crate::world::World;

/// Does things until the world stops. One of the threads also ends the loop's rounds.
pub(crate) fn meddle(world: &Arc<World>, mut rng: fastrand::Rng, ends_rounds: bool) {
    while !world.is_stopped() {
        {
            let _meddling = world.meddling();
            for _ in 0..rng.usize(1..20) {
                deed(world, &mut rng);
            }
            if ends_rounds && rng.u8(..) < 30 {
                world.round_is_over.store(true, Ordering::Release);
                if let Some(root) = world.root.copy() {
                    root.wake();
                }
            }
        }
        match rng.u8(..) {
            0..2 => std::thread::sleep(Duration::from_micros(rng.u64(..300))),
            2..60 => std::thread::yield_now(),
            _ => {}
        }
    }
}

fn deed(world: &Arc<World>, rng: &mut fastrand::Rng) {
    world.deeds.fetch_add(1, Ordering::Relaxed);
    match rng.u8(..) {
        0..60 => {
            if let Some(call) = world.call(rng).copy() {
                call.wake_by_ref();
            }
        }
        60..100 => {
            if let Some(call) = world.call(rng).take() {
                call.wake();
            }
        }
        100..120 => drop(world.call(rng).take()),
        120..140 => {
            if let Some(call) = world.call(rng).copy() {
                drop(world.call(rng).swap(call));
            }
        }
        140..170 => Probe::spawn_away(world, rng),
        170..180 => {
            if let Some(task) = world.task(rng).copy() {
                task.abort();
            }
        }
        180..190 => drop(world.task(rng).take()),
        190..200 => drop(world.handle(rng).take()),
        200..210 => {
            if let Some(joining) = world.handle(rng).take() {
                joining.handle.abort();
                drop(world.handle(rng).swap(joining));
            }
        }
        210..240 => ask(world, rng),
        _ => {
            if let Some(mut joining) = world.handle(rng).take() {
                match joining.handle.try_take() {
                    Some(output) => check_output(output, &joining.record),
                    None => drop(world.handle(rng).swap(joining)),
                }
            }
        }
    }
}

/// Polls a handle from here, for somebody else.
fn ask(world: &Arc<World>, rng: &mut fastrand::Rng) {
    let Some(mut joining) = world.handle(rng).take() else { return };
    let call = world.call(rng).copy();
    let waker = call.as_ref().map_or(Waker::noop(), |call| &call.waker);
    match Pin::new(&mut joining.handle).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => check_output(output, &joining.record),
        Poll::Pending => drop(world.handle(rng).swap(joining)),
    }
}
