//! Child processes.

use std::io;
use std::time::Duration;

use corio::process::{Command, Stdio, create_subprocess_shell};

use crate::page::Page;

const SOURCE: &str = include_str!("children.rs");

/// Has a child sort two lines, and ends one that does not want to.
///
/// # Errors
/// What the system says.
pub async fn stop(page: &mut Page) -> io::Result<()> {
    page.stop("Child processes");
    page.code(SOURCE, "sort");
    // [sort]
    let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let output = sort.communicate(b"pear\napple\n").await?; // writes and reads at the same time
    // [end]
    let sorted = String::from_utf8_lossy(&output.stdout).trim_end().replace('\n', ", ");
    page.result(format_args!("{}: {sorted}", output.status));

    page.say("A child that ignores SIGTERM, with a child of its own that does, too:");
    page.code(SOURCE, "stubborn");
    // [stubborn]
    let mut command = create_subprocess_shell("trap '' TERM; echo up; sleep 60");
    let mut stubborn = command.process_group(0).stdout(Stdio::piped()).spawn()?;
    let output = stubborn.stdout.take().expect("it is piped");
    output.read(&mut [0; 8]).await?;
    let status = stubborn.terminate_group_with_grace(Duration::from_millis(50)).await?;
    // [end]
    page.result(format_args!("{status}, after the grace; nothing of it is left"));
    Ok(())
}
