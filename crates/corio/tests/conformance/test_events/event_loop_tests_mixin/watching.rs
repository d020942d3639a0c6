//! Callbacks for descriptors.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use corio::EventLoop;

use crate::sockets::until;
use crate::support::runtime;

#[corio::test]
async fn test_reader_callback() {
    let event_loop = EventLoop::current();
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let near = Rc::new(near);
    let got = Rc::new(RefCell::new(Vec::new()));
    let (from, into, inside) = (near.clone(), got.clone(), event_loop.clone());
    let callback = move || {
        let mut buffer = [0; 1024];
        match (&*from).read(&mut buffer).unwrap() {
            0 => {
                into.borrow_mut().push("end".to_owned());
                assert!(inside.remove_reader(&*from));
            }
            count => {
                let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                into.borrow_mut().push(text);
            }
        }
    };
    event_loop.add_reader(&*near, callback).unwrap();
    far.write_all(b"abc").unwrap();
    until(|| got.borrow().len() == 1).await;
    far.write_all(b"def").unwrap();
    until(|| got.borrow().len() == 2).await;
    drop(far);
    until(|| got.borrow().len() == 3).await;
    assert_eq!(*got.borrow(), ["abc", "def", "end"]);
}

#[corio::test]
async fn test_writer_callback() {
    let event_loop = EventLoop::current();
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let near = Rc::new(near);
    let (to, inside) = (near.clone(), event_loop.clone());
    let callback = move || {
        assert_eq!((&*to).write(&[b'x'; 1024]).unwrap(), 1024);
        assert!(inside.remove_writer(&*to));
    };
    event_loop.add_writer(&*near, callback).unwrap();
    let fd = near.as_raw_fd();
    drop(near);
    // The callback's own is the last one.
    let got = corio::spawn_blocking(move || {
        let mut got = Vec::new();
        far.read_to_end(&mut got).map(|_| got)
    });
    assert_eq!(got.await.unwrap().unwrap(), [b'x'; 1024]);
    assert!(!event_loop.remove_writer(&fd), "it took itself back");
}

#[test]
fn test_add_fds_after_closing() {
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    event_loop.close().unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    for refused in [
        catch_unwind(AssertUnwindSafe(|| event_loop.add_reader(&near, || ()))),
        catch_unwind(AssertUnwindSafe(|| event_loop.add_writer(&near, || ()))),
    ] {
        let text = *refused.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("closed"), "{text}");
    }
    assert!(!event_loop.remove_reader(&near) && !event_loop.remove_writer(&near));
}

/// A loop's own descriptors go with it.
#[test]
fn test_internal_fds() {
    let test = "test_events::event_loop_tests_mixin::watching::test_internal_fds";
    crate::test_runners::assert_passed(crate::test_runners::in_child(test, None, || {
        let open = || std::fs::read_dir("/proc/self/fd").map(Iterator::count).ok();
        let make = || {
            let runtime = corio::Builder::new().build().unwrap();
            runtime.event_loop().run_until_complete(async {}).unwrap();
            open()
        };
        make();
        let before = open();
        let during = make();
        assert_eq!(open(), before);
        assert!(before.is_none() || before < during, "{before:?} {during:?}");
    }));
}
