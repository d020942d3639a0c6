//! The facade as a program sees it, one file a subject. Time is virtual, or counted in turns and
//! polls, but where real time is the point.

mod background;
mod builder;
mod debug;
mod flood;
mod handle;
mod macros;
mod names;
mod nested;
mod order;
mod run;
mod several;
mod ui;
mod util;
mod virtual_time;
