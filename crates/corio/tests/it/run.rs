//! `run` and `try_run`: what comes out, and what becomes of what is left.

use std::rc::Rc;

use crate::util::{Log, bounded, panic_of, panic_text};

#[test]
fn the_future_may_borrow_and_need_not_be_send() {
    bounded(|| {
        let text = Rc::new(String::from("borrowed"));
        let lent = &text;
        assert_eq!(corio::run(async { Rc::clone(lent).len() }), 8);
        assert_eq!(corio::try_run(async { lent.len() }).unwrap(), 8);
    });
}

#[test]
fn a_panic_of_main_comes_out_with_its_payload() {
    bounded(|| {
        let payload = panic_of(|| corio::run(async { std::panic::panic_any(17_u8) }));
        assert_eq!(payload.downcast_ref(), Some(&17_u8));
        let error = corio::try_run(async { std::panic::panic_any(18_u8) }).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.into_panic().downcast_ref(), Some(&18_u8));
        let error = corio::try_run(async { panic!("{}", "formatted") }).unwrap_err();
        assert!(error.to_string().contains("panicked with \"formatted\""), "{error}");
    });
}

#[test]
fn an_abort_of_main_is_an_error_or_a_panic_that_says_so() {
    async fn abort_myself() {
        corio::task::current().unwrap().abort();
        corio::yield_now().await;
    }
    bounded(|| {
        let error = corio::try_run(abort_myself()).unwrap_err();
        assert!(error.is_cancelled());
        let text = panic_text(|| corio::run(abort_myself()));
        assert!(text.contains("no output") && text.contains("cancelled"), "{text}");
    });
}

#[test]
fn an_abort_after_the_last_await_is_too_late() {
    bounded(|| {
        let value = corio::try_run(async {
            corio::task::current().unwrap().abort();
            3
        });
        // Either is sound, but it is one of them: the value stands.
        assert_eq!(value.unwrap(), 3);
    });
}

#[test]
fn tasks_that_are_left_end_with_the_run() {
    bounded(|| {
        let log = Log::default();
        let [first, second] = ["first", "second"].map(|name| log.on_drop(name));
        let [task] = corio::run(async {
            corio::spawn_local(async move {
                let _first = first;
                std::future::pending::<()>().await;
            });
            let never_polled = corio::spawn_local(async move { drop(second) });
            drop(never_polled);
            let task = corio::spawn(std::future::pending::<()>());
            corio::yield_now().await;
            [task]
        });
        assert_eq!(log.take(), ["second", "first"], "one returned in its turn, one was ended");
        assert!(corio::run(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn tasks_that_are_left_end_when_main_panics() {
    bounded(|| {
        let log = Log::default();
        let dropped = log.on_drop("dropped");
        let text = panic_text(|| {
            corio::run(async move {
                corio::spawn_local(async move {
                    let _dropped = dropped;
                    std::future::pending::<()>().await;
                });
                corio::yield_now().await;
                panic!("main's")
            })
        });
        assert_eq!(text, "main's");
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_panic_of_a_task_is_its_handle_s_and_nobody_else_s() {
    bounded(|| {
        corio::run(async {
            let panics = corio::spawn(async { panic!("its own") });
            let runs_on = corio::spawn(async {
                corio::yield_now().await;
                1
            });
            assert!(panics.await.unwrap_err().is_panic());
            assert_eq!(runs_on.await.unwrap(), 1);
        });
    });
}
