//! Errors and panics that nobody retrieves.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use corio::{Builder, EventLoop, TaskGroup};
use log::Level;

use super::{alone, line, lines, silence};

async fn fails() -> io::Result<()> {
    Err(io::Error::other("disk full"))
}

/// Whether a line is of this task and these words.
#[track_caller]
fn check(name: &str, line_number: u32, words: &str) {
    let text = line(Level::Error, "task");
    assert!(text.starts_with("Task exception was never retrieved\nfuture: <Task "), "{text}");
    assert!(text.contains(&format!("name={name:?} ")), "{text}");
    assert!(text.contains(&format!("spawned at {}:{line_number}:", file!())), "{text}");
    assert!(text.contains(words), "{text}");
}

#[test]
fn panics_and_errors() {
    alone("unseen::panics_and_errors", || {
        for debug in [true, false] {
            Builder::new().debug(debug).run(async {
                let named = |name: &str| corio::task::Builder::new().name(name);
                drop(named("panics").spawn(async { panic!("oops") }));
                let spawned = line!() - 1;
                corio::yield_now().await;
                check("panics", spawned, "panicked with \"oops\"");

                let kept = named("kept").spawn_local(async { panic!("oops") });
                let spawned = line!() - 1;
                corio::yield_now().await;
                silence();
                drop(kept);
                check("kept", spawned, "panicked with \"oops\"");

                drop(named("fails").try_spawn(fails()));
                let spawned = line!() - 1;
                corio::yield_now().await;
                check("fails", spawned, "disk full");

                drop(named("local").try_spawn_local(fails()));
                let spawned = line!() - 1;
                corio::yield_now().await;
                check("local", spawned, "disk full");
            });
            silence();
        }
    });
}

#[corio::coroutine]
async fn outer() {
    inner().await;
}

#[corio::coroutine]
async fn inner() {
    panic!("deep inside")
}

#[test]
fn in_debug_mode_the_stack_of_a_panic_is_shown() {
    alone("unseen::in_debug_mode_the_stack_of_a_panic_is_shown", || {
        Builder::new().debug(true).run(async {
            drop(corio::spawn(async { outer().await }));
            corio::yield_now().await;
        });
        let text = line(Level::Error, "task");
        let (_, stack) = text.split_once("\nstack (most recent call last):\n").expect(&text);
        let frames: Vec<&str> = stack.lines().collect();
        assert_eq!(frames.len(), 2, "{text}");
        assert!(frames[0].starts_with("  coroutine 'outer' at "), "{text}");
        assert!(frames[1].starts_with("  coroutine 'inner' at "), "{text}");
    });
}

#[test]
fn what_is_retrieved_is_not_told_of() {
    alone("unseen::what_is_retrieved_is_not_told_of", || {
        Builder::new().debug(true).run(async {
            assert!(corio::try_spawn(fails()).await.unwrap().is_err());
            assert!(corio::spawn(async { panic!("awaited") }).await.unwrap_err().is_panic());
            // A plain spawn cannot see that what it is given may fail.
            drop(corio::spawn(fails()));
            // A group tells of all of them to whoever awaits it.
            let error = TaskGroup::try_scope(|group| async move {
                drop(group.try_spawn(fails()));
                drop(group.spawn(async { panic!("in a child") }));
                Ok::<(), io::Error>(())
            })
            .await
            .unwrap_err();
            assert!(!error.is_empty());
            // Gathered, the first is the one to be told of, as asyncio has it.
            let both = [corio::spawn(panics(1)), corio::spawn(panics(2))];
            assert!(corio::gather(both).await.is_err());
            corio::yield_now().await;
            corio::yield_now().await;
            silence();
        });
    });
}

#[corio::coroutine]
async fn saves(fails: bool) -> io::Result<()> {
    corio::yield_now().await;
    if fails { Err(io::Error::other("disk full")) } else { Ok(()) }
}

#[corio::coroutine]
fn saves_soon(fails: bool) -> impl Future<Output = Result<(), String>> + Send {
    std::future::ready(if fails { Err("disk full".to_owned()) } else { Ok(()) })
}

/// It awaits one that fails at once, at its own beginning.
#[corio::coroutine]
async fn copes() -> io::Result<()> {
    drop(saves_soon(true).await);
    drop(saves(true).await);
    Ok(())
}

/// An error of a coroutine that is spawned as it is comes to light by a plain spawn, too.
#[test]
fn of_coroutines_that_return_a_result() {
    alone("unseen::of_coroutines_that_return_a_result", || {
        for debug in [true, false] {
            Builder::new().debug(debug).run(async {
                let turns = async || {
                    for _ in 0..4 {
                        corio::yield_now().await;
                    }
                };
                let named = |name: &str| corio::task::Builder::new().name(name);
                drop(named("plain").spawn(saves(true)));
                let spawned = line!() - 1;
                turns().await;
                check("plain", spawned, "disk full");
                drop(named("local").spawn_local(saves_soon(true)));
                let spawned = line!() - 1;
                turns().await;
                check("local", spawned, "disk full");
                drop(named("eager").eager_start(true).spawn(saves_soon(true)));
                let spawned = line!() - 1;
                turns().await;
                check("eager", spawned, "disk full");
                drop(named("fallible").try_spawn(saves(true)));
                let spawned = line!() - 1;
                turns().await;
                check("fallible", spawned, "disk full");
                let kept = corio::spawn(saves(true));
                turns().await;
                assert!(kept.info().type_name().contains("saves"), "{}", kept.info().type_name());
                silence();
                assert!(kept.await.unwrap().is_err());
                // Retrieved, in order, or somebody else's to look after.
                drop(corio::spawn(saves(false)));
                drop(corio::spawn(copes()));
                drop(corio::spawn(async { saves(true).await.is_err() }));
                drop(corio::spawn(async { saves(true).await }));
                drop(corio::spawn(async { saves_soon(true).await }));
                drop(corio::spawn(futures::FutureExt::map(saves(true), |saved| saved.is_err())));
                drop(corio::spawn(Box::pin(saves(true))));
                assert!(saves(true).await.is_err());
                let mut looked_at = corio::spawn(saves(true));
                turns().await;
                assert!(looked_at.try_result().done().unwrap().unwrap().is_err());
                drop(looked_at);
                turns().await;
            });
            silence();
        }
    });
}

/// To detach says that nobody awaits it, not that it cannot fail.
#[test]
fn what_is_detached_is_told_of() {
    alone("unseen::what_is_detached_is_told_of", || {
        Builder::new().debug(false).run(async {
            corio::spawn(async {}).detach();
            corio::task::Builder::new().name("panics").spawn(panics(1)).detach();
            let spawned = line!() - 1;
            corio::yield_now().await;
            corio::yield_now().await;
            check("panics", spawned, "panicked with");
            let unwanted = corio::try_spawn(fails());
            unwanted.task().mark_retrieved();
            unwanted.detach();
            corio::yield_now().await;
        });
        silence();
    });
}

/// What is left when the awaiter of a shielded task is cancelled.
#[test]
fn in_a_shield_that_was_given_up() {
    alone("unseen::in_a_shield_that_was_given_up", || {
        let check = |message: &str, words: &str| {
            let text = line(Level::Error, "task");
            assert!(text.starts_with(&format!("{message}\nfuture: <Task ")), "{text}");
            assert!(text.contains(words), "{text}");
        };
        Builder::new().debug(false).run(async {
            let give_up = async |shield: corio::Shield<_, _>| {
                let outer = corio::spawn_local(shield);
                corio::yield_now().await;
                outer.task().cancel(());
                assert!(outer.await.unwrap_err().is_cancelled());
            };
            give_up(corio::shield(corio::spawn(panics(3)))).await;
            silence();
            for _ in 0..4 {
                corio::yield_now().await;
            }
            check("panic exception in shielded future", "in turn 3");
        });
        Builder::new().debug(false).run(async {
            let inner = corio::try_spawn(async {
                corio::yield_now().await;
                fails().await
            });
            drop(corio::shield(inner));
            corio::yield_now().await;
            corio::yield_now().await;
            check("error exception in shielded future", "disk full");
            // The handle was lent, and is awaited after all.
            let mut inner = corio::spawn(panics(2));
            assert!(corio::timeout(Duration::ZERO, corio::shield(&mut inner)).await.is_err());
            assert!(inner.await.unwrap_err().is_panic());
            // It ends well, or as cancelled, or it ends while the shield is there.
            drop(corio::shield(corio::spawn(async { corio::yield_now().await })));
            let inner = corio::spawn(std::future::pending::<()>());
            inner.task().cancel(());
            drop(corio::shield(inner));
            assert!(corio::shield(corio::spawn(panics(1))).await.unwrap_err().is_panic());
        });
        silence();
    });
}

async fn panics(turns: u32) {
    for _ in 0..turns {
        corio::yield_now().await;
    }
    panic!("in turn {turns}")
}

#[test]
fn on_another_thread() {
    alone("unseen::on_another_thread", || {
        Builder::new().debug(true).run(async {
            let (tell, told) = corio::sync::oneshot::channel();
            drop(corio::spawn_blocking(|| {
                tell.send(()).unwrap();
                panic!("in a job")
            }));
            // One that has not begun when the run ends never does.
            told.await.unwrap();
        });
        let text = line(Level::Error, "task");
        assert!(text.contains("panicked with: \"in a job\""), "{text}");
    });
}

#[test]
fn the_exception_handler_is_told_in_place_of_the_log() {
    alone("unseen::the_exception_handler_is_told_in_place_of_the_log", || {
        Builder::new().debug(true).run(async {
            let told: Rc<RefCell<Vec<String>>> = Rc::default();
            let tells = told.clone();
            let event_loop = EventLoop::current();
            event_loop.set_exception_handler(Some(Rc::new(move |_, context| {
                let task = context.task.as_ref().expect("a task");
                let error = context.error.as_ref().expect("its words");
                let message = context.message.as_deref().expect("a message");
                assert_eq!(context.location, Some(task.location()));
                tells.borrow_mut().push(format!("{message}: {} {error}", task.name()));
            })));
            drop(corio::task::Builder::new().name("told").try_spawn(async { Err::<(), u8>(7) }));
            corio::yield_now().await;
            assert_eq!(told.take(), ["Task exception was never retrieved: told 7"]);
            event_loop.set_exception_handler(None);
        });
        silence();
    });
}

#[test]
fn at_the_end_of_a_run_it_is_told_once() {
    alone("unseen::at_the_end_of_a_run_it_is_told_once", || {
        Builder::new().debug(true).run(async {
            let cleans = |how: fn() -> io::Result<()>| async move {
                let cancelled = corio::cancel::catch(std::future::pending::<()>()).await;
                cancelled.unwrap_err().suppress();
                how()
            };
            drop(corio::try_spawn(cleans(|| panic!("cleaning up"))));
            drop(corio::try_spawn(cleans(|| Err(io::Error::other("disk full")))));
            corio::yield_now().await;
        });
        let mut texts: Vec<String> = lines()
            .into_iter()
            .map(|(level, target, text)| {
                assert_eq!((level, target.as_str()), (Level::Error, "loop"), "{text}");
                assert!(text.starts_with("unhandled exception during corio::run() shutdown"));
                text
            })
            .collect();
        texts.sort_by_key(|text| text.contains("disk full"));
        assert_eq!(texts.len(), 2, "{texts:#?}");
        assert!(texts[1].contains("disk full"), "{texts:#?}");
    });
}

#[test]
fn an_eventual_s_error() {
    alone("unseen::an_eventual_s_error", || {
        let (promise, eventual) = corio::eventual::<u8, io::Error>();
        let made = line!() - 1;
        promise.set_error(io::Error::other("disk full")).unwrap();
        drop((promise, eventual));
        let text = line(Level::Error, "task");
        let begins = "Future exception was never retrieved\nfuture: <Eventual finished error=<";
        assert!(text.starts_with(begins), "{text}");
        assert!(text.contains(&format!("created at {}:{made}:", file!())), "{text}");
        let (promise, eventual) = corio::eventual::<u8, io::Error>();
        promise.set_error(io::Error::other("disk full")).unwrap();
        assert!(eventual.result().is_err());
        drop((promise, eventual));
        silence();
    });
}
