//! What a builder refuses, and how.

use std::io::ErrorKind;

use corio::Builder;
use corio::park::ThreadPark;

use crate::util::{assert_passed, bounded, in_child, inside_child, panic_text};

#[test]
fn a_driver_of_one_s_own_does_not_go_to_another_thread() {
    let error = Builder::new().driver(ThreadPark::new()).start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("`build`"), "the remedy: {error}");
}

#[test]
fn it_shows_what_it_was_told() {
    let builder =
        Builder::new_current_thread().thread_name("t").debug(true).driver(ThreadPark::new());
    let text = format!("{builder:?}");
    assert!(text.contains("\"t\"") && text.contains("Some(true)"), "{text}");
}

/// Each way to build fails in the same words.
fn fails_everywhere(parts: &[&str]) {
    let parts: Vec<String> = parts.iter().map(|&part| part.to_owned()).collect();
    bounded(move || {
        let build = Builder::new().build().unwrap_err();
        let start = Builder::new().start().unwrap_err();
        for error in [build, start] {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            parts.iter().for_each(|part| assert!(error.to_string().contains(part), "{error}"));
        }
        for text in [panic_text(|| corio::run(async {})), panic_text(|| corio::try_run(async {}))] {
            assert!(text.starts_with("the runtime cannot be built"), "{text}");
            parts.iter().for_each(|part| assert!(text.contains(part), "{text}"));
        }
    });
}

#[test]
fn a_driver_that_does_not_exist() {
    if inside_child() {
        fails_everywhere(&["\"iocp\"", "CORIO_DRIVER", "polling", "unset it"]);
        // A runtime that brings its own driver does not ask.
        Builder::new().driver(ThreadPark::new()).build().unwrap();
        return;
    }
    assert_passed(&in_child("builder::a_driver_that_does_not_exist", &[("CORIO_DRIVER", "iocp")]));
}

#[test]
fn a_debug_mode_that_does_not_exist() {
    if inside_child() {
        fails_everywhere(&["CORIO_DEBUG", "\"loud\"", "1 (debug mode on) or 0 (off)"]);
        // A program that says itself what it wants does not ask.
        Builder::new().debug(false).build().unwrap();
        return;
    }
    let test = "builder::a_debug_mode_that_does_not_exist";
    assert_passed(&in_child(test, &[("CORIO_DEBUG", "loud")]));
}

#[test]
fn the_environment_turns_debug_mode_on_and_the_program_has_the_last_word() {
    if inside_child() {
        let expected = std::env::var("CORIO_DEBUG").is_ok_and(|value| value == "1");
        corio::run(async move { assert_eq!(corio_trace::enabled(), expected) });
        for on in [true, false] {
            Builder::new().debug(on).run(async move { assert_eq!(corio_trace::enabled(), on) });
        }
        return;
    }
    let test = "builder::the_environment_turns_debug_mode_on_and_the_program_has_the_last_word";
    for variables in [&[][..], &[("CORIO_DEBUG", "1")], &[("CORIO_DEBUG", "0")]] {
        assert_passed(&in_child(test, variables));
    }
}

#[test]
fn every_driver_of_the_environment_runs_a_server() {
    use corio::net::{TcpListener, TcpStream};
    if inside_child() {
        return bounded(|| {
            corio::run(async {
                let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await.unwrap();
                let address = listener.local_addr().unwrap();
                let client = corio::spawn(async move {
                    let stream = TcpStream::connect(address).await.unwrap();
                    stream.write_all(b"hello").await.unwrap();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).await.unwrap();
                    answer
                });
                let (stream, _) = listener.accept().await.unwrap();
                let mut buffer = [0; 5];
                stream.read_exact(&mut buffer).await.unwrap();
                stream.write_all(&buffer).await.unwrap();
                drop(stream);
                assert_eq!(client.await.unwrap(), b"hello");
                corio::sleep(crate::util::MS).await;
            });
        });
    }
    for kind in corio_reactor::DriverKind::ALL {
        let test = "builder::every_driver_of_the_environment_runs_a_server";
        assert_passed(&in_child(test, &[("CORIO_DRIVER", kind.name())]));
    }
}
