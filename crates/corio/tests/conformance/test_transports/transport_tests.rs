//! What is known of a connection, and when its protocol is told to pause.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use corio::net::UnixStream;
use corio::stream::protocol::{
    Protocol, Transport, connect_accepted_socket, create_connection, create_server,
};

use crate::sockets::{HERE, soon};
use crate::support::turns;

/// Remembers whether it is told to pause.
#[derive(Debug, Default)]
struct Paused(bool);

impl Protocol for Paused {
    fn pause_writing(&mut self) {
        self.0 = true;
    }

    fn resume_writing(&mut self) {
        self.0 = false;
    }
}

/// What asyncio looks up by a name are methods, each with its type.
#[corio::test]
async fn test_get_extra_info() {
    let server = create_server(Paused::default, HERE).await.unwrap();
    let address = server.local_addr().unwrap();
    let transport: Transport = create_connection(Paused::default, address).await.unwrap();
    assert_eq!(transport.peer_addr().unwrap().as_inet(), Some(address));
    assert_eq!(transport.local_addr().unwrap().as_inet().unwrap().ip(), address.ip());
    assert_eq!(transport.peer_addr().unwrap().as_path(), None);
    transport.close();
    server.close();
    soon(server.wait_closed()).await;
}

#[corio::test]
async fn test_flowcontrol_mixin_set_write_limits() {
    let (ours, _theirs) = UnixStream::pair().unwrap();
    let protocol = Rc::new(RefCell::new(Paused::default()));
    let transport = connect_accepted_socket(|| protocol.clone(), ours).await.unwrap();
    // The system takes what it likes; at least 512 bytes are unsent after that.
    transport.set_write_buffer_limits(Some(usize::MAX), None);
    while transport.get_write_buffer_size() == 0 {
        transport.write(&[0; 1024]);
    }
    let unsent = transport.get_write_buffer_size();
    transport.write(&[0; 512]);
    let unsent = unsent + 512;
    assert_eq!(transport.get_write_buffer_size(), unsent);
    turns(3).await;
    assert!(!protocol.borrow().0);

    let set = AssertUnwindSafe(|| transport.set_write_buffer_limits(Some(0), Some(1)));
    let refused = catch_unwind(set).unwrap_err();
    let words = refused.downcast_ref::<String>().unwrap();
    assert!(words.contains("low-water mark 1 is above the high-water mark 0"), "{words}");

    transport.set_write_buffer_limits(Some(unsent * 2), Some(128));
    turns(3).await;
    assert!(!protocol.borrow().0);
    assert_eq!(transport.get_write_buffer_limits(), (128, unsent * 2));

    transport.set_write_buffer_limits(Some(256), Some(128));
    turns(3).await;
    assert!(protocol.borrow().0);
    assert_eq!(transport.get_write_buffer_limits(), (128, 256));
    transport.abort();
}
