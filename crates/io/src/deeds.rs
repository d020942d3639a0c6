//! What the functions of this crate do: what debug mode tells of where nobody awaits one.
//!
//! Reading is a wait, and so exempt.

use corio_trace::deeds;

deeds! {
    pub(crate) CopyDeed = "copy";
    pub(crate) CopyBidirectionalDeed = "copy_bidirectional";
    pub(crate) WriteDeed = "DuplexStream::write";
    pub(crate) WriteAllDeed = "DuplexStream::write_all";
    pub(crate) ShutdownDeed = "DuplexStream::shutdown";
    pub(crate) FlushDeed = "FramedWrite::flush";
    pub(crate) CloseDeed = "FramedWrite::close";
}
