//! The live page: a document, its scripts, its style sheet, all of them here; nothing is fetched from
//! elsewhere.

use std::fs::File;
use std::io::{self, Read};

pub(crate) const HTML: &str = include_str!("page/page.html");
/// By their names.
pub(crate) const SCRIPTS: [(&str, &str); 3] = [
    ("model.js", include_str!("page/model.js")),
    ("parts.js", include_str!("page/parts.js")),
    ("page.js", include_str!("page/page.js")),
];
pub(crate) const STYLE: &str = include_str!("page/page.css");

/// 128 random bits, in hexadecimal: the part of the page's address that cannot be guessed.
pub(crate) fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
