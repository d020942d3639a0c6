//! A Rust file, seen line by line as code and comment.
//!
//! The checks of `tidy` and the unsafe report look for words. A word in a string is not code, and a
//! word in a comment is not either, so each line is kept three times: as written, with everything
//! but code blanked out, and with nothing but its comment. This is a scanner for files that rustc
//! accepts; it builds no syntax tree and reports no errors.

/// One line of a file.
#[derive(Debug, Default, Clone)]
pub(crate) struct Line {
    /// As written.
    pub(crate) raw: String,
    /// The code alone; contents of strings and comments are blanks.
    pub(crate) code: String,
    /// The comment alone, with its slashes.
    pub(crate) comment: String,
}

/// One file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) lines: Vec<Line>,
}

/// A function with a body.
#[derive(Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Index of the line with `fn`.
    pub(crate) first: usize,
    /// Index of the line with the last brace.
    pub(crate) last: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Code,
    LineComment,
    BlockComment { depth: usize },
    Text,
    RawText { hashes: usize },
}

impl Source {
    /// Scans `text`.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let mut scanner = Scanner { lines: vec![Line::default()], mode: Mode::Code };
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            at += scanner.step(&chars, at);
        }
        if scanner.lines.last().is_some_and(|line| line.raw.is_empty()) {
            scanner.lines.pop();
        }
        Source { path: path.to_owned(), lines: scanner.lines }
    }

    /// The file's name without its folder.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the file is code for tests, tools or examples, not part of a library.
    pub(crate) fn is_test(&self) -> bool {
        let parts: Vec<&str> = self.path.split('/').collect();
        let folders = &parts[..parts.len() - 1];
        folders.iter().any(|part| ["tests", "benches", "examples", "xtask"].contains(part))
            || self.name() == "tests.rs"
    }

    /// For each line, whether it lies in an item marked `#[cfg(test)]` or `#[test]`.
    pub(crate) fn test_lines(&self) -> Vec<bool> {
        let mut marks = vec![false; self.lines.len()];
        for index in 0..self.lines.len() {
            let code = self.lines[index].code.trim();
            let marked = ["#[cfg(test)]", "#[test]", "#[cfg(all(test"]
                .iter()
                .any(|start| code.starts_with(start));
            if marked && !marks[index] {
                let last = self.item_end(index).unwrap_or(index);
                marks[index..=last].fill(true);
            }
        }
        marks
    }

    /// The line where the item that begins at `first` ends: its `;`, or its closing brace.
    fn item_end(&self, first: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut brackets = 0_usize;
        for (index, line) in self.lines.iter().enumerate().skip(first) {
            for c in line.code.chars() {
                match c {
                    '(' | '[' => brackets += 1,
                    ')' | ']' => brackets = brackets.saturating_sub(1),
                    '{' => depth += 1,
                    '}' if depth <= 1 => return Some(index),
                    '}' => depth -= 1,
                    ';' if depth == 0 && brackets == 0 => return Some(index),
                    _ => {}
                }
            }
        }
        None
    }

    /// Every function with a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let mut found = Vec::new();
        for (first, line) in self.lines.iter().enumerate() {
            for (at, _) in line.code.match_indices("fn ") {
                if line.code[..at].chars().next_back().is_some_and(is_word) {
                    continue;
                }
                let name: String =
                    line.code[at + 3..].chars().take_while(|c| is_word(*c)).collect();
                if name.is_empty() {
                    continue;
                }
                if let Some(last) = self.item_end(first)
                    && self.lines[first..=last].iter().any(|line| line.code.contains('{'))
                {
                    found.push(Function { name, first, last });
                }
            }
        }
        found
    }

    /// The names of the types that are visible outside the file.
    pub(crate) fn public_types(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for line in &self.lines {
            let Some(code) = line.code.trim_start().strip_prefix("pub") else { continue };
            let code =
                code.trim_start_matches("(crate)").trim_start_matches("(super)").trim_start();
            for keyword in ["struct ", "enum "] {
                if let Some(rest) = code.strip_prefix(keyword) {
                    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                    names.push(&rest[..end]);
                }
            }
        }
        names
    }

    /// The file's text.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| line.raw.as_str()).collect::<Vec<_>>().join("\n")
    }
}

/// Whether `c` may be part of a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands in `text` as a whole word.
pub(crate) fn find_words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        !text[..*at].chars().next_back().is_some_and(is_word)
            && !text[at + word.len()..].chars().next().is_some_and(is_word)
    })
}

/// Whether `text` has `word` as a whole word.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    find_words(text, word).next().is_some()
}

struct Scanner {
    lines: Vec<Line>,
    mode: Mode,
}

impl Scanner {
    /// Takes in what stands at `at`; says how many characters that was.
    fn step(&mut self, chars: &[char], at: usize) -> usize {
        if chars[at] == '\n' {
            if self.mode == Mode::LineComment {
                self.mode = Mode::Code;
            }
            self.lines.push(Line::default());
            return 1;
        }
        let next = chars.get(at + 1).copied();
        match self.mode {
            Mode::Code => self.step_code(chars, at),
            Mode::LineComment => self.comment(chars, at, 1),
            Mode::BlockComment { depth } => match (chars[at], next) {
                ('*', Some('/')) => {
                    let taken = self.comment(chars, at, 2);
                    self.mode = if depth == 1 {
                        Mode::Code
                    } else {
                        Mode::BlockComment { depth: depth - 1 }
                    };
                    taken
                }
                ('/', Some('*')) => {
                    self.mode = Mode::BlockComment { depth: depth + 1 };
                    self.comment(chars, at, 2)
                }
                _ => self.comment(chars, at, 1),
            },
            // A backslash at the end of a line leaves the line break to the next step.
            Mode::Text => match (chars[at], next) {
                ('\\', Some(escaped)) if escaped != '\n' => self.blank(chars, at, 2),
                ('"', _) => {
                    self.mode = Mode::Code;
                    self.code(chars, at, 1)
                }
                _ => self.blank(chars, at, 1),
            },
            Mode::RawText { hashes } => {
                if chars[at] == '"' && run_of(chars, at + 1, '#') >= hashes {
                    self.mode = Mode::Code;
                    self.code(chars, at, 1 + hashes)
                } else {
                    self.blank(chars, at, 1)
                }
            }
        }
    }

    fn step_code(&mut self, chars: &[char], at: usize) -> usize {
        let next = chars.get(at + 1).copied();
        match (chars[at], next) {
            ('/', Some('/')) => {
                self.mode = Mode::LineComment;
                self.comment(chars, at, 2)
            }
            ('/', Some('*')) => {
                self.mode = Mode::BlockComment { depth: 1 };
                self.comment(chars, at, 2)
            }
            ('"', _) => {
                self.mode = Mode::Text;
                self.code(chars, at, 1)
            }
            ('r', Some('"' | '#')) if starts_raw_text(chars, at) => {
                let hashes = run_of(chars, at + 1, '#');
                self.mode = Mode::RawText { hashes };
                self.code(chars, at, 2 + hashes)
            }
            ('\'', Some('\\')) => {
                // A character literal with an escape: up to the quote that ends it.
                let end = (at + 3..chars.len()).find(|i| chars[*i] == '\'').unwrap_or(at + 2);
                self.blank(chars, at, end - at + 1)
            }
            ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => self.blank(chars, at, 3),
            _ => self.code(chars, at, 1),
        }
    }

    fn code(&mut self, chars: &[char], at: usize, count: usize) -> usize {
        self.put(chars, at, count, |line, c| line.code.push(c))
    }

    fn comment(&mut self, chars: &[char], at: usize, count: usize) -> usize {
        self.put(chars, at, count, |line, c| {
            line.code.push(' ');
            line.comment.push(c);
        })
    }

    fn blank(&mut self, chars: &[char], at: usize, count: usize) -> usize {
        self.put(chars, at, count, |line, _| line.code.push(' '))
    }

    fn put(
        &mut self,
        chars: &[char],
        at: usize,
        count: usize,
        put: impl Fn(&mut Line, char),
    ) -> usize {
        let line = self.lines.last_mut().expect("there is always a line");
        for c in chars.iter().skip(at).take(count) {
            line.raw.push(*c);
            put(line, *c);
        }
        count
    }
}

fn run_of(chars: &[char], at: usize, wanted: char) -> usize {
    chars.iter().skip(at).take_while(|c| **c == wanted).count()
}

fn starts_raw_text(chars: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|i| chars[i]);
    let alone = match before(1) {
        Some('b' | 'c') => !before(2).is_some_and(is_word),
        Some(c) => !is_word(c),
        None => true,
    };
    alone && chars.get(at + 1 + run_of(chars, at + 1, '#')) == Some(&'"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let lines = Source::new("x.rs", text).lines;
        lines.iter().map(|line| line.code.trim_end()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        for (text, expected) in [
            ("a // unsafe", "a"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("unsafe \" {", b)"#, r#"f("           ", b)"#),
            ("r#\"un\"safe\"# x", "r#\"       \"# x"),
            ("'{' 'a '\\'' b'\\u{7b}'", "    'a      b"),
            ("let r#fn = for\"x\";", "let r#fn = for\" \";"),
            ("\"two\nlines\" z", "\"\n     \" z"),
        ] {
            assert_eq!(code(text), expected, "of {text:?}");
        }
        let line = &Source::new("x.rs", "a(); // SAFETY: b").lines[0];
        assert_eq!(line.comment, "// SAFETY: b");
        assert_eq!(line.raw, "a(); // SAFETY: b");
    }

    #[test]
    fn functions_have_a_first_and_a_last_line() {
        let text =
            "fn a(x: [u8; 2]) -> u8 {\n  fn b() {}\n}\ntrait T {\n  fn c();\n}\ntype F = fn (u8);";
        let functions = Source::new("x.rs", text).functions();
        let seen: Vec<_> = functions.iter().map(|f| (f.name.as_str(), f.first, f.last)).collect();
        assert_eq!(seen, [("a", 0, 2), ("b", 1, 1)]);
    }

    #[test]
    fn test_modules_are_known() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\nfn c() {}";
        let marks = Source::new("x.rs", text).test_lines();
        assert_eq!(marks, [false, true, true, true, true, false]);
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("an unsafe block", "unsafe"));
        assert!(!has_word("unsafe_code", "unsafe"));
        assert_eq!(find_words("a ab a", "a").collect::<Vec<_>>(), [0, 5]);
    }
}
