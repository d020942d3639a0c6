//! A function's full name, from the symbol table of the file that it was loaded from.
//!
//! Where a program is built with line tables only, its debug information calls a function `run`, and does
//! not say whose: the symbol table does. Asked by `symbols` for such names alone, on the watchdog's thread, once
//! for each address. No table is kept: one pass over the file's symbols answers for a whole stack.

use std::fs::File;
use std::path::Path;

use backtrace::SymbolName;
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSymbol, ReadCache, SymbolKind};

/// The names of the functions at these addresses, which are the file's own. `None` where it has no symbol that
/// covers one; all of them if it is stripped, or cannot be read.
pub(super) fn names(path: &Path, addresses: &[u64]) -> Vec<Option<String>> {
    let mut names = vec![None; addresses.len()];
    let Ok(file) = File::open(path) else { return names };
    let cache = ReadCache::new(file);
    let Ok(file) = ElfFile64::<Endianness, _>::parse(&cache) else { return names };
    for symbol in file.symbols() {
        let covered = symbol.address()..symbol.address().saturating_add(symbol.size());
        if covered.is_empty() || symbol.kind() != SymbolKind::Text {
            continue;
        }
        for (address, name) in addresses.iter().zip(&mut names) {
            if name.is_none() && covered.contains(address) {
                *name =
                    symbol.name_bytes().ok().map(|bytes| format!("{:#}", SymbolName::new(bytes)));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_or_no_program_has_no_names() {
        assert_eq!(names(Path::new("/nowhere/at all"), &[1, 2]), [None, None]);
        assert_eq!(names(Path::new("/proc/self/cmdline"), &[1]), [None]);
    }
}
