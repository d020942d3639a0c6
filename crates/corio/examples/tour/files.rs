//! Files.

use std::io;
use std::path::Path;

use corio::fs::{self, File};

use crate::page::Page;

const SOURCE: &str = include_str!("files.rs");

/// Every write to it fails: the disk is full.
const FULL: &str = "/dev/full";

/// Writes a file and reads it, and hears of a disk that is full.
///
/// # Errors
/// What the system says, but for the full disk.
pub async fn stop(page: &mut Page) -> io::Result<()> {
    page.stop("Files: no byte is lost without a word");
    page.code(SOURCE, "file");
    let path = std::env::temp_dir().join(format!("corio-tour-{}", std::process::id()));
    // [file]
    let file = File::create(&path).await?;
    for line in 0..1000 {
        file.write_all(format!("line {line}\n").as_bytes()).await?; // goes to a buffer, mostly
    }
    file.close().await?; // every byte is written, or this is an error
    let text = fs::read_to_string(&path).await?;
    // [end]
    fs::remove_file(&path).await?;
    page.result(format_args!("1000 lines written, {} read", text.lines().count()));

    if Path::new(FULL).exists() {
        page.code(SOURCE, "full");
        // [full]
        let full = File::options().write(true).open(FULL).await?;
        full.write_all(b"taken, and not written yet").await?;
        let told = full.close().await;
        // [end]
        if let Err(error) = told {
            page.result(error);
        }
    }
    Ok(())
}
