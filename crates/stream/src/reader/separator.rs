//! What [`read_until`](crate::StreamReader::read_until) looks for, and how.
//!
//! Of several separators the one that ends first counts, wherever it begins; of two that end at the
//! same place, the shorter. So a result does not depend on how the bytes came in pieces: what ends first
//! is there first.

use memchr::{memchr, memmem};

use crate::error::BadSeparator;

/// One separator or several.
///
/// A byte, bytes (`b"\r\n"`, a slice, a `Vec`), or a list of slices:
///
/// ```
/// use corio_stream::{Separators, StreamReader};
///
/// # corio_base::park::block_on(async {
/// let (mut reader, feeder) = StreamReader::fed();
/// feeder.feed_data(b"one\ntwo\r\nthree\0");
/// assert_eq!(reader.read_until(b'\n').await?, b"one\n");
/// assert_eq!(reader.read_until(b"\r\n").await?, b"two\r\n");
/// assert_eq!(reader.read_until([&b"\n"[..], b"\0"]).await?, b"three\0");
/// # Ok::<(), corio_stream::ReadError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "a separator is a byte or bytes, and this is `{Self}`",
    label = "no separator",
    note = "one: `b'\\n'`, `b\"\\r\\n\"`; several: `[&b\"\\n\"[..], b\"\\0\"]`"
)]
pub trait Separators {
    /// Calls `with` with the list.
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R;
}

impl Separators for u8 {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(&[&[*self]])
    }
}

impl Separators for [u8] {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(&[self])
    }
}

impl<const N: usize> Separators for [u8; N] {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(&[self])
    }
}

impl Separators for Vec<u8> {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(&[self])
    }
}

impl Separators for [&[u8]] {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(self)
    }
}

impl<const N: usize> Separators for [&[u8]; N] {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        with(self)
    }
}

impl<S: Separators + ?Sized> Separators for &S {
    fn with_list<R>(&self, with: impl FnOnce(&[&[u8]]) -> R) -> R {
        (**self).with_list(with)
    }
}

/// A separator that was found: where it begins and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The lengths of the shortest and the longest separator.
pub(crate) fn lengths(list: &[&[u8]]) -> Result<(usize, usize), BadSeparator> {
    if let Some(number) = list.iter().position(|separator| separator.is_empty()) {
        return Err(BadSeparator::Empty(number));
    }
    let lengths = || list.iter().map(|separator| separator.len());
    lengths().min().zip(lengths().max()).ok_or(BadSeparator::None)
}

/// The separator in `bytes[from..]` that ends first.
pub(crate) fn find(list: &[&[u8]], bytes: &[u8], from: usize) -> Option<Found> {
    let mut best: Option<Found> = None;
    for separator in list {
        // Nothing that ends later than the best is of interest.
        let until = best.map_or(bytes.len(), |best| best.end);
        let at = match separator {
            [byte] => memchr(*byte, &bytes[from..until]),
            _ => memmem::find(&bytes[from..until], separator),
        };
        let Some(at) = at else { continue };
        let found = Found { start: from + at, end: from + at + separator.len() };
        let is_better = best.is_none_or(|best| (found.end, best.start) < (best.end, found.start));
        if is_better {
            best = Some(found);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_that_ends_first_counts() {
        let check =
            |list: &[&[u8]], bytes: &[u8], from: usize, expected: Option<(usize, usize)>| {
                let expected = expected.map(|(start, end)| Found { start, end });
                assert_eq!(find(list, bytes, from), expected, "{list:?} in {bytes:?} from {from}");
                let mut reversed = list.to_vec();
                reversed.reverse();
                assert_eq!(find(&reversed, bytes, from), expected, "in any order: {list:?}");
            };
        check(&[b"\n"], b"ab\ncd\n", 0, Some((2, 3)));
        check(&[b"\n"], b"ab\ncd\n", 3, Some((5, 6)));
        check(&[b"\n"], b"ab", 0, None);
        check(&[b"DEF", b"BCDE"], b"ABCDEFG", 0, Some((1, 5)));
        check(&[b"E", b"BCDE"], b"ABCDEFG", 0, Some((4, 5)));
        check(&[b"aaa"], b"aa", 0, None);
        check(&[b"A", b"long sep"], b"dataZA", 0, Some((5, 6)));
    }

    #[test]
    fn what_cannot_be_found_is_refused() {
        assert_eq!(lengths(&[]), Err(BadSeparator::None));
        assert_eq!(lengths(&[b"a", b""]), Err(BadSeparator::Empty(1)));
        assert_eq!(lengths(&[b"abc", b"a"]), Ok((1, 3)));
    }
}
