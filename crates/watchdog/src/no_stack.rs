//! Where stacks cannot be taken: the twin of `stack` that says so.

use std::sync::Arc;

use corio_trace::pulse::Pulse;

use crate::config::Config;
use crate::frame::{NoStack, Stack};

/// Takes no stacks.
#[derive(Debug)]
pub(crate) struct Stacks;

/// No copy is ever made.
#[derive(Debug)]
pub(crate) enum Copied {}

impl Stacks {
    pub(crate) fn new(_: &Config) -> Stacks {
        Stacks
    }

    pub(crate) fn copy(&mut self, _: &Arc<Pulse>, _: impl Fn() -> bool) -> Result<Copied, NoStack> {
        Err(NoStack::Because("stacks are taken on Linux only, x86_64 and aarch64".to_owned()))
    }

    pub(crate) fn make_out(&mut self, copy: &Copied) -> Stack {
        match *copy {}
    }
}
