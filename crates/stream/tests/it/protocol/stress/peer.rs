//! A peer of the stress: a plain socket that nobody waits for, and that is asked to do one thing after the
//! other.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use socket2::Socket;

use super::{Stage, byte};

/// What a peer sends at most.
const BYTES_MAX: usize = 800_000;

/// How a peer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Sends all, ends that direction, and reads all.
    Finishes,
    /// Vanishes with bytes on the way.
    Vanishes,
    Resets,
}

#[derive(Debug)]
pub(super) struct Peer {
    socket: Option<Socket>,
    is_unix: bool,
    whose: u8,
    sent: usize,
    total: usize,
    got: usize,
    fate: Fate,
    /// So many rounds it does nothing.
    stalls: usize,
    has_shut: bool,
    /// It reads nothing before it has sent all.
    is_sluggish: bool,
}

impl Peer {
    pub(super) fn connect(stage: &Stage, whose: u8, address: SocketAddr, path: &Path) -> Peer {
        let is_unix = whose.is_multiple_of(2);
        let socket: OwnedFd = match is_unix {
            true => UnixStream::connect(path).unwrap().into(),
            false => TcpStream::connect(address).unwrap().into(),
        };
        let socket = Socket::from(socket);
        socket.set_nonblocking(true).unwrap();
        let fates = [Fate::Finishes, Fate::Finishes, Fate::Vanishes, Fate::Resets];
        Peer {
            socket: Some(socket),
            is_unix,
            whose,
            sent: 0,
            total: 1 + stage.below(if stage.once_in(4) { BYTES_MAX } else { 500 }),
            got: 0,
            fate: fates[stage.below(4)],
            stalls: 0,
            has_shut: false,
            is_sluggish: stage.once_in(3),
        }
    }

    /// One thing; `false` if it has ended.
    pub(super) fn step(&mut self, stage: &Stage) -> bool {
        let Some(socket) = &self.socket else { return false };
        if self.stalls > 0 {
            self.stalls -= 1;
            return true;
        }
        match stage.below(8) {
            0 => self.stalls = stage.below(10),
            1..5 if self.sent < self.total => {
                let count = (1 + stage.below(100_000)).min(self.total - self.sent);
                let bytes: Vec<u8> =
                    (self.sent..self.sent + count).map(|at| byte(self.whose, at)).collect();
                let sent = match self.is_unix && stage.once_in(3) {
                    true => send_with_descriptor(socket, &bytes),
                    false => (&*socket).write(&bytes),
                };
                match sent {
                    Ok(count) => self.sent += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => self.end(stage),
                }
            }
            1..5 => self.sent_all(stage),
            // One whose other side is closing would have both wait.
            _ if self.is_sluggish && self.sent < self.total && !stage.is_cut(self.whose) => {}
            _ => self.read(stage),
        }
        self.socket.is_some()
    }

    fn sent_all(&mut self, stage: &Stage) {
        let Some(socket) = &self.socket else { return };
        match self.fate {
            Fate::Finishes if !self.has_shut => {
                self.has_shut = true;
                let _ = socket.shutdown(Shutdown::Write);
            }
            Fate::Finishes => self.read(stage),
            Fate::Vanishes => {
                stage.count("vanished");
                self.socket = None;
            }
            Fate::Resets => {
                stage.count("reset");
                if !self.is_unix {
                    socket.set_linger(Some(Duration::ZERO)).unwrap();
                }
                self.socket = None;
            }
        }
    }

    fn read(&mut self, stage: &Stage) {
        let Some(mut socket) = self.socket.as_ref() else { return };
        let mut room = vec![0; 1 + stage.below(60_000)];
        match socket.read(&mut room) {
            Ok(0) => self.end(stage),
            Ok(count) => {
                for &got in &room[..count] {
                    assert_eq!(got, byte(self.whose, self.got), "echoed to {}", self.whose);
                    self.got += 1;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.end(stage),
        }
    }

    /// The other side has ended it.
    fn end(&mut self, stage: &Stage) {
        let is_cut = stage.is_cut(self.whose);
        stage.count(if is_cut { "cut" } else { "whole" });
        assert!(
            is_cut || (self.has_shut && self.got == self.total),
            "{}: it ends early",
            self.whose
        );
        self.socket = None;
    }
}

fn send_with_descriptor(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    // Not the socket itself, which would live on in its own peer.
    let passed = std::io::stderr();
    let passed = [passed.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&passed)));
    Ok(sendmsg(socket, &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?)
}
