//! What is loaded into the process: the program, its libraries, with the tables that unwinding needs.
//!
//! Asked of the dynamic linker, which also says whether anything was loaded or unloaded since. The tables
//! (`.eh_frame`) are copied from memory while the linker's lock is held, so that a library that is unloaded
//! later takes nothing away, and no file is read: stripped programs and the kernel's own code (`vdso`) have
//! them too.
#![expect(unsafe_code, reason = "reads what the dynamic linker has mapped")]

use std::ffi::{CStr, c_int, c_void};
use std::fmt;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::ptr;
use std::slice;

use framehop::{
    CacheNative, ExplicitModuleSectionInfo, MayAllocateDuringUnwind, Module, Unwinder,
    UnwinderNative,
};

/// The one encoding of the pointer to `.eh_frame` that linkers write: relative to itself, four bytes, signed.
const RELATIVE_4_BYTES: u8 = 0x1b;
/// More than this of one module is no table but a mistake.
const TABLE_BYTES_MAX: usize = 1 << 30;

/// The loaded modules.
#[derive(Default)]
pub(super) struct Modules {
    /// What the linker has loaded and unloaded so far, when it was asked.
    stamp: Option<Stamp>,
    places: Vec<Place>,
    pub(super) unwinder: UnwinderNative<Vec<u8>, MayAllocateDuringUnwind>,
    pub(super) cache: CacheNative<MayAllocateDuringUnwind>,
}

/// How many modules were loaded and unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(u64, u64);

/// Where a module lies.
#[derive(Debug)]
struct Place {
    name: String,
    /// The file, where it is one.
    path: Option<PathBuf>,
    range: Range<u64>,
    bias: u64,
}

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modules").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Modules {
    /// Asks the linker again, if anything was loaded or unloaded since; says whether.
    pub(super) fn refresh(&mut self) -> bool {
        let mut stamp = None;
        each(&mut |info| {
            stamp = Some(Stamp(info.dlpi_adds, info.dlpi_subs));
            false
        });
        if self.stamp.is_some() && self.stamp == stamp {
            return false;
        }
        let mut loaded = Vec::new();
        each(&mut |info| {
            // SAFETY: called by the linker, which holds its lock: what it describes stays loaded.
            loaded.extend(unsafe { load(info) });
            true
        });
        // Without the linker's lock, and where a panic may pass: foreign tables are read.
        self.places.clear();
        self.unwinder = UnwinderNative::new();
        self.cache = CacheNative::new();
        for (place, sections) in loaded {
            let name = place.name.clone();
            let module = Module::new(name, place.range.clone(), place.bias, sections);
            self.unwinder.add_module(module);
            self.places.push(place);
        }
        self.stamp = stamp;
        true
    }

    /// Whether the address is in the C library, as a module of its own.
    pub(super) fn is_in_c_library(&self, address: u64) -> bool {
        let own = Modules::is_in_c_library as *const () as u64;
        let library = self.places.iter().find(|place| place.range.contains(&address));
        library.is_some_and(|library| {
            library.range.contains(&(libc::getpid as *const () as u64))
                && !library.range.contains(&own)
        })
    }

    /// The name of the module that the address lies in, and the offset in it.
    pub(super) fn place_of(&self, address: u64) -> Option<(&str, u64)> {
        let place = self.places.iter().find(|place| place.range.contains(&address))?;
        Some((&place.name, address - place.bias))
    }

    /// The file that the address was loaded from, and the offset in it.
    pub(super) fn file_of(&self, address: u64) -> Option<(&Path, u64)> {
        let place = self.places.iter().find(|place| place.range.contains(&address))?;
        Some((place.path.as_deref()?, address - place.bias))
    }
}

/// Calls `f` for every module until it says `false`.
fn each(mut f: &mut dyn FnMut(&libc::dl_phdr_info) -> bool) {
    /// # Safety
    /// `data` is what `each` gives to the linker, and `info` the linker's description of a module.
    unsafe extern "C" fn call(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
        // SAFETY: the caller's claim: both are there until this returns.
        let (f, info) = unsafe { (&mut *data.cast::<&mut dyn FnMut(&_) -> bool>(), &*info) };
        c_int::from(!f(info))
    }
    // SAFETY: `call` gets `f`, which is there until this returns. Were it to panic, the process would end: a
    // panic does not leave an `extern "C"` function.
    unsafe { libc::dl_iterate_phdr(Some(call), ptr::from_mut(&mut f).cast()) };
}

/// The C library's exported function at this address, which [is in it](Modules::is_in_c_library).
///
/// Asked of the dynamic linker at once, while the library's debug information, where it is installed, takes long
/// to read and says nothing about the program.
pub(super) fn exported_name(address: u64) -> Option<String> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    let address = ptr::without_provenance(address as usize);
    // SAFETY: any address may be asked for; the answer has room.
    if unsafe { libc::dladdr(address, found.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: all zeros is an answer, and it was written over.
    let name = unsafe { found.assume_init() }.dli_sname;
    if name.is_null() {
        return None;
    }
    // SAFETY: a string in the C library, which is never unloaded.
    Some(unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

/// Where the module lies, and a copy of its tables.
///
/// # Safety
/// What `info` describes stays loaded meanwhile.
unsafe fn load(info: &libc::dl_phdr_info) -> Option<(Place, ExplicitModuleSectionInfo<Vec<u8>>)> {
    let bias = info.dlpi_addr;
    if info.dlpi_phdr.is_null() {
        return None;
    }
    // SAFETY: the linker says how many there are.
    let headers = unsafe { slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let segments = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let start = segments().map(|header| header.p_vaddr).min()?;
    let end = segments().map(|header| header.p_vaddr.saturating_add(header.p_memsz)).max()?;
    let range = bias.wrapping_add(start)..bias.wrapping_add(end);
    let mut sections = ExplicitModuleSectionInfo::default();
    let index = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME);
    if let Some(index) = index {
        let index = index.p_vaddr..index.p_vaddr.saturating_add(index.p_memsz);
        let holds = |at: u64| {
            segments().find_map(|header| {
                let segment = header.p_vaddr..header.p_vaddr.saturating_add(header.p_filesz);
                let readable = header.p_flags & libc::PF_R != 0;
                (readable && segment.contains(&at)).then_some(segment.end)
            })
        };
        // SAFETY: `holds` says that a readable segment has it; the caller vouches for the rest.
        let copy = |from: &Range<u64>| unsafe { bytes(bias, from) };
        if holds(index.start).is_some_and(|end| index.end <= end)
            && let Some(header) = copy(&index)
            && let Some(table) = table_start(&header, index.start)
            && let Some(end) = holds(table)
            && let Some(frames) = copy(&(table..end))
        {
            sections.eh_frame_hdr_svma = Some(index);
            sections.eh_frame_hdr = Some(header);
            sections.eh_frame_svma = Some(table..end);
            sections.eh_frame = Some(frames);
        }
    }
    let (name, path) = file(info);
    Some((Place { name, path, range, bias }, sections))
}

/// Where `.eh_frame` begins, as its index says.
fn table_start(index: &[u8], address: u64) -> Option<u64> {
    let [1, RELATIVE_4_BYTES, ..] = index else { return None };
    let offset = i32::from_ne_bytes(*index.get(4..)?.first_chunk()?);
    address.checked_add(4)?.checked_add_signed(i64::from(offset))
}

/// A copy of this part of a module.
///
/// # Safety
/// It is mapped and can be read.
unsafe fn bytes(bias: u64, part: &Range<u64>) -> Option<Vec<u8>> {
    let len = usize::try_from(part.end.checked_sub(part.start)?).ok()?;
    let from = ptr::with_exposed_provenance::<u8>(bias.wrapping_add(part.start) as usize);
    if len == 0 || len > TABLE_BYTES_MAX || from.is_null() {
        return None;
    }
    // SAFETY: the caller's claim; tables are not written to.
    Some(unsafe { slice::from_raw_parts(from, len) }.to_vec())
}

/// What the module is called, which is its file's name, and the file. The program itself has no name in the
/// linker's list.
fn file(info: &libc::dl_phdr_info) -> (String, Option<PathBuf>) {
    let path = match info.dlpi_name.is_null() {
        true => PathBuf::new(),
        // SAFETY: the linker's own string, which is there as long as the module.
        false => PathBuf::from(&*unsafe { CStr::from_ptr(info.dlpi_name) }.to_string_lossy()),
    };
    let is_program = path.as_os_str().is_empty();
    let shown = if is_program { std::env::current_exe() } else { Ok(path.clone()) };
    let name = shown.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    // What runs is there also where a newer build has taken the place of its file.
    let path = if is_program { PathBuf::from("/proc/self/exe") } else { path };
    (name.unwrap_or_else(|| "program".to_owned()), Some(path).filter(|path| path.is_absolute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_function_lies_in_the_program_and_nothing_is_asked_twice() {
        let mut modules = Modules::default();
        assert!(modules.refresh());
        assert!(!modules.refresh());
        let here = Modules::refresh as *const () as u64;
        let (name, offset) = modules.place_of(here).expect("this function is in the program");
        assert!(name.starts_with("corio_watchdog-"), "{name}");
        assert!(offset > 0 && offset < here);
        assert!(modules.place_of(1).is_none());
        assert!(modules.places.len() > 1, "there is a C library: {modules:?}");
    }

    #[test]
    fn the_c_library_is_told_apart_and_names_its_functions() {
        let mut modules = Modules::default();
        modules.refresh();
        assert!(!modules.is_in_c_library(Modules::refresh as *const () as u64));
        let read = libc::read as *const () as u64;
        if modules.is_in_c_library(read) {
            let name = exported_name(read + 4).unwrap();
            assert!(name.ends_with("read"), "{name}");
        }
    }

    #[test]
    fn an_index_of_an_unknown_kind_is_left_alone() {
        let mut index = vec![1, RELATIVE_4_BYTES, 3, 0x3b];
        index.extend((-100_i32).to_ne_bytes());
        assert_eq!(table_start(&index, 1000), Some(904));
        assert_eq!(table_start(&index[..7], 1000), None);
        index[1] = 0;
        assert_eq!(table_start(&index, 1000), None);
    }
}
