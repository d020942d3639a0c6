//! [`raw_os_error`]: the system's number of an error that says more than the number.
//!
//! An `io::Error` has either the system's number or words of somebody's own inside. Errors of corio's that
//! reach a program from far away have words, for "connection refused" helps nobody who has ten peers; the
//! system's own error, with its number, is their source, one or more steps down.

use std::error::Error;
use std::io;

/// The system's number of `error`: its own if it is an [`io::Error`] with one, or else that of the first
/// of its sources that is.
///
/// [`io::Error::raw_os_error`] knows the system's own errors only. Errors of `connect`, `bind`, `open` and
/// `spawn` that name the peer, the path or the program have the number inside, and this finds it.
///
/// ```
/// use std::io;
///
/// let refused = io::Error::from_raw_os_error(111);
/// let error = io::Error::new(refused.kind(), refused); // what an error with words is like
/// assert_eq!(error.raw_os_error(), None);
/// assert_eq!(corio_io::raw_os_error(&error), Some(111));
/// ```
///
/// Of an error that has several inside, such as that of an attempt at each address of a name, it is the
/// first's; its type has them all.
pub fn raw_os_error(error: &(dyn Error + 'static)) -> Option<i32> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if let Some(number) = error.raw_os_error() {
                return Some(number);
            }
            // Its `source` leaves out what is inside itself.
            if let Some(inside) = error.get_ref() {
                next = Some(inside);
                continue;
            }
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_at_any_depth_and_not_made_up() {
        let system = || io::Error::from_raw_os_error(24);
        assert_eq!(raw_os_error(&system()), Some(24));
        let once = io::Error::new(system().kind(), system());
        assert_eq!(raw_os_error(&once), Some(24));
        assert_eq!(raw_os_error(&io::Error::other(once)), Some(24));
        assert_eq!(raw_os_error(&io::Error::other("words")), None);
        assert_eq!(raw_os_error(&io::Error::from(io::ErrorKind::TimedOut)), None);
        assert_eq!(raw_os_error(&std::fmt::Error), None);
    }
}
