//! corio's layers inside tokio and smol, one file a layer. Real time, in milliseconds: that it passes
//! for a foreign runtime too is what is tested.

/// Makes a test of each generic function for each host: `timer::in_smol::a_sleep_is_never_early`.
macro_rules! in_every_host {
    ($($test:ident),* $(,)?) => {
        mod in_tokio {
            $(#[test] fn $test() {
                corio_embed_tests::bounded(super::$test::<corio_embed_tests::TokioCurrent>);
            })*
        }
        mod in_tokio_threads {
            $(#[test] fn $test() {
                corio_embed_tests::bounded(super::$test::<corio_embed_tests::TokioMulti>);
            })*
        }
        mod in_smol {
            $(#[test] fn $test() {
                corio_embed_tests::bounded(super::$test::<corio_embed_tests::Smol>);
            })*
        }
    };
}

mod blocking;
mod connect;
mod datagrams;
mod examples;
mod executor;
mod folder;
mod fs;
mod io;
mod local;
mod moved_others;
mod moved_sleeps;
mod moved_sockets;
mod net;
mod peer;
mod process;
mod reactor;
mod signal;
mod stream;
mod swapped;
mod sync;
mod timer;
mod tls;
mod tokio_io;
