//! The futures that receive, by name: what [`DatagramSocket`](crate::DatagramSocket)'s methods return.
//!
//! Each is a waiter of its own and the method's arguments.

use std::io;
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_reactor::Waiter;

use super::ops::{self, Take};
use crate::kind::Datagrams;

/// What [`DatagramSocket::recv_msg`](crate::DatagramSocket::recv_msg) knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received<A> {
    /// How many bytes of it are in the buffer.
    pub len: usize,
    /// Who sent it.
    pub from: A,
    /// Whether it was longer than the buffer: the rest is lost.
    pub truncated: bool,
}

/// Receives a message; made by [`DatagramSocket::recv`](crate::DatagramSocket::recv) and
/// [`DatagramSocket::peek`](crate::DatagramSocket::peek).
///
/// # Cancel safety
/// Dropped before it was ready, it has received nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a, S = net::UdpSocket> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
    pub(super) take: Take,
}

impl<S: Datagrams> Future for Recv<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.waiter.poll_with(context, |socket| ops::recv(socket, this.buffer, this.take))
    }
}

/// Receives a message, and says from whom; made by
/// [`DatagramSocket::recv_from`](crate::DatagramSocket::recv_from) and
/// [`DatagramSocket::peek_from`](crate::DatagramSocket::peek_from).
///
/// # Cancel safety
/// Dropped before it was ready, it has received nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvFrom<'a, S = net::UdpSocket> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
    pub(super) take: Take,
}

impl<S: Datagrams> Future for RecvFrom<'_, S> {
    type Output = io::Result<(usize, S::Address)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.waiter.poll_with(context, |socket| ops::recv_from(socket, this.buffer, this.take))
    }
}

/// Appends a message to a vector; made by
/// [`DatagramSocket::recv_buf_from`](crate::DatagramSocket::recv_buf_from).
///
/// # Cancel safety
/// Dropped before it was ready, it has received nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvBuf<'a, S = net::UdpSocket> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut Vec<u8>,
    pub(super) room: usize,
}

impl<S: Datagrams> Future for RecvBuf<'_, S> {
    type Output = io::Result<(usize, S::Address)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.waiter.poll_with(context, |socket| ops::recv_buf(socket, this.buffer, this.room))
    }
}

/// Receives a message with all that is known of it; made by
/// [`DatagramSocket::recv_msg`](crate::DatagramSocket::recv_msg).
///
/// # Cancel safety
/// Dropped before it was ready, it has received nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct RecvMsg<'a, S = net::UdpSocket> {
    pub(super) waiter: Waiter<'a, S>,
    pub(super) buffer: &'a mut [u8],
}

impl<S: Datagrams> Future for RecvMsg<'_, S> {
    type Output = io::Result<Received<S::Address>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.waiter.poll_with(context, |socket| ops::recv_msg(socket, this.buffer))
    }
}
