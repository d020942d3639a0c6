//! Addresses of Unix sockets: a path, on Linux also an abstract name, or nothing.
//!
//! The public form is std's [`SocketAddr`]; the system's is rustix's [`SocketAddrUnix`]. A path that
//! begins with a NUL byte is an abstract name, as asyncio writes it.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::linux::net::SocketAddrExt;

use crate::about::about;

/// The address that `path` says.
pub(crate) fn from_path(path: &Path) -> io::Result<SocketAddrUnix> {
    let bytes = path.as_os_str().as_bytes();
    let address = match bytes.split_first() {
        Some((0, name)) => return from_abstract_name(name),
        Some(_) => SocketAddrUnix::new(path),
        None => {
            let message = "the path of the Unix socket is empty: give it a name";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    };
    address.map_err(|errno| match errno {
        Errno::NAMETOOLONG => too_long(bytes.len(), "a shorter path, or one that is relative"),
        Errno::INVAL => {
            let message = format!("the path {path:?} of the Unix socket has a NUL byte in it");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        }
        errno => errno.into(),
    })
}

/// The same for an address of std's.
pub(crate) fn from_std(address: &SocketAddr) -> io::Result<SocketAddrUnix> {
    if let Some(path) = address.as_pathname() {
        return from_path(path);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.as_abstract_name() {
        return from_abstract_name(name);
    }
    let message = "the Unix socket has no name: it was never bound, so nobody can reach it";
    Err(io::Error::new(io::ErrorKind::InvalidInput, message))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn from_abstract_name(name: &[u8]) -> io::Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(name).map_err(|_| too_long(name.len() + 1, "a shorter name"))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn from_abstract_name(_: &[u8]) -> io::Result<SocketAddrUnix> {
    let message = "only Linux has abstract names of Unix sockets: give a path";
    Err(io::Error::new(io::ErrorKind::Unsupported, message))
}

#[cold]
fn too_long(bytes: usize, remedy: &str) -> io::Error {
    let message = format!(
        "the name of the Unix socket has {bytes} bytes, more than the system takes: give {remedy}"
    );
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The path, if it has one.
pub(crate) fn path_of(address: &SocketAddrUnix) -> Option<PathBuf> {
    let path = address.path()?;
    // The longest one that has a NUL at its end comes with it.
    let path = path.to_bytes().split(|&byte| byte == 0).next()?;
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

/// An address as an error has it.
pub(crate) struct Shown<'a>(pub(crate) &'a SocketAddrUnix);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = path_of(self.0) {
            return write!(f, "{path:?}");
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(name) = self.0.abstract_name() {
            return write!(f, "the abstract name \"{}\"", name.escape_ascii());
        }
        f.write_str("a socket without a name")
    }
}

/// An error of connecting, with whom.
#[cold]
pub(crate) fn cannot_connect(address: &SocketAddrUnix, error: io::Error) -> io::Error {
    about(error, format_args!("cannot connect to {}", Shown(address)))
}

/// Std's form of what the system gave; nothing is a socket without a name.
pub(crate) fn from_any(any: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    let Some(any) = any else { return unnamed() };
    let address = SocketAddrUnix::try_from(any)?;
    if let Some(path) = path_of(&address) {
        return SocketAddr::from_pathname(path);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.abstract_name().filter(|name| !name.is_empty()) {
        return SocketAddr::from_abstract_name(name);
    }
    // Also what comes as an abstract name without a byte: no system gives such a name.
    unnamed()
}

/// Std makes an unnamed address of an empty path.
fn unnamed() -> io::Result<SocketAddr> {
    SocketAddr::from_pathname("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_to_the_system_and_back() {
        let back = |address: SocketAddrUnix| from_any(Some(address.into())).unwrap();
        let path = from_path(Path::new("/run/a socket")).unwrap();
        assert_eq!(back(path).as_pathname(), Some(Path::new("/run/a socket")));
        assert!(from_any(None).unwrap().is_unnamed());
        assert!(from_std(&from_any(None).unwrap()).is_err());
        // The longest there is has no NUL at its end.
        let longest = "x".repeat(107);
        let address = from_path(Path::new(&longest)).unwrap();
        assert_eq!(back(address).as_pathname(), Some(Path::new(&longest)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_leading_nul_is_an_abstract_name() {
        let address = from_path(Path::new("\0na\0me")).unwrap();
        let address = from_any(Some(address.into())).unwrap();
        assert_eq!(address.as_abstract_name(), Some(&b"na\0me"[..]));
        assert_eq!(from_std(&address).unwrap().abstract_name(), Some(&b"na\0me"[..]));
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_numbers() {
        let text = |path: &str| from_path(Path::new(path)).unwrap_err().to_string();
        assert!(text(&"x".repeat(200)).contains("200 bytes"));
        assert!(text("").contains("empty"));
        assert!(text("a\0b").contains("NUL"));
        #[cfg(target_os = "linux")]
        assert!(text(&format!("\0{}", "x".repeat(200))).contains("201 bytes"));
    }
}
