//! Sockets that are made in one runtime and used in another: a socket belongs to the loop it was made
//! on, works elsewhere while that loop runs, and says so when it does not.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::time::Duration;

use corio_embed_tests::Host;
use corio_net::{TcpListener, TcpStream};
use corio_timer::sleep;

use crate::net;

in_every_host! {
    used_while_its_loop_runs,
    used_after_its_loop_has_ended,
    waiting_when_its_loop_ends,
    a_listener_of_a_loop_that_has_ended,
    made_with_the_handle_of_a_runtime_that_has_gone,
    made_outside_and_used_in_corio,
    made_of_a_descriptor_outside_and_used_first_in_corio,
    made_of_a_descriptor_and_used_first_here,
}

/// Says what the matter is, and what to do.
#[track_caller]
fn assert_ended(error: &io::Error) {
    let text = error.to_string();
    assert!(text.contains("event loop") && text.contains("has ended"), "{text}");
    assert!(text.contains("inside a loop that is still running"), "the remedy: {text}");
}

fn made_on(background: &corio::Background) -> (TcpStream, TcpStream) {
    let made = background.handle().spawn(net::connection());
    background.handle().block_on(made).unwrap()
}

fn used_while_its_loop_runs<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let (client, server) = made_on(&background);
    H::block_on(async move {
        let server = H::spawn(net::echo(server));
        for _ in 0..10 {
            client.write_all(b"away").await.unwrap();
            let mut buffer = [0; 4];
            client.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"away");
        }
        drop(client);
        server.await.unwrap();
    });
}

fn used_after_its_loop_has_ended<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let (client, server) = made_on(&background);
    drop(background);
    H::block_on(async {
        assert_ended(&client.read(&mut [0; 4]).await.unwrap_err());
        assert_ended(&client.write_all(b"x").await.unwrap_err());
        assert_ended(&client.readable().await.unwrap_err());
        assert_ended(&server.try_read(&mut [0; 4]).unwrap_err());
        // The connection itself is alive: taken apart, it can be registered anew.
        let client = TcpStream::from_std(client.into_std()).unwrap();
        let server = TcpStream::from_std(server.into_std()).unwrap();
        client.write_all(b"anew").await.unwrap();
        let mut buffer = [0; 4];
        server.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"anew");
    });
}

fn waiting_when_its_loop_ends<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let (client, _server) = made_on(&background);
    let (waits, is_waiting) = mpsc::channel();
    let other = std::thread::spawn(move || {
        H::block_on(async {
            let mut buffer = [0; 4];
            let mut read = std::pin::pin!(client.read(&mut buffer));
            std::future::poll_fn(|context| {
                let polled = read.as_mut().poll(context);
                let _ = waits.send(());
                polled
            })
            .await
        })
    });
    is_waiting.recv().unwrap();
    drop(background);
    assert_ended(&other.join().unwrap().unwrap_err());
}

fn a_listener_of_a_loop_that_has_ended<H: Host>() {
    let (listener, _) = corio::run(net::listen());
    H::block_on(async { assert_ended(&listener.accept().await.unwrap_err()) });
}

fn made_with_the_handle_of_a_runtime_that_has_gone<H: Host>() {
    let runtime = corio::Builder::new().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    H::block_on(async {
        let _entered = handle.enter();
        let bound = TcpListener::bind(([127, 0, 0, 1], 0)).await;
        assert_ended(&bound.unwrap_err());
    });
}

fn made_outside_and_used_in_corio<H: Host>() {
    let (client, server) = H::block_on(net::connection());
    corio::run(async {
        let server = corio::spawn(net::echo(server));
        sleep(Duration::from_millis(1)).await;
        client.write_all(b"inside").await.unwrap();
        let mut buffer = [0; 6];
        client.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"inside");
        drop(client);
        server.await.unwrap().unwrap();
    });
}

/// A stream made of a descriptor on a thread without a loop, and std's other end of it.
fn of_a_descriptor() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (TcpStream::from(OwnedFd::from(ours)), listener.accept().unwrap().0)
}

fn made_of_a_descriptor_outside_and_used_first_in_corio<H: Host>() {
    let (ours, mut theirs) = of_a_descriptor();
    theirs.write_all(b"in corio").unwrap();
    let ours = corio::run(async {
        let mut buffer = [0; 8];
        ours.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"in corio");
        ours
    });
    // So it belonged to that loop, which has ended.
    H::block_on(async { assert_ended(&ours.read(&mut [0; 4]).await.unwrap_err()) });
}

fn made_of_a_descriptor_and_used_first_here<H: Host>() {
    let (ours, mut theirs) = of_a_descriptor();
    let other = std::thread::spawn(move || {
        let mut question = [0; 8];
        theirs.read_exact(&mut question).unwrap();
        theirs.write_all(b"answer").unwrap();
    });
    H::block_on(async {
        ours.write_all(b"question").await.unwrap();
        let mut answer = [0; 6];
        ours.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
    });
    other.join().unwrap();
}
