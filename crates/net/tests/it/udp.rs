//! UDP: every form of sending and receiving, options, and what goes wrong.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use corio_net::UdpSocket;
use futures::future::join;
use rustix::io::Errno;

use crate::util::{any_port, block_on, poll_once};

fn bind() -> (UdpSocket, SocketAddr) {
    let socket = block_on(UdpSocket::bind(any_port())).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Two sockets, each the other's peer.
fn connected() -> (UdpSocket, UdpSocket) {
    let ((one, at_one), (two, at_two)) = (bind(), bind());
    one.connect(at_two).unwrap();
    two.connect(at_one).unwrap();
    (one, two)
}

#[test]
fn every_form_of_sending_and_receiving() {
    let ((one, at_one), (two, at_two)) = (bind(), bind());
    let mut buffer = [0; 16];
    block_on(async {
        assert_eq!(one.send_to(b"a", at_two).await.unwrap(), 1);
        assert_eq!(two.peek(&mut buffer).await.unwrap(), 1);
        assert_eq!(two.peek_from(&mut buffer).await.unwrap(), (1, at_one));
        assert_eq!(poll_fn(|context| two.poll_peek(context, &mut buffer)).await.unwrap(), 1);
        let peeked = poll_fn(|context| two.poll_peek_from(context, &mut buffer)).await;
        assert_eq!(peeked.unwrap(), (1, at_one));
        assert_eq!(two.try_peek(&mut buffer).unwrap(), 1);
        assert_eq!(two.try_peek_from(&mut buffer).unwrap(), (1, at_one));
        assert_eq!(two.recv_from(&mut buffer).await.unwrap(), (1, at_one));

        assert_eq!(poll_fn(|c| one.poll_send_to(c, b"bc", at_two)).await.unwrap(), 2);
        assert_eq!(poll_fn(|c| two.poll_recv_from(c, &mut buffer)).await.unwrap(), (2, at_one));

        assert_eq!(one.try_send_to(b"def", at_two).unwrap(), 3);
        two.readable().await.unwrap();
        let mut vector = b"> ".to_vec();
        assert_eq!(two.recv_buf_from(&mut vector, 64).await.unwrap(), (3, at_one));
        assert_eq!(vector, b"> def");
        assert_eq!(two.try_recv_from(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);

        one.send_to(b"ghij", at_two).await.unwrap();
        let n = poll_fn(|c| two.poll_recv_buf_from(c, &mut vector, 1)).await.unwrap().0;
        assert!((1..=4).contains(&n), "as much as there was room for");
        one.writable().await.unwrap();
        poll_fn(|context| one.poll_write_ready(context)).await.unwrap();
        one.send_to(b"k", at_two).await.unwrap();
        poll_fn(|context| two.poll_read_ready(context)).await.unwrap();
        assert_eq!(two.try_recv_from(&mut buffer).unwrap(), (1, at_one));
    });
}

#[test]
fn a_connected_pair_needs_no_addresses() {
    let (one, two) = connected();
    assert_eq!(one.peer_addr().unwrap(), two.local_addr().unwrap());
    let (stranger, _) = bind();
    let mut buffer = [0; 16];
    block_on(async {
        stranger.send_to(b"strange", two.local_addr().unwrap()).await.unwrap();
        assert_eq!(one.send(b"ab").await.unwrap(), 2);
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 2, "the stranger is not heard");
        assert_eq!(poll_fn(|context| two.poll_send(context, b"abc")).await.unwrap(), 3);
        assert_eq!(poll_fn(|context| one.poll_recv(context, &mut buffer)).await.unwrap(), 3);
        assert_eq!(two.try_send(b"abcd").unwrap(), 4);
        one.readable().await.unwrap();
        assert_eq!(one.try_recv(&mut buffer).unwrap(), 4);
    });
    let (unconnected, _) = bind();
    assert_eq!(unconnected.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    assert!(block_on(unconnected.send(b"to nobody")).is_err());
}

#[test]
fn an_empty_message_is_a_message() {
    let (one, two) = connected();
    block_on(async {
        assert_eq!(one.send(b"").await.unwrap(), 0);
        assert_eq!(one.send(b"second").await.unwrap(), 6);
        let mut buffer = [0; 16];
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 0);
        assert_eq!(two.recv(&mut []).await.unwrap(), 0, "an empty buffer takes a message, too");
        assert!(poll_once(&mut two.recv(&mut buffer)).is_pending());
    });
}

#[test]
fn a_message_longer_than_the_buffer_is_cut_and_recv_msg_says_so() {
    let ((one, at_one), (two, at_two)) = (bind(), bind());
    let mut buffer = [0; 4];
    block_on(async {
        for _ in 0..4 {
            one.send_to(b"123456", at_two).await.unwrap();
        }
        one.send_to(b"1234", at_two).await.unwrap();
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 4, "in silence");
        let received = two.recv_msg(&mut buffer).await.unwrap();
        assert_eq!((received.len, received.from, received.truncated), (4, at_one, true));
        let received = poll_fn(|context| two.poll_recv_msg(context, &mut buffer)).await.unwrap();
        assert!(received.truncated);
        assert!(two.try_recv_msg(&mut buffer).unwrap().truncated);
        let received = two.recv_msg(&mut buffer).await.unwrap();
        assert_eq!((received.len, received.truncated), (4, false));
    });
}

#[test]
fn a_message_longer_than_one_may_be_is_an_error_and_the_socket_goes_on() {
    let (one, two) = connected();
    let error = block_on(one.send(&vec![0; 70_000])).unwrap_err();
    assert_eq!(Errno::from_io_error(&error), Some(Errno::MSGSIZE));
    block_on(async {
        one.send(b"short").await.unwrap();
        assert_eq!(two.recv(&mut [0; 16]).await.unwrap(), 5);
    });
}

#[test]
fn nobody_at_the_peers_port_is_told_once_and_the_socket_goes_on() {
    let ((one, at_one), (two, at_two)) = (bind(), bind());
    one.connect(at_two).unwrap();
    drop(two);
    let mut buffer = [0; 16];
    block_on(async {
        one.send(b"anybody?").await.unwrap();
        assert_eq!(one.recv(&mut buffer).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let two = UdpSocket::bind(at_two).await.unwrap();
        one.send(b"again").await.unwrap();
        assert_eq!(two.recv_from(&mut buffer).await.unwrap(), (5, at_one));
        two.send_to(b"yes", at_one).await.unwrap();
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 3);
    });
}

#[test]
fn several_wait_in_each_direction_and_each_message_is_ones() {
    const WAITERS: usize = 8;
    let ((one, _), (two, at_two)) = (bind(), bind());
    let receive = async {
        let mut buffers = [[0; 8]; WAITERS];
        let all = buffers.each_mut().map(|buffer| two.recv_from(buffer));
        let mut sum = 0;
        for received in futures::future::join_all(all).await {
            sum += received.unwrap().0;
        }
        sum
    };
    let send = async {
        let all = (1..=WAITERS).map(|n| one.send_to(&[0; WAITERS][..n], at_two));
        futures::future::join_all(all).await.into_iter().map(Result::unwrap).sum::<usize>()
    };
    let (received, sent) = block_on(join(receive, send));
    assert_eq!((received, sent), (36, 36));
}

#[test]
fn a_dropped_receiver_leaves_the_message_to_the_next() {
    let ((one, _), (two, at_two)) = (bind(), bind());
    let mut buffer = [0; 8];
    assert!(poll_once(&mut two.recv(&mut buffer)).is_pending());
    block_on(async {
        one.send_to(b"here", at_two).await.unwrap();
        assert_eq!(two.recv(&mut buffer).await.unwrap(), 4);
    });
}

#[test]
fn options_are_the_sockets() {
    let options = UdpSocket::options()
        .reuse_address(true)
        .reuse_port(true)
        .broadcast(true)
        .recv_buffer_size(64 << 10)
        .send_buffer_size(64 << 10);
    let one = options.bind(any_port()).unwrap();
    let two = options.bind(one.local_addr().unwrap()).unwrap();
    assert_eq!(one.local_addr().unwrap(), two.local_addr().unwrap());
    assert!(one.broadcast().unwrap());
    assert!(one.recv_buffer_size().unwrap() >= 64 << 10);
    assert!(one.send_buffer_size().unwrap() >= 64 << 10);
    one.set_broadcast(false).unwrap();
    assert!(!one.broadcast().unwrap());
    one.set_ttl(5).unwrap();
    assert_eq!(one.ttl().unwrap(), 5);
    one.set_tos(0x10).unwrap();
    assert_eq!(one.tos().unwrap(), 0x10);
    one.set_multicast_loop_v4(false).unwrap();
    assert!(!one.multicast_loop_v4().unwrap());
    one.set_multicast_ttl(3).unwrap();
    assert_eq!(one.multicast_ttl().unwrap(), 3);
    assert!(one.take_error().unwrap().is_none());
    // Broadcasts are refused where they were not asked for.
    let everybody = SocketAddr::from(([255, 255, 255, 255], 9));
    let error = block_on(one.send_to(b"x", everybody)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[test]
fn options_of_ipv6() {
    let loopback = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 0));
    // A machine without IPv6 has nothing to ask.
    let Ok(socket) = UdpSocket::options().only_v6(true).bind(loopback) else { return };
    socket.set_ttl(7).unwrap();
    assert_eq!(socket.ttl().unwrap(), 7);
    socket.set_tos(0x20).unwrap();
    assert_eq!(socket.tos().unwrap(), 0x20);
    socket.set_multicast_loop_v6(false).unwrap();
    assert!(!socket.multicast_loop_v6().unwrap());
    socket.set_multicast_ttl(2).unwrap();
    assert_eq!(socket.multicast_ttl().unwrap(), 2);
}

#[test]
fn a_group_gets_what_is_sent_to_it() {
    let group = Ipv4Addr::new(239, 255, 42, 99);
    let here = Ipv4Addr::LOCALHOST;
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let member = UdpSocket::options().reuse_address(true).bind(any).unwrap();
    // A machine without multicast on its loopback has no groups.
    if member.join_multicast_v4(group, here).is_err() {
        return;
    }
    let port = member.local_addr().unwrap().port();
    let (sender, _) = bind();
    sender.set_multicast_interface_v4(here).unwrap();
    let mut buffer = [0; 16];
    block_on(async {
        sender.send_to(b"all", (group, port)).await.unwrap();
        assert_eq!(member.recv_from(&mut buffer).await.unwrap().0, 3);
        member.leave_multicast_v4(group, here).unwrap();
        sender.send_to(b"nobody", (group, port)).await.unwrap();
        sender.send_to(b"you", (here, port)).await.unwrap();
        assert_eq!(member.recv_from(&mut buffer).await.unwrap().0, 3);
        assert_eq!(&buffer[..3], b"you");
    });
    let error = member.leave_multicast_v4(group, here).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn to_std_and_back() {
    let (socket, address) = bind();
    let number = socket.as_raw_fd();
    let socket = UdpSocket::from_std(socket.into_std()).unwrap();
    let socket = UdpSocket::from(OwnedFd::from(socket));
    assert_eq!((socket.as_raw_fd(), socket.local_addr().unwrap()), (number, address));
    block_on(async {
        socket.send_to(b"self", address).await.unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 4);
    });
    let std = socket.into_std();
    std.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert_eq!(std.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_descriptor_of_another_kind_is_an_error() {
    let listener = std::os::unix::net::UnixDatagram::unbound().unwrap();
    let socket = UdpSocket::from(OwnedFd::from(listener));
    assert!(socket.local_addr().is_err());
    assert!(block_on(socket.send_to(b"x", any_port())).is_err());
}

#[test]
fn futures_are_send_and_small() {
    fn send<T: Send + Unpin>(value: T) -> usize {
        size_of_val(&value)
    }
    let (socket, address) = bind();
    let mut buffer = [0; 8];
    assert!(send(socket.recv_from(&mut buffer)) <= 48);
    assert!(send(socket.send_to(b"", address)) <= 112);
    assert!(send(socket) <= 72);
}
