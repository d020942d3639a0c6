//! The load generator: one thread, a closed loop over all connections.
//!
//! Each connection has one request on its way; its answer sends the next. All peers' servers are
//! driven by this one client, and nothing of it is in a server's figure.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use rustix::event::epoll;

/// The size of a request and of its answer.
const REQUEST: usize = 64;
/// How many answered connections one wait may report.
const EVENTS_MAX: usize = 256;

/// Connections to a server.
#[derive(Debug)]
pub(crate) struct Client {
    epoll: OwnedFd,
    connections: Vec<Connection>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// How much of the present answer has come.
    filled: usize,
}

impl Client {
    /// Opens the connections, one after the other, and makes one request on each: then the server
    /// has accepted it, and no connection waits, or is dropped, in a full backlog.
    pub(crate) fn connect(address: SocketAddr, connections: u64) -> io::Result<Client> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut opened = Vec::with_capacity(connections as usize);
        for index in 0..connections {
            let mut stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.write_all(&[b'x'; REQUEST])?;
            stream.read_exact(&mut [0; REQUEST])?;
            stream.set_nonblocking(true)?;
            let data = epoll::EventData::new_u64(index);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN)?;
            opened.push(Connection { stream, filled: 0 });
        }
        Ok(Client { epoll, connections: opened })
    }

    /// Sends exactly so many requests and returns when all are answered.
    pub(crate) fn drive(&mut self, requests: u64) -> io::Result<()> {
        let mut sent = 0;
        for connection in self.connections.iter_mut().take(requests as usize) {
            connection.send()?;
            sent += 1;
        }
        let mut answered = 0;
        let mut events = Vec::with_capacity(EVENTS_MAX);
        while answered < requests {
            events.clear();
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), None)?;
            for event in &events {
                let connection = &mut self.connections[event.data.u64() as usize];
                if !connection.receive()? {
                    continue;
                }
                answered += 1;
                if sent < requests {
                    connection.send()?;
                    sent += 1;
                }
            }
        }
        Ok(())
    }
}

impl Connection {
    /// Sends one request; the socket's buffer holds it, for there is no other on its way.
    fn send(&mut self) -> io::Result<()> {
        self.stream.write_all(&[b'x'; REQUEST])
    }

    /// Reads what came of the answer, and tells whether that was all.
    fn receive(&mut self) -> io::Result<bool> {
        let mut answer = [0; REQUEST];
        let n = self.stream.read(&mut answer[self.filled..])?;
        if n == 0 {
            return Err(io::Error::other("the server closed a connection"));
        }
        self.filled = (self.filled + n) % REQUEST;
        Ok(self.filled == 0)
    }
}
