//! Bytes into a file and out of it, in the page cache: what the trips to other threads cost, and what
//! buffers save of them. Over the small trait of [`crate::primitives::files`].

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::peers::Peer;
use crate::primitives::files::File;

/// What one operation writes or reads: a page.
pub(crate) const PIECE: usize = 4096;
/// After so many it goes back to the start: the file stays small, and the disk out of it.
pub(crate) const PIECES: u64 = 256;

/// A file that is removed at the end.
pub(crate) struct Path(pub(crate) PathBuf);

impl Path {
    pub(crate) fn new() -> Path {
        Path(std::env::temp_dir().join(format!("corio-bench-{}", std::process::id())))
    }
}

impl Drop for Path {
    fn drop(&mut self) {
        // A file that stays behind is no reason to have no figure.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What was written is flushed each time it goes back.
pub(crate) fn write<P: Peer, F: File>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let path = Path::new();
        let mut file = F::create(&path.0).await;
        let start = Instant::now();
        for op in 0..ops {
            file.write_all(black_box(&[7; PIECE])).await;
            if op % PIECES == PIECES - 1 {
                file.rewind().await;
            }
        }
        file.rewind().await;
        start.elapsed()
    })
}

pub(crate) fn read<P: Peer, F: File>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let path = Path::new();
        let mut file = F::create(&path.0).await;
        for _ in 0..PIECES {
            file.write_all(&[7; PIECE]).await;
        }
        let mut piece = [0; PIECE];
        let start = Instant::now();
        for op in 0..ops {
            if op % PIECES == 0 {
                file.rewind().await;
            }
            file.read_exact(black_box(&mut piece)).await;
        }
        start.elapsed()
    })
}
