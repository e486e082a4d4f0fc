//! How fast a file is written beside computing.
//!
//! A machine that allots its processor time (a container with a quota, a virtual machine) counts the disk's work against it. With all cores computing,
//! a hundred megabytes written at once use up what is left, and then every thread stands still for tens of milliseconds, the event loop among them. In
//! small pieces with pauses between them the same bytes take longer and nobody waits.

use std::fs::File;
use std::io::{Result, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Bytes between two pauses.
const PIECE: usize = 2 << 20;
/// A pause is so many times as long as the piece took.
const PAUSE_FACTOR: u32 = 2;

static OPS: AtomicUsize = AtomicUsize::new(0);

/// An op under way, anywhere in the process.
pub(crate) struct Computing(());

impl Computing {
    pub(crate) fn begin() -> Self {
        OPS.fetch_add(1, Ordering::Relaxed);
        Computing(())
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        OPS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Writes a file that is synced at the end: at the disk's speed, but with pauses while ops are under way.
pub(super) struct Paced {
    file: File,
    written: usize,
    /// Time that the piece took so far, without the wait for its bytes.
    took: Duration,
    pauses: u64,
}

impl Paced {
    pub fn new(file: File) -> Self {
        Paced {
            file,
            written: 0,
            took: Duration::ZERO,
            pauses: 0,
        }
    }

    pub fn into_inner(self) -> File {
        self.file
    }

    /// What was written goes to the disk now: left to the end, it would go there all at once.
    fn pause(&mut self) -> Result<()> {
        if OPS.load(Ordering::Relaxed) > 0 {
            let start = Instant::now();
            self.file.sync_data()?;
            self.pauses += 1;
            std::thread::sleep((self.took + start.elapsed()) * PAUSE_FACTOR);
        }
        self.written = 0;
        self.took = Duration::ZERO;
        Ok(())
    }
}

impl Write for Paced {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let part = bytes.len().min(PIECE - self.written);
        let start = Instant::now();
        let written = self.file.write(&bytes[..part])?;
        self.took += start.elapsed();
        self.written += written;
        if self.written >= PIECE {
            self.pause()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_computing_the_same_bytes_arrive_in_pieces_with_pauses() {
        let folder = std::env::temp_dir().join(format!("loralib-pace-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let bytes: Vec<u8> = (0..3 * PIECE + 5).map(|i| (i / 7) as u8).collect();
        let written = |name: &str| {
            let path = folder.join(name);
            let mut out = Paced::new(File::create(&path).unwrap());
            // The second crosses the end of a piece.
            out.write_all(&bytes[..10]).unwrap();
            out.write_all(&bytes[10..]).unwrap();
            let pauses = out.pauses;
            drop(out.into_inner());
            assert!(std::fs::read(&path).unwrap() == bytes, "{name}: other bytes came back");
            pauses
        };
        let computing = Computing::begin();
        assert_eq!(written("beside computing"), 3);
        drop(computing);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
