//! The attributes as the compiler sees them, over a stand-in for the facade that notes what is
//! asked of it. The real facade has its own tests.

mod coroutine;

/// What the attributes need of the `corio` crate.
mod stand_in {
    use std::cell::RefCell;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    std::thread_local! {
        static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// What the builder of the runtime that runs this was asked for.
    pub(crate) fn asked() -> Vec<String> {
        ASKED.with_borrow(Clone::clone)
    }

    pub(crate) struct Clock;

    impl Clock {
        pub(crate) fn virtual_time() -> Clock {
            Clock
        }
    }

    pub(crate) struct Builder(Vec<String>);

    impl Builder {
        pub(crate) fn new() -> Builder {
            Builder(Vec::new())
        }

        fn with(mut self, what: String) -> Builder {
            self.0.push(what);
            self
        }

        pub(crate) fn debug(self, on: bool) -> Builder {
            self.with(format!("debug {on}"))
        }

        pub(crate) fn thread_name(self, name: impl Into<String>) -> Builder {
            self.with(format!("thread_name {}", name.into()))
        }

        pub(crate) fn clock(self, _: Clock) -> Builder {
            self.with("virtual clock".to_owned())
        }

        pub(crate) fn run<F: Future>(self, main: F) -> F::Output {
            ASKED.set(self.0);
            match pin!(main).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("the stand-in polls once"),
            }
        }
    }
}

use std::io;

use stand_in::asked;

#[corio_macros::test(crate = crate::stand_in)]
async fn a_test_runs_in_debug_mode() {
    assert_eq!(asked(), ["debug true"]);
}

#[corio_macros::test(crate = crate::stand_in, virtual_time, thread_name = "night")]
async fn arguments_reach_the_builder() {
    assert_eq!(asked(), ["debug true", "thread_name night", "virtual clock"]);
}

#[corio_macros::test(crate = "crate::stand_in", start_paused = true, flavor = "current_thread")]
async fn the_arguments_of_tokio_are_understood() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(asked(), ["debug true", "virtual clock"]);
    let number: u8 = "7".parse()?;
    if number != 7 {
        // Coerced to the box because the function's return type is known here.
        return Err(Box::new(io::Error::other("not 7")));
    }
    Ok(())
}

#[corio_macros::test(crate = crate::stand_in)]
#[should_panic(expected = "as expected")]
async fn a_panic_may_be_expected() {
    panic!("as expected");
}

#[corio_macros::test(crate = crate::stand_in)]
#[ignore = "shows that a test can be ignored"]
async fn a_test_may_be_ignored() {
    panic!("not run");
}

mod program {
    //! A `main` that is called by a test.

    #[corio_macros::main(crate = crate::stand_in, debug = false, thread_name = "main")]
    pub(crate) async fn main() -> std::io::Result<u8> {
        assert_eq!(super::asked(), ["debug false", "thread_name main"]);
        std::io::Result::Err(std::io::Error::other("no number"))?;
        Ok(1)
    }
}

#[test]
fn main_returns_what_the_original_returns() {
    assert_eq!(program::main().map_err(|error| error.to_string()), Err("no number".to_owned()));
}
