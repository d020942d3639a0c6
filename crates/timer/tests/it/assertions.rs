//! What the types are and are not, and how large.

use std::task::Waker;

use corio_timer::{Interval, MissedTickBehavior, Sleep, SleepWith, Timers, Wheel};

fn check<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}

#[test]
fn futures_go_anywhere() {
    check::<Sleep>();
    check::<SleepWith<String>>();
    check::<Interval>();
    check::<MissedTickBehavior>();
    check::<Wheel<Waker>>();
}

/// Compiles only while `T` does not have the trait: otherwise both implementations apply.
trait NotSend<Marker> {
    fn ok() {}
}
impl<T: ?Sized> NotSend<()> for T {}
impl<T: ?Sized + Send> NotSend<u8> for T {}
trait NotSync<Marker> {
    fn ok() {}
}
impl<T: ?Sized> NotSync<()> for T {}
impl<T: ?Sized + Sync> NotSync<u8> for T {}

#[test]
fn timers_stay_on_their_thread() {
    <Timers as NotSend<_>>::ok();
    <Timers as NotSync<_>>::ok();
    <corio_timer::current::InstallGuard as NotSend<_>>::ok();
}

#[test]
fn sizes() {
    assert_eq!(size_of::<Sleep>(), 24);
    assert_eq!(size_of::<Option<Sleep>>(), 24);
    assert!(size_of::<Interval>() <= 64, "{}", size_of::<Interval>());
}
