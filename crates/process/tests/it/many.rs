//! A thousand children at once.

use std::collections::HashSet;

use corio_process::{Command, Stdio};
use corio_reactor::Reactor;
use futures::future::join_all;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::util::{assert_deregistered, assert_goes_away, in_own_process, run_in};

const CHILDREN: usize = 1000;

/// All of them run at the same time: each reads one pipe that stays open until the last one has started.
#[test]
#[ignore = "run by the test below, in a process of its own"]
fn a_thousand() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut reactor = Reactor::new().unwrap();
    run_in(&mut reactor, async {
        let mut children: Vec<_> = (0..CHILDREN)
            .map(|_| {
                let mut command = Command::new("cat");
                command.stdin(reader.try_clone().unwrap()).stdout(Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        let ids: HashSet<_> = children.iter().map(|child| child.id()).collect();
        assert_eq!(ids.len(), CHILDREN);
        for child in &children {
            assert!(child.try_wait().unwrap().is_none());
        }
        drop(writer);
        for status in join_all(children.iter_mut().map(|child| child.wait())).await {
            assert!(status.unwrap().success());
        }
        ids.into_iter().for_each(assert_goes_away);
    });
    assert_deregistered(&reactor.handle());
}

#[test]
fn a_thousand_children_at_once() {
    in_own_process("many::a_thousand");
}
