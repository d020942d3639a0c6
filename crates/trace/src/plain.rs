//! Text of the program's as it may stand in a line of a log or on a terminal.
//!
//! Names may hold anything, what came over the network too: a line break would begin a line that nobody has
//! logged, an escape would be obeyed by the terminal, and a turn of the writing direction would show another
//! text than is there. Used by all that writes names for people; pages and tables for programs have their own
//! ways to quote.

use std::fmt::{self, Write};

/// `text` with everything written out that would not be shown but obeyed: `\n`, `\u{1b}`.
///
/// ```
/// use corio_trace::Plain;
///
/// assert_eq!(Plain("häuser → 1").to_string(), "häuser → 1");
/// assert_eq!(Plain("a\n\u{1b}[2Jb").to_string(), "a\\n\\u{1b}[2Jb");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a>(pub &'a str);

impl Plain<'_> {
    /// Whether there is nothing to write out.
    pub fn is_plain(self) -> bool {
        !self.0.chars().any(is_obeyed)
    }
}

/// Whether who shows the letter does what it says: control characters, ends of lines and paragraphs, turns of
/// the writing direction.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| is_obeyed(*letter)) {
            f.write_str(&rest[..at])?;
            for escaped in letter.escape_default() {
                f.write_char(escaped)?;
            }
            rest = &rest[at + letter.len_utf8()..];
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_written_out() {
        let check = |text, shown: &str| {
            assert_eq!(Plain(text).to_string(), shown);
            assert_eq!(Plain(text).is_plain(), text == shown, "{text:?}");
        };
        check("", "");
        check("häuser → 1, 家, \\n", "häuser → 1, 家, \\n");
        check("\r\n\u{7}", "\\r\\n\\u{7}");
        check("a\u{202e}gnp.exe\u{2069}b\u{2028}", "a\\u{202e}gnp.exe\\u{2069}b\\u{2028}");
        check("\u{9b}31mred", "\\u{9b}31mred");
    }
}
