//! From addresses to names and places, by the crate `backtrace`.
//!
//! It reads symbol tables and debug information of the program and its libraries, also where that is kept
//! in files of its own (`.dwp`, `.dwo`, debug links, build ids), and takes its own lock for it: the thread whose
//! stack is shown does not wait for that unless it makes a backtrace itself.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::ptr;

use crate::frame::Frame;
use crate::stack::modules::{self, Modules};
use crate::stack::symtab;

/// How many addresses are remembered with what they mean.
const REMEMBERED_MAX: usize = 4096;

/// Looks symbols up, and remembers.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    known: HashMap<u64, Vec<Frame>>,
}

impl Symbols {
    /// Forgets everything: modules were loaded or unloaded.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        backtrace::clear_symbol_cache();
    }

    /// The frames of the functions at these addresses: for each those that were inlined there, then itself.
    pub(super) fn resolve(&mut self, addresses: &[u64], modules: &Modules) -> Vec<Frame> {
        if self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
        }
        let mut nameless = Vec::new();
        for &address in addresses {
            self.known.entry(address).or_insert_with(|| {
                let frames = look_up(address, modules);
                if frames.last().is_some_and(|frame| is_bare(&frame.name)) {
                    nameless.push(address);
                }
                frames
            });
        }
        self.name(&nameless, modules);
        let known = addresses.iter().filter_map(|address| self.known.get(address));
        known.flatten().cloned().collect()
    }

    /// Gives the functions at these addresses the names that the symbol tables have.
    fn name(&mut self, addresses: &[u64], modules: &Modules) {
        let mut by_file: HashMap<&Path, Vec<(u64, u64)>> = HashMap::new();
        for &address in addresses {
            if let Some((path, offset)) = modules.file_of(address) {
                by_file.entry(path).or_default().push((address, offset));
            }
        }
        for (path, addresses) in by_file {
            let offsets: Vec<u64> = addresses.iter().map(|&(_, offset)| offset).collect();
            for ((address, _), name) in addresses.iter().zip(symtab::names(path, &offsets)) {
                let frame = self.known.get_mut(address).and_then(|frames| frames.last_mut());
                if let (Some(frame), Some(name)) = (frame, name) {
                    frame.name = short_name(&name);
                }
            }
        }
    }
}

/// Whether the name does not say whose it is: `run`, and not `myapp::run`.
fn is_bare(name: &str) -> bool {
    !name.split('<').next().unwrap_or_default().contains("::") && !name.starts_with('<')
}

fn look_up(address: u64, modules: &Modules) -> Vec<Frame> {
    let mut frames = Vec::new();
    if modules.is_in_c_library(address) {
        frames.extend(modules::exported_name(address).map(unplaced));
    } else {
        debug_information(address, &mut frames);
    }
    if frames.is_empty() {
        let name = match modules.place_of(address) {
            Some((module, offset)) => format!("{module}+{offset:#x}"),
            None => format!("{address:#x}"),
        };
        frames.push(unplaced(name));
    }
    frames
}

fn unplaced(name: String) -> Frame {
    Frame { name, place: None, times: 1 }
}

/// What symbol tables and debug information say.
fn debug_information(address: u64, to: &mut Vec<Frame>) {
    // Given an address, it takes it for one that is returned to, and looks at the byte before.
    let after = ptr::without_provenance_mut((address as usize).wrapping_add(1));
    backtrace::resolve(after, |symbol| {
        let Some(name) = symbol.name() else { return };
        let place = symbol.filename().map(|file| {
            let line = symbol.lineno().map_or(String::new(), |line| format!(":{line}"));
            // Some compilers write a column 0 for none.
            let column = symbol.colno().filter(|column| *column > 0);
            let column = column.map_or(String::new(), |column| format!(":{column}"));
            format!("{}{line}{column}", short_path(file))
        });
        to.push(Frame { name: short_name(&format!("{name:#}")), place, times: 1 });
    });
}

/// A function's name without what the compiler adds for its body as a future or closure: the place says
/// which one it is.
fn short_name(name: &str) -> String {
    let mut name = name;
    loop {
        let without = name.strip_suffix("::{{closure}}").or_else(|| {
            let (before, last) = name.rsplit_once("::")?;
            (last.starts_with("{closure#") || last.starts_with("{async_")).then_some(before)
        });
        match without {
            Some(shorter) if !shorter.is_empty() => name = shorter,
            _ => return name.to_owned(),
        }
    }
}

/// A path as one reads it: below the working directory relative to it, of the standard library and of crates
/// from a registry from their own folder on.
fn short_path(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let path = plain(path);
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let text = below.unwrap_or(&path).to_string_lossy().into_owned();
    if let Some(rest) = text.strip_prefix("/rustc/") {
        return rest.split_once('/').map_or(rest, |(_, rest)| rest).to_owned();
    }
    let registry = text.find("/registry/src/").and_then(|at| {
        let rest = &text[at + "/registry/src/".len()..];
        rest.split_once('/').map(|(_, rest)| rest.to_owned())
    });
    registry.unwrap_or(text)
}

/// The path without `.` and without what is taken back by `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_symbol_is_shown_by_module_or_bare() {
        let mut modules = Modules::default();
        modules.refresh();
        let frames = Symbols::default().resolve(&[0x10], &modules);
        assert_eq!(frames, [unplaced("0x10".to_owned())]);
    }

    #[test]
    fn a_name_that_does_not_say_whose_it_is_is_looked_up_elsewhere() {
        for bare in
            ["run", "{closure#0}<a::b::{closure_env#0}>", "main", "call<(), a::F>", "f(void*)"]
        {
            assert!(is_bare(bare), "{bare}");
        }
        for full in ["a::run", "<a::B as c::D>::e", "<&mut a::B>::f", "a::f::<b::C>"] {
            assert!(!is_bare(full), "{full}");
        }
        let mut modules = Modules::default();
        modules.refresh();
        let address = look_up as *const () as u64;
        let mut symbols = Symbols::default();
        symbols.known.insert(address, vec![unplaced("look_up".to_owned())]);
        symbols.name(&[address], &modules);
        assert_eq!(
            symbols.resolve(&[address], &modules)[0].name,
            "corio_watchdog::stack::symbols::look_up"
        );
    }

    #[test]
    fn names_and_paths_are_shortened() {
        let check_name = |name, short: &str| assert_eq!(short_name(name), short);
        check_name("app::handler::{{closure}}", "app::handler");
        check_name("app::handler::{{closure}}::{{closure}}", "app::handler");
        check_name("app::handler::{closure#0}", "app::handler");
        check_name("app::<T>::f", "app::<T>::f");
        check_name("{{closure}}", "{{closure}}");
        let check_path = |path, short: &str| assert_eq!(short_path(Path::new(path)), short);
        check_path(
            "/rustc/0123abcd/library/std/src/thread/mod.rs",
            "library/std/src/thread/mod.rs",
        );
        check_path("/cargo/registry/src/index.io-1949/log-0.4/src/lib.rs", "log-0.4/src/lib.rs");
        check_path("/elsewhere/src/lib.rs", "/elsewhere/src/lib.rs");
        check_path("./time/../sysdeps/unix/sleep.c", "sysdeps/unix/sleep.c");
        check_path("../x/./y.c", "../x/y.c");
        let here = std::env::current_dir().unwrap().join("src/lib.rs");
        assert_eq!(short_path(&here), "src/lib.rs");
    }
}
