//! Workloads that measure corio beside its peers.
//!
//! A **row** is one question ("what does a lone yield cost?"), a **peer** is one runtime that
//! answers it. Every workload is written once, over the trait [`peers::Peer`], so that all runtimes
//! run the same futures; `raw` answers the same questions with a hand-written loop, which shows what
//! the machine itself costs. One process takes one measurement: nothing that a peer leaves behind
//! (heap, threads, a warm cache) reaches another's number.
//!
//! Rows about locks, channels, timeouts and waits for many tasks compare libraries, not runtimes;
//! [`primitives`] has them.
//!
//! The binary `corio-bench` is called by `cargo xtask bench`; the criterion benches in `benches/`
//! use the same workloads. Nothing in the runtime itself knows this crate.

#![deny(unsafe_code)]

pub mod measure;
pub mod peers;
pub mod primitives;
pub mod row;
pub mod workloads;

mod cell;
mod client;
mod machine;
