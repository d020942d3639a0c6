//! Where processes are found: folders that may and may not be used, and sockets that are left behind.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use corio_inspect::{client, serve_with};

use crate::child::Serving;
use crate::folder::Folder;
use crate::serving::{alone, only_socket};

#[test]
fn a_link_and_a_file_in_the_folders_place_are_refused() {
    let _alone = alone();
    let folder = Folder::new("link", 0o700);
    let (good, link, file) = (folder.join("good"), folder.join("link"), folder.join("file"));
    fs::create_dir(&good).unwrap();
    fs::set_permissions(&good, Permissions::from_mode(0o700)).unwrap();
    symlink(&good, &link).unwrap();
    fs::write(&file, "").unwrap();
    for (bad, what) in [(&link, "a link"), (&file, "a file")] {
        let error = serve_with(only_socket(&bad.join("socket"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains(what), "{error}");
    }
    assert!(serve_with(only_socket(&good.join("socket"))).is_ok());
}

#[test]
fn a_path_that_is_too_long_is_told_with_its_length() {
    let _alone = alone();
    let folder = Folder::new("long", 0o700);
    let long = folder.join("x".repeat(100));
    let error = serve_with(only_socket(&long.join("socket"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let said = error.to_string();
    assert!(said.contains("107") && said.contains("XDG_RUNTIME_DIR"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let _alone = alone();
    let folder = Folder::new("none", 0o700);
    let error = serve_with(only_socket(&folder.join("a/b/socket"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("a/b"), "{error}");
}

#[test]
fn what_is_left_behind_is_cleared_away_and_nothing_else() {
    let _alone = alone();
    let folder = Folder::new("sweep", 0o700);
    let stale = folder.join(format!("{}.sock", i32::MAX));
    drop(UnixListener::bind(&stale).unwrap());
    // Another container's: nobody here has the number, but somebody answers.
    let foreign = folder.join(format!("{}.sock", i32::MAX - 1));
    let _listens = UnixListener::bind(&foreign).unwrap();
    // A process that lives and is just about to listen.
    let young = folder.join("1.sock");
    drop(UnixListener::bind(&young).unwrap());
    let file = folder.join(format!("{}.sock", i32::MAX - 2));
    fs::write(&file, "not a socket").unwrap();
    drop(serve_with(only_socket(&folder.join("socket"))).unwrap());
    assert!(!stale.exists());
    for kept in [foreign, young, file] {
        assert!(kept.exists(), "{}", kept.display());
    }
}

#[test]
fn what_stands_in_the_sockets_place_is_only_removed_if_nobody_needs_it() {
    let _alone = alone();
    let folder = Folder::new("place", 0o700);
    let file = folder.join("file");
    fs::write(&file, "somebody's").unwrap();
    let error = serve_with(only_socket(&file)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains("is no socket: remove it"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "somebody's");

    let taken = folder.join("taken");
    let listens = UnixListener::bind(&taken).unwrap();
    let error = serve_with(only_socket(&taken)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    // As it is where two containers share the folder.
    assert!(error.to_string().contains("set XDG_RUNTIME_DIR to a folder"), "{error}");
    drop(listens);
    let inspector = serve_with(only_socket(&taken)).unwrap();
    assert!(client::ask_at(inspector.socket()).is_ok());
}

/// Where a child with these variables serves.
fn place(child: &Serving) -> PathBuf {
    let (_, place) = child.said.split_once(" at ").unwrap_or_else(|| panic!("{}", child.said));
    PathBuf::from(place)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_first_task_of_a_program_is_the_first() {
    let _alone = alone();
    let folder = Folder::new("first", 0o700);
    let child = Serving::start(&[("XDG_RUNTIME_DIR", text(&folder))]);
    assert!(child.said.starts_with("task 1 at "), "{}", child.said);
}

#[test]
fn the_socket_goes_with_the_process_and_is_cleared_away_after_a_killed_one() {
    let _alone = alone();
    let folder = Folder::new("exit", 0o700);
    let session = [("XDG_RUNTIME_DIR", text(&folder))];
    let child = Serving::start(&session);
    let socket = place(&child);
    assert_eq!(socket, folder.join(format!("corio/{}.sock", child.pid())));
    assert_eq!(client::ask_at(&socket).unwrap().pid, child.pid());
    child.end();
    assert!(!socket.exists(), "exit takes it away");

    let child = Serving::start(&session);
    let socket = place(&child);
    child.kill();
    assert!(socket.exists(), "nobody could take it away");
    let next = Serving::start(&session);
    assert!(!socket.exists(), "the next one does");
    next.end();
}

#[test]
fn without_a_session_there_is_another_folder() {
    let _alone = alone();
    let folder = Folder::new("temp", 0o755);
    // A session that has ended, and one that others may enter.
    let gone = folder.join("gone");
    for session in [&*gone, &*folder] {
        let variables = [("TMPDIR", text(&folder)), ("XDG_RUNTIME_DIR", text(session))];
        let child = Serving::start(&variables);
        let place = place(&child);
        assert!(place.exists(), "{}", place.display());
        child.end();
    }
}

#[test]
fn a_folder_that_others_may_enter_is_not_used_from_the_environment() {
    let _alone = alone();
    let folder = Folder::new("squat", 0o700);
    let corio = folder.join("corio");
    fs::create_dir(&corio).unwrap();
    fs::set_permissions(&corio, Permissions::from_mode(0o777)).unwrap();
    let variables = [("XDG_RUNTIME_DIR", text(&folder)), ("TMPDIR", text(&folder))];
    let child = Serving::start(&variables);
    let place = place(&child);
    assert!(!place.starts_with(&corio), "{}", place.display());
}
