//! The watchdog against real threads that block. A loop is played by a thread with a pulse; nothing here knows
//! tasks.

mod blocking;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod child;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "../../../signal/tests/shared/default_actions.rs"]
mod default_actions;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod loggers;
mod support;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod unusual;
