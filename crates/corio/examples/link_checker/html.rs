//! The links of a page: the values of `href` and `src`, in any tag.
//!
//! No parser of HTML: it knows tags, attributes, quotes and comments, and takes what it finds. What
//! a browser would see in broken markup may differ.

/// Every link, in the order of the page, with `&amp;` resolved.
pub fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            rest = tag(rest, &mut links);
        }
    }
    links
}

/// Takes the links of the tag that `rest` begins with, and gives what follows it.
fn tag<'a>(rest: &'a str, links: &mut Vec<String>) -> &'a str {
    let name = rest.find(|c: char| c.is_whitespace() || "/>".contains(c)).unwrap_or(rest.len());
    let mut rest = &rest[name..];
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return rest;
        }
        if let Some(after) = rest.strip_prefix('>') {
            return after;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=/>".contains(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        // A stray `=` is a name of its own, lest nothing be taken.
        let (name, after) = if name.is_empty() { rest.split_at(1) } else { (name, after) };
        let Some(value) = after.trim_start().strip_prefix('=') else {
            rest = after;
            continue;
        };
        let (value, after) = value_of(value.trim_start());
        if name.eq_ignore_ascii_case("href") || name.eq_ignore_ascii_case("src") {
            links.push(value.replace("&amp;", "&"));
        }
        rest = after;
    }
}

/// The value of an attribute, and what follows it.
fn value_of(rest: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
    rest.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found() {
        let page = "<!doctype html><a class=x href=\"/a?b&amp;c\">1</a> href=no \
            <!-- <a href=no> --><IMG alt='<a href=no>' SRC = 'b.png'/><a\nhref=c>3</a><br/>\
            <a disabled href=d/e>4 < 5 <a = href=\"f\"> <script src></script>";
        assert_eq!(links(page), ["/a?b&c", "b.png", "c", "d/e", "f"]);
    }

    #[test]
    fn broken_pages_end() {
        for page in
            ["<", "<a", "<a ", "<a href", "<a href=", "<a href=\"x", "<!--", "<a =", "<é =é"]
        {
            assert!(links(page).len() <= 1, "{page}");
        }
    }
}
