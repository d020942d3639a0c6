//! CPython's own tests of asyncio, each said again in Rust on corio's public face, under its name.
//!
//! A folder is a file of CPython's, a file a class of tests. `names.txt` has all names; what is not
//! kept word for word stands in `left_out.txt`, with the reason; `cargo xtask conformance` checks that
//! nothing is forgotten. Time is virtual, but where sockets and children are waited for, and turns of the
//! loop are counted where CPython counts them.

#[path = "../../../signal/tests/shared/default_actions.rs"]
mod default_actions;
#[path = "../../../net/tests/shared/folder.rs"]
mod folder;
#[path = "../../../stream/tests/shared/http.rs"]
mod http;
mod recorder;
#[cfg(feature = "tls")]
mod secured;
mod sockets;
mod support;

mod test_base_events;
mod test_buffered_proto;
mod test_context;
mod test_eager_task_factory;
mod test_events;
mod test_futures;
mod test_futures2;
mod test_graph;
mod test_locks;
mod test_queues;
mod test_runners;
mod test_selector_events;
mod test_sendfile;
mod test_server;
mod test_sock_lowlevel;
#[cfg(feature = "tls")]
mod test_ssl;
mod test_staggered;
mod test_streams;
mod test_subprocess;
mod test_taskgroups;
mod test_tools;
mod test_transports;
mod test_unix_events;

mod test_tasks {
    mod base_current_loop_tests;
    mod base_task_introspection_tests;
    mod base_task_tests {
        mod cancelling;
        mod completing;
        mod contexts;
        mod creation;
        mod objects;
        mod propagation;
        mod requests;
        mod shielding;
        mod shields;
        mod waiting;
    }
    mod coroutine_gather_tests;
    mod future_gather_tests;
    mod gather_tests_base;
    mod generic_task_tests;
    mod run_coroutine_threadsafe_tests;
    mod sleep_tests;
}

mod test_threads {
    mod to_thread_tests;
}

mod test_timeouts {
    mod timeout_tests {
        mod limits;
        mod others;
        mod states;
    }
}

mod test_waitfor {
    mod asyncio_wait_for_test;
    mod wait_for_shield_tests;
}
