//! Streams, servers, and protocols with their transports.

use std::path::Path;

use corio::net::{UdpSocket, UnixStream, pipe};
use corio::stream::protocol::{
    DatagramProtocol, Protocol, connect_accepted_socket, connect_read_pipe, connect_write_pipe,
    create_connection, create_datagram_endpoint, create_server, create_unix_connection,
    create_unix_server, datagram_endpoint_over,
};
use corio::stream::{
    StreamReader, StreamWriter, open_connection, open_unix_connection, start_server,
    start_unix_server, streams,
};

use super::super::silence;
use super::{any_port, run, told};

/// Hears nothing.
pub(super) struct Silent;

impl Protocol for Silent {}

impl DatagramProtocol for Silent {}

async fn serves(_: StreamReader, _: StreamWriter) {}

#[test]
fn of_streams() {
    run("streams::of_streams", async || {
        let path = Path::new("/nowhere/at/all");
        told("open_connection", || open_connection(any_port()));
        told("open_unix_connection", || open_unix_connection(path));
        told("start_server", || start_server(serves, any_port()));
        told("start_unix_server", || start_unix_server(serves, path));
        let server = start_server(serves, any_port()).await.unwrap();
        told("Server::serve_forever", || server.serve_forever());
        told("Server::wait_closed", || server.wait_closed());
        server.close();
        server.wait_closed().await;
        let (one, _other) = UnixStream::pair().unwrap();
        let (mut reader, writer) = streams(one);
        told("StreamWriter::drain", || writer.drain());
        told("StreamWriter::wait_closed", || writer.wait_closed());
        drop(reader.read_line());
        writer.close();
        writer.wait_closed().await.unwrap();
        silence();
    });
}

#[test]
fn of_protocols() {
    run("streams::of_protocols", async || {
        let path = Path::new("/nowhere/at/all");
        told("create_server", || create_server(|| Silent, any_port()));
        told("create_unix_server", || create_unix_server(|| Silent, path));
        told("create_connection", || create_connection(|| Silent, any_port()));
        told("create_unix_connection", || create_unix_connection(|| Silent, path));
        let (one, _other) = UnixStream::pair().unwrap();
        told("connect_accepted_socket", || connect_accepted_socket(|| Silent, one));
        told("create_datagram_endpoint", || {
            create_datagram_endpoint(|| Silent, Some(any_port()), None)
        });
        let socket = UdpSocket::bind(any_port()).await.unwrap();
        told("datagram_endpoint_over", || datagram_endpoint_over(|| Silent, socket));
        let (sender, receiver) = pipe::pipe().unwrap();
        told("connect_read_pipe", || connect_read_pipe(|| Silent, receiver));
        told("connect_write_pipe", || connect_write_pipe(|| Silent, sender));
        silence();
    });
}
