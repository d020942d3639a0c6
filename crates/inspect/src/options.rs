//! What to serve, and what the environment says of it.

use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// What to serve.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the socket is; without it, where `corio ps` looks: see [`door`](crate::door).
    pub socket: Option<PathBuf>,
    /// Where the page is served, on loopback; port 0 takes a free one. Without it there is no page.
    pub page: Option<SocketAddr>,
}

/// The environment variable that lets a program be inspected.
pub const VARIABLE: &str = "CORIO_INSPECT";

/// What [`VARIABLE`] says; nothing for `0`, empty or unset.
pub(crate) fn from_env() -> io::Result<Option<Options>> {
    std::env::var_os(VARIABLE).map_or(Ok(None), |value| parse(&value))
}

fn parse(value: &OsStr) -> io::Result<Option<Options>> {
    match value.to_str() {
        Some("" | "0") => return Ok(None),
        Some("1") => return Ok(Some(Options::default())),
        _ => {}
    }
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(address) => Ok(Some(Options { page: Some(address), ..Options::default() })),
        None => {
            let message = format!(
                "{VARIABLE} is {value:?}: set it to 1 (corio ps may ask), to an address on loopback such \
                 as 127.0.0.1:0 (and a page), or to 0"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_may_say() {
        let said = |value: &str| parse(OsStr::new(value));
        for nothing in ["", "0"] {
            assert!(said(nothing).unwrap().is_none());
        }
        assert_eq!(said("1").unwrap().unwrap().page, None);
        let page = said("127.0.0.1:0").unwrap().unwrap().page;
        assert_eq!(page, Some("127.0.0.1:0".parse().unwrap()));
        for bad in ["yes", "8080", "localhost:80"] {
            let error = said(bad).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("127.0.0.1:0"), "{error}");
        }
    }
}
