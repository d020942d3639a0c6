//! What begins with the first runtime, for whoever watches: the watchdog, as soon as debug mode is on, and
//! the inspector, if the environment asks for it. Once a process.

use std::io;

/// A runtime is built.
///
/// # Errors
/// If `CORIO_INSPECT` has a value that is not allowed, or what it asks for cannot be had.
pub(crate) fn begin() -> io::Result<()> {
    #[cfg(feature = "watchdog")]
    corio_trace::when_enabled(corio_watchdog::ensure_started);
    #[cfg(feature = "inspect")]
    inspect()?;
    Ok(())
}

#[cfg(feature = "inspect")]
fn inspect() -> io::Result<()> {
    use std::sync::OnceLock;

    use corio_inspect::Inspector;

    /// It serves until the process ends.
    static SERVED: OnceLock<Result<Option<Inspector>, (io::ErrorKind, String)>> = OnceLock::new();
    let mut is_new = false;
    let served = SERVED.get_or_init(|| {
        is_new = true;
        corio_inspect::serve_from_env().map_err(|error| (error.kind(), error.to_string()))
    });
    match served {
        Ok(Some(inspector)) => {
            // Whoever set the variable has to learn the address, also without a logger.
            if let Some(page) = inspector.page().filter(|_| is_new) {
                eprintln!("corio: the inspector's page is at {page}");
            }
            Ok(())
        }
        Ok(None) => Ok(()),
        Err((kind, message)) => Err(io::Error::new(*kind, message.clone())),
    }
}
