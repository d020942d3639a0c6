//! Groups on both kinds of loop: one whose tasks begin in their turn, and one whose tasks start eagerly.

mod entering;
mod errors;
mod meetings;
mod refcycles;
mod values;
