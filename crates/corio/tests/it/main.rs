//! The facade as a program sees it, one file a subject. Time is virtual, or counted in turns and
//! polls, but where real time is the point.

mod background;
mod blocking;
mod blocking_ends;
mod builder;
mod cancel_scopes;
mod combine;
mod crowds;
mod debug;
#[path = "../../../signal/tests/shared/default_actions.rs"]
mod default_actions;
mod ends;
mod errors;
mod event_loop;
mod eventuals;
mod flood;
mod from_thread;
mod group_moments;
mod groups;
mod handle;
mod interrupts;
mod macros;
mod many;
mod metrics;
mod moments;
mod names;
mod nested;
mod order;
mod run;
mod runner;
mod several;
mod signals;
mod stacks;
mod threadsafe;
mod timeouts;
mod told;
mod util;
mod virtual_time;
mod watched;
