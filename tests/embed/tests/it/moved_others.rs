//! Children, signals, files and jobs that are begun in a corio loop and go on in another runtime, also
//! when that loop has ended: what it drove is driven from here, and nothing is lost.

use std::os::unix::process::ExitStatusExt;
use std::task::{Context, Poll, Waker};

use corio_blocking::spawn_blocking;
use corio_embed_tests::Host;
use corio_fs::File;
use corio_net::UdpSocket;
use corio_process::{Child, Command, Stdio};
use corio_signal::{SignalKind, signal};
use rustix::process::{Signal, getpid, kill_process};

use crate::folder::Folder;

in_every_host! {
    a_child_of_a_loop_that_has_ended,
    a_child_that_ends_while_no_loop_runs,
    a_child_that_is_awaited_when_its_loop_ends,
    a_signal_of_a_loop_that_has_ended,
    a_file_of_a_runtime_that_has_ended,
    a_job_of_the_host_in_corio,
    a_datagram_socket_of_a_loop_that_has_ended,
}

/// Runs until its input ends.
fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn a_child_of_a_loop_that_has_ended<H: Host>() {
    let mut child = corio::run(async { cat() });
    let status = H::block_on(async {
        child.start_kill().unwrap();
        child.wait().await.unwrap()
    });
    assert_eq!(status.signal(), Some(9));
}

fn a_child_that_ends_while_no_loop_runs<H: Host>() {
    let mut child = corio::run(async { cat() });
    drop(child.stdin.take());
    assert!(H::block_on(child.wait()).unwrap().success());
    // It was told once, and is so again.
    assert!(child.try_wait().unwrap().is_some_and(|status| status.success()));
}

fn a_child_that_is_awaited_when_its_loop_ends<H: Host>() {
    let background = corio::Builder::new().start().unwrap();
    let child = background.handle().spawn(async { cat() });
    let mut child = background.handle().block_on(child).unwrap();
    let mut stdin = child.stdin.take();
    H::block_on(async move {
        let mut waiting = Box::pin(async move { child.wait().await });
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        let waiting = H::spawn(waiting);
        drop(background);
        drop(stdin.take());
        assert!(waiting.await.unwrap().success());
    });
}

fn a_signal_of_a_loop_that_has_ended<H: Host>() {
    let mut signals = corio::run(async { signal(SignalKind::user_defined1()).unwrap() });
    kill_process(getpid(), Signal::USR1).unwrap();
    H::block_on(signals.recv()).unwrap();
    kill_process(getpid(), Signal::USR1).unwrap();
    H::block_on(signals.recv()).unwrap();
}

fn a_file_of_a_runtime_that_has_ended<H: Host>() {
    let folder = Folder::new::<H>("moved");
    let path = folder.join("log");
    let file = corio::run(async {
        let file = File::create(&path).await.unwrap();
        file.write_all(b"inside, ").await.unwrap();
        file
    });
    H::block_on(async {
        file.write_all(b"outside").await.unwrap();
        file.close().await.unwrap();
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"inside, outside");
}

fn a_job_of_the_host_in_corio<H: Host>() {
    let begin = |_: &mut Context<'_>| Poll::Ready(spawn_blocking(|| 6 * 7));
    let job = H::block_on(std::future::poll_fn(begin));
    assert_eq!(corio::run(job).unwrap(), 42);
}

fn a_datagram_socket_of_a_loop_that_has_ended<H: Host>() {
    let socket = corio::run(UdpSocket::bind(([127, 0, 0, 1], 0))).unwrap();
    H::block_on(async {
        let error = socket.recv(&mut [0; 4]).await.unwrap_err();
        assert!(error.to_string().contains("event loop"), "{error}");
        // The socket itself is alive: taken apart, it can be registered anew.
        let socket = UdpSocket::from_std(socket.into_std()).unwrap();
        let address = socket.local_addr().unwrap();
        socket.send_to(b"anew", address).await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(socket.recv_from(&mut buffer).await.unwrap(), (4, address));
    });
}
