//! Listeners: accepting in every form, and what goes wrong in the queue.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;

use corio_net::{TcpListener, TcpStream};
use futures::StreamExt;

use crate::alone::alone;
use crate::limits::hoard_descriptors;
use crate::util::{any_port, block_on, listen, poll_once};

#[test]
fn every_form_of_accepting() {
    let (listener, address) = listen();
    let clients: Vec<_> = (0..4).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let mut from = Vec::new();
    block_on(async {
        from.push(listener.accept().await.unwrap().1);
        from.push(poll_fn(|context| listener.poll_accept(context)).await.unwrap().1);
        let mut incoming = listener.incoming();
        from.push(incoming.next().await.unwrap().peer_addr().unwrap());
        from.push(StreamExt::next(&mut incoming).await.unwrap().unwrap().peer_addr().unwrap());
    });
    let wanted: Vec<SocketAddr> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
    assert_eq!(from, wanted);
}

#[test]
fn two_tasks_accept_side_by_side() {
    let (listener, address) = listen();
    let mut both = futures::future::join(listener.accept(), listener.accept());
    assert!(poll_once(&mut both).is_pending());
    let _clients = [0; 2].map(|_| std::net::TcpStream::connect(address).unwrap());
    let (one, two) = block_on(both);
    assert_ne!(one.unwrap().1, two.unwrap().1);
}

#[test]
fn a_port_is_free_again_at_once() {
    let (listener, address) = listen();
    // The end that closes first keeps the port in TIME-WAIT.
    block_on(async {
        let client = TcpStream::connect(address).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    });
    drop(listener);
    let again = block_on(TcpListener::bind(address)).unwrap();
    assert_eq!(again.local_addr().unwrap(), address);
}

#[test]
fn a_port_in_use_is_an_error() {
    let (_listener, address) = listen();
    let error = block_on(TcpListener::bind(address)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("cannot listen at {address}: ")), "{error}");
}

#[test]
fn options_are_the_listeners() {
    let options = TcpListener::options().reuse_port(true).only_v6(true).backlog(u32::MAX);
    let one = options.bind(any_port()).unwrap();
    let address = one.local_addr().unwrap();
    let _two = options.bind(address).unwrap();
    let error = TcpListener::options().reuse_address(false).bind(address).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let client = std::net::TcpStream::connect(address);
    assert!(client.is_ok());
}

#[test]
fn a_connection_reset_in_the_queue_is_not_the_servers_error() {
    let (listener, address) = listen();
    let reset = std::net::TcpStream::connect(address).unwrap();
    rustix::net::sockopt::set_socket_linger(&reset, Some(Duration::ZERO)).unwrap();
    drop(reset);
    let good = std::net::TcpStream::connect(address).unwrap();
    block_on(async {
        // Linux hands out the reset connection and lets its first read fail; others pass it over.
        // Either way accepting goes on to the good one.
        loop {
            let (stream, from) = listener.accept().await.unwrap();
            if from == good.local_addr().unwrap() {
                break;
            }
            assert!(stream.read(&mut [0; 1]).await.is_err());
        }
    });
}

#[test]
fn without_descriptors_accept_pauses_and_goes_on() {
    alone("listener::without_descriptors_accept_pauses_and_goes_on", starve_and_recover);
}

fn starve_and_recover() {
    let listener = block_on(TcpListener::bind(any_port())).unwrap();
    let address = listener.local_addr().unwrap();

    for poll_form in [false, true] {
        let mut clients = vec![std::net::TcpStream::connect(address).unwrap()];
        // What accepting needs first, threads and reactors, is there from here on.
        block_on(listener.accept()).unwrap();
        clients.push(std::net::TcpStream::connect(address).unwrap());
        let hoard = hoard_descriptors();
        let relief = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            drop(hoard);
        });
        let begin = std::time::Instant::now();
        let accepted = if poll_form {
            block_on(poll_fn(|context| listener.poll_accept(context)))
        } else {
            block_on(listener.accept())
        };
        accepted.unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(30), "there was a descriptor after all");
        relief.join().unwrap();
    }
}
