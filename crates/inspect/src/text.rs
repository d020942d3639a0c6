//! Names as they may stand in a terminal: they are the program's, and may hold anything.

use std::borrow::Cow;

/// `text` with control characters written out: a line break would end a row, and an escape would be obeyed.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    Cow::Owned(text.chars().map(shown).collect())
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
