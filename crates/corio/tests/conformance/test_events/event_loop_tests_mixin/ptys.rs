//! Terminals that call a protocol: as pipes do, in both directions.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;

use corio::net::pipe;
use corio::stream::protocol::{connect_read_pipe, connect_write_pipe};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};

use crate::recorder::Recorder;
use crate::sockets::until;

/// A terminal that changes nothing and echoes nothing: its master, and the side of the program in it.
fn terminal() -> (OwnedFd, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut modes = tcgetattr(&slave).unwrap();
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    modes.output_modes.remove(OutputModes::OPOST);
    tcsetattr(&slave, OptionalActions::Now, &modes).unwrap();
    (master, slave)
}

#[corio::test]
async fn test_read_pty_output() {
    let (master, mut slave) = terminal();
    let recorder = Recorder::shared();
    let end = pipe::Receiver::from(master);
    let transport = connect_read_pipe(|| recorder.clone(), end).await.unwrap();
    slave.write_all(b"1").unwrap();
    until(|| recorder.borrow().received == b"1").await;
    slave.write_all(b"2345").unwrap();
    until(|| recorder.borrow().received == b"12345").await;
    transport.close();
    until(|| recorder.borrow().lost.is_some()).await;
    assert_eq!(recorder.borrow().told, ["made", "data", "lost"]);
}

#[corio::test]
async fn test_write_pty() {
    let (master, mut slave) = terminal();
    let recorder = Recorder::shared();
    let end = pipe::Sender::from(master);
    let transport = connect_write_pipe(|| recorder.clone(), end).await.unwrap();
    let mut buffer = [0; 1024];
    for bytes in [&b"1"[..], b"2345"] {
        transport.write(bytes);
        until(|| transport.get_write_buffer_size() == 0).await;
        let count = slave.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], bytes);
    }
    transport.close();
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(matches!(recorder.borrow().lost, Some(None)));
}

#[corio::test]
async fn test_bidirectional_pty() {
    let (master, mut slave) = terminal();
    let (reads, writes) = (Recorder::shared(), Recorder::shared());
    let reading = pipe::Receiver::from(master.try_clone().unwrap());
    let reading = connect_read_pipe(|| reads.clone(), reading).await.unwrap();
    let writing = connect_write_pipe(|| writes.clone(), pipe::Sender::from(master)).await.unwrap();
    slave.write_all(b"6").unwrap();
    until(|| reads.borrow().received == b"6").await;
    writing.write(b"1");
    until(|| writing.get_write_buffer_size() == 0).await;
    let mut buffer = [0; 1024];
    assert_eq!(slave.read(&mut buffer).unwrap(), 1);
    slave.write_all(b"78").unwrap();
    until(|| reads.borrow().received == b"678").await;
    reading.close();
    writing.write(b"2345");
    until(|| writing.get_write_buffer_size() == 0).await;
    assert_eq!(slave.read(&mut buffer).unwrap(), 4);
    writing.close();
    until(|| reads.borrow().lost.is_some() && writes.borrow().lost.is_some()).await;
    assert!(matches!(writes.borrow().lost, Some(None)));
}
