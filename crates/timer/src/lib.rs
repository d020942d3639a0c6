#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod queue;
pub mod wheel;

mod home;
#[doc(hidden)]
pub mod mail;
pub mod timers;

pub mod current;
mod fallback;

mod interval;
mod sleep;

pub use interval::{Interval, MissedTickBehavior, Tick, interval, interval_at};
pub use queue::{Key, TimerQueue};
pub use sleep::{Sleep, SleepWith, sleep, sleep_until, sleep_with};
pub use timers::Timers;
pub use wheel::Wheel;
