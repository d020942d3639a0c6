//! Names as they may stand in a terminal: they are the program's, and may hold anything.

use std::borrow::Cow;

use corio_trace::Plain;

/// `text` with everything written out that a terminal would obey: a line break would end a row.
pub fn plain(text: &str) -> Cow<'_, str> {
    match Plain(text) {
        shown if shown.is_plain() => Cow::Borrowed(text),
        shown => Cow::Owned(shown.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert!(matches!(plain("häuser → 1"), Cow::Borrowed(_)));
        assert_eq!(plain("a\n\u{1b}[2Jb"), "a\\n\\u{1b}[2Jb");
    }
}
