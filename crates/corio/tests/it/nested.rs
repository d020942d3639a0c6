//! Blocking inside a loop, and spawning outside of one: both are refused in words that help.

use corio::{Builder, Handle};

use crate::util::{bounded, panic_text};

/// The place of the line it stands in.
macro_rules! here {
    () => {
        format!("{}:{}:", file!(), line!())
    };
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[test]
fn run_inside_run_names_both_places_and_the_remedy() {
    bounded(|| {
        let outer = here!().replace(&line!().to_string(), &(line!() + 1).to_string());
        corio::run(async {
            let inner = here!().replace(&line!().to_string(), &(line!() + 1).to_string());
            let text = panic_text(|| corio::run(async {}));
            assert_says(
                &text,
                &[&outer, &inner, "Await the future instead", "a thread of its own"],
            );
            // The loop is none the worse for it.
            assert_eq!(corio::spawn(async { 1 }).await.unwrap(), 1);
        });
        assert_eq!(corio::run(async { 2 }), 2);
    });
}

#[test]
fn every_way_to_block_is_refused() {
    bounded(|| {
        let other = Builder::new().build().unwrap();
        let elsewhere = Builder::new().start().unwrap();
        let runtime = Builder::new().build().unwrap();
        runtime.block_on(async {
            let remedy = "Await the future instead";
            assert_says(&panic_text(|| runtime.block_on(async {})), &[remedy]);
            assert_says(&panic_text(|| other.block_on(async {})), &[remedy]);
            assert_says(&panic_text(|| other.try_block_on(async {})), &[remedy]);
            assert_says(&panic_text(|| Builder::new().run(async {})), &[remedy]);
            let text = panic_text(|| runtime.handle().block_on(async {}));
            assert_says(&text, &["Handle::block_on", file!(), remedy]);
            assert_says(&panic_text(|| elsewhere.handle().block_on(async {})), &[remedy]);
            // Also where another runtime is the current one.
            let _entered = other.enter();
            assert_says(&panic_text(|| other.block_on(async {})), &[remedy]);
            assert_says(&panic_text(|| runtime.block_on(async {})), &[remedy]);
        });
        // Outside of the loop nothing is wrong with any of them.
        other.block_on(async {});
        runtime.handle().block_on(async {});
    });
}

#[test]
fn a_task_that_blocks_has_the_panic() {
    bounded(|| {
        corio::run(async {
            let error = corio::spawn(async { corio::run(async {}) }).await.unwrap_err();
            assert!(error.to_string().contains("is called inside the loop"), "{error}");
        });
    });
}

#[test]
fn spawning_outside_a_runtime_names_the_remedy() {
    bounded(|| {
        let table = [
            ("corio::spawn at", panic_text(|| corio::spawn(async {}))),
            ("corio::spawn_local at", panic_text(|| corio::spawn_local(async {}))),
            (
                "task::Builder::spawn at",
                panic_text(|| corio::task::Builder::new().name("lost").spawn(async {})),
            ),
            (
                "task::Builder::spawn_local at",
                panic_text(|| corio::task::Builder::new().spawn_local(async {})),
            ),
            ("Handle::current at", panic_text(|| Handle::current().clone())),
        ];
        for (who, text) in table {
            let place = format!("{who} {}:", file!());
            let remedies = ["corio::run", "Handle::enter", "Handle::try_current"];
            assert_says(&text, &[&place, remedies[0], remedies[1], remedies[2]]);
        }
        assert!(Handle::try_current().is_none());
        assert!(corio::task::current().is_none());
    });
}
