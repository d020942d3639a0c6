//! Where the code says `unsafe`, and the claim written beside it.
//!
//! `tidy` asks that there be a claim; `cargo xtask unsafe` prints them. Both see the same sites.

use crate::source::{Source, find_words};

/// How far above its block a claim may stand: a statement that begins further up is too long to
/// check the one against the other.
const CLAIM_LINES_MAX: usize = 8;

/// What is unsafe at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `unsafe { … }`: this place vouches.
    Block,
    /// `unsafe impl`, or `unsafe extern`: this place vouches for a type.
    Impl,
    /// `unsafe fn`, or `unsafe trait`: the caller, or the implementor, must vouch.
    Contract,
}

/// One `unsafe` in the code.
#[derive(Debug, PartialEq)]
pub(crate) struct Site {
    /// Index of its line.
    pub(crate) line: usize,
    pub(crate) kind: Kind,
    /// What is claimed, or asked of the caller; `None` where nothing is written.
    pub(crate) claim: Option<String>,
}

/// Every site of `source` in order.
pub(crate) fn sites(source: &Source) -> Vec<Site> {
    let mut sites = Vec::new();
    for (index, line) in source.lines.iter().enumerate() {
        for at in find_words(&line.code, "unsafe") {
            let rest = line.code[at + "unsafe".len()..].trim_start();
            let Some(kind) = kind(rest) else { continue };
            let claim = match kind {
                Kind::Contract => contract(source, index).or_else(|| claim(source, index)),
                Kind::Block | Kind::Impl => claim(source, index),
            };
            sites.push(Site { line: index, kind, claim });
        }
    }
    sites
}

/// `None` for types of functions (`unsafe fn(u8)`) and attributes (`unsafe(no_mangle)`), which are
/// no claims.
fn kind(rest: &str) -> Option<Kind> {
    if rest.is_empty() || rest.starts_with('{') {
        return Some(Kind::Block);
    }
    if rest.starts_with("impl") {
        return Some(Kind::Impl);
    }
    if rest.starts_with("trait") {
        return Some(Kind::Contract);
    }
    let rest = match rest.strip_prefix("extern") {
        // The name of the calling convention is blanked, its quotes are not.
        Some(after) => after.trim_start_matches([' ', '"']),
        None => rest,
    };
    if rest.starts_with('{') {
        return Some(Kind::Impl);
    }
    let name = rest.strip_prefix("fn")?;
    if name.trim_start().starts_with('(') { None } else { Some(Kind::Contract) }
}

/// The text of the `SAFETY:` comment that belongs to line `index`.
fn claim(source: &Source, index: usize) -> Option<String> {
    let first = index.saturating_sub(CLAIM_LINES_MAX);
    let at = (first..=index).rev().find(|i| source.lines[*i].comment.contains("SAFETY:"))?;
    let (_, start) = source.lines[at].comment.split_once("SAFETY:")?;
    let mut words = start.trim().to_owned();
    for line in source.lines[at + 1..].iter().take_while(|line| only_comment(line)) {
        words.push(' ');
        words.push_str(comment_text(&line.comment));
    }
    Some(words.trim().to_owned())
}

/// The text below the heading `# Safety` in the documentation above line `index`.
fn contract(source: &Source, index: usize) -> Option<String> {
    let first = (0..index)
        .rev()
        .take_while(|i| {
            let line = &source.lines[*i];
            only_comment(line) || line.code.trim_start().starts_with('#')
        })
        .last()?;
    let above = &source.lines[first..index];
    let heading = above.iter().position(|line| comment_text(&line.comment) == "# Safety")?;
    let text: Vec<&str> = above[heading + 1..]
        .iter()
        .take_while(|line| only_comment(line))
        .map(|line| comment_text(&line.comment))
        .take_while(|text| !text.starts_with("# "))
        .filter(|text| !text.is_empty())
        .collect();
    Some(text.join(" "))
}

fn only_comment(line: &crate::source::Line) -> bool {
    line.code.trim().is_empty() && !line.comment.is_empty()
}

fn comment_text(comment: &str) -> &str {
    comment.trim_start_matches(['/', '!']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, Kind, Option<&str>)]) {
        let sites = sites(&Source::new("x.rs", text));
        let seen: Vec<_> =
            sites.iter().map(|site| (site.line, site.kind, site.claim.as_deref())).collect();
        assert_eq!(seen, expected, "of\n{text}");
    }

    #[test]
    fn blocks_and_impls_have_claims() {
        check(
            "// SAFETY: it is\n// ours.\nunsafe impl Send for X {}\n",
            &[(2, Kind::Impl, Some("it is ours."))],
        );
        check("unsafe { f() } // SAFETY: so.", &[(0, Kind::Block, Some("so."))]);
        check("unsafe { f() }", &[(0, Kind::Block, None)]);
        check(
            &format!("// SAFETY: far.\n{}unsafe {{}}", "a();\n".repeat(9)),
            &[(10, Kind::Block, None)],
        );
    }

    #[test]
    fn functions_ask_their_caller() {
        check(
            "/// A.\n/// # Safety\n/// Be\n/// careful.\n#[inline]\nunsafe fn f() {}",
            &[(5, Kind::Contract, Some("Be careful."))],
        );
        check("/// A.\nunsafe fn f() {}", &[(1, Kind::Contract, None)]);
    }

    #[test]
    fn types_attributes_and_text_are_no_sites() {
        check("type F = unsafe fn(u8); type G = unsafe extern \"C\" fn(u8);", &[]);
        check("#[unsafe(no_mangle)] fn a() { b(\"unsafe {\") } // unsafe {", &[]);
        check("#![deny(unsafe_code)]", &[]);
    }
}
