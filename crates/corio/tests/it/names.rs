//! What tasks are called and where they come from.

use std::collections::HashSet;

use corio::Handle;
use corio::task::{Builder, current};

use crate::util::bounded;

#[test]
fn names_given_and_not_given() {
    bounded(|| {
        corio::run(async {
            let plain = corio::spawn(async { current().unwrap().info().name() });
            let id = plain.info().id();
            assert_eq!(plain.info().given_name(), None);
            assert_eq!(plain.await.unwrap(), format!("Task-{id}"));

            let named = Builder::new().name("reader").spawn(async { current().unwrap() });
            assert_eq!(named.info().given_name().as_deref(), Some("reader"));
            let task = named.await.unwrap();
            assert_eq!(task.info().name(), "reader");
            assert!(task.is_done());
            assert!(format!("{task:?}").contains("name=\"reader\""), "{task:?}");

            let local = Builder::new().name(String::from("owned")).spawn_local(async {});
            assert_eq!(local.info().name(), "owned");
        });
    });
}

#[test]
fn the_current_task_is_the_one_being_polled() {
    bounded(|| {
        assert!(current().is_none());
        corio::run(async {
            let root = current().unwrap();
            let child = corio::spawn(async { current().unwrap() });
            let by_handle = child.task();
            let child = child.await.unwrap();
            assert_eq!(child, by_handle);
            assert_ne!(child, root);
            assert_eq!(current(), Some(root), "again, after the child's poll");
        });
        assert!(current().is_none());
    });
}

#[test]
fn parents_are_who_spawned() {
    bounded(|| {
        corio::run(async {
            let root = current().unwrap();
            assert_eq!(root.info().parent(), None);
            let child = corio::spawn(async {
                let grandchild = corio::spawn_local(async { current().unwrap().info().parent() });
                (current().unwrap().id(), grandchild.await.unwrap())
            });
            assert_eq!(child.info().parent(), Some(root.id()));
            let (child, parent_of_grandchild) = child.await.unwrap();
            assert_eq!(parent_of_grandchild, Some(child));
            // Another thread's code is no task.
            let handle = Handle::current();
            let orphan = std::thread::spawn(move || handle.spawn(async {})).join().unwrap();
            assert_eq!(orphan.info().parent(), None);
        });
    });
}

#[test]
fn every_way_to_spawn_knows_its_place() {
    bounded(|| {
        let runtime = corio::Builder::new().build().unwrap();
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let line = line!();
            let places = [
                corio::spawn(async {}).info().location(),
                corio::spawn_local(async {}).info().location(),
                corio::task::spawn(async {}).info().location(),
                Builder::new().name("a").spawn(async {}).info().location(),
                Builder::new().spawn_local(async {}).info().location(),
                handle.spawn(async {}).info().location(),
                handle.spawn_with(corio::task::Spawn::new(), async {}).info().location(),
                runtime.spawn_local(async {}).info().location(),
            ];
            for (n, place) in places.iter().enumerate() {
                assert_eq!(place.file(), file!(), "{place}");
                assert_eq!(place.line(), line + 2 + n as u32, "{place}");
            }
        });
    });
}

#[test]
fn ids_are_given_once() {
    bounded(|| {
        let mut seen = HashSet::new();
        for _ in 0..3 {
            let runtime = corio::Builder::new().build().unwrap();
            for _ in 0..100 {
                assert!(seen.insert(runtime.spawn_local(async {}).info().id()));
            }
            let ids = runtime.block_on(async {
                let handle = Handle::current();
                let from_thread = std::thread::spawn(move || handle.spawn(async {}).info().id());
                [current().unwrap().id(), from_thread.join().unwrap()]
            });
            assert!(ids.into_iter().all(|id| seen.insert(id)));
        }
    });
}
