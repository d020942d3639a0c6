//! What the methods of this crate do: what debug mode tells of where nobody awaits one.
//!
//! An [`Operation`](crate::Operation) tells of itself, by what it does and to which file. Reading the standard
//! input is the only wait here: that waits for somebody to write, where a file is just there.

use corio_trace::deeds;

deeds! {
    pub(crate) ReadDeed = "File::read";
    pub(crate) ReadExactDeed = "File::read_exact";
    pub(crate) ReadToEndDeed = "File::read_to_end";
    pub(crate) ReadToStringDeed = "File::read_to_string";
    pub(crate) WriteDeed = "File::write";
    pub(crate) WriteAllDeed = "File::write_all";
    pub(crate) FlushDeed = "File::flush";
    pub(crate) SeekDeed = "File::seek";
    pub(crate) RewindDeed = "File::rewind";
    pub(crate) StreamPositionDeed = "File::stream_position";
    pub(crate) ReadAtDeed = "File::read_at";
    pub(crate) WriteAtDeed = "File::write_at";
    pub(crate) WriteAllAtDeed = "File::write_all_at";
    pub(crate) SyncAllDeed = "File::sync_all";
    pub(crate) SyncDataDeed = "File::sync_data";
    pub(crate) SetLenDeed = "File::set_len";
    pub(crate) MetadataDeed = "File::metadata";
    pub(crate) SetPermissionsDeed = "File::set_permissions";
    pub(crate) TryCloneDeed = "File::try_clone";
    pub(crate) IntoStdDeed = "File::into_std";
    pub(crate) CloseDeed = "File::close";
    pub(crate) StdoutWriteDeed = "Stdout::write";
    pub(crate) StdoutWriteAllDeed = "Stdout::write_all";
    pub(crate) StdoutFlushDeed = "Stdout::flush";
    pub(crate) StderrWriteDeed = "Stderr::write";
    pub(crate) StderrWriteAllDeed = "Stderr::write_all";
    pub(crate) StderrFlushDeed = "Stderr::flush";
    pub(crate) NextEntryDeed = "ReadDir::next_entry";
    pub(crate) FileTypeDeed = "DirEntry::file_type";
    pub(crate) EntryMetadataDeed = "DirEntry::metadata";
}
