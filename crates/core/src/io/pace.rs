//! The pace of writing a file: in pieces as large as a huge page, and with pauses while the process computes.
//!
//! The system caches what one call writes in pages as large as the call, if it begins at a multiple of their size. A file written in whole pieces of
//! 2 MiB can be mapped with huge pages: decoding reads its weights a third faster, and mapping it takes 500 times fewer page faults.
//!
//! Where processor time is limited (a container with a quota, a virtual machine), disk writes count against it. With all cores computing, a hundred
//! megabytes written at once use up the quota, and every thread stalls for tens of milliseconds, the event loop included. In small pieces with pauses
//! between them the same bytes take longer, and nothing stalls.

use std::fs::File;
use std::io::{Result, Write};
use std::time::Instant;

use crate::platform::Computing;

/// Bytes of one write, and between two pauses: a huge page.
const PIECE: usize = 2 << 20;
/// A pause lasts this many times as long as writing the piece took.
const PAUSE_FACTOR: u32 = 2;

/// Writes a file from its beginning, piece by piece; [`Pieces::finish`] writes the last one.
pub(super) struct Pieces {
    file: File,
    /// The beginning of the piece that is not whole yet.
    part: Vec<u8>,
    /// Whether the file will be synced, so that its bytes go to the disk now; without it there is nothing to pause for.
    synced: bool,
    pauses: u64,
}

impl Pieces {
    pub fn new(file: File, synced: bool) -> Self {
        Pieces {
            file,
            part: Vec::new(),
            synced,
            pauses: 0,
        }
    }

    pub fn finish(mut self) -> Result<File> {
        self.file.write_all(&self.part)?;
        Ok(self.file)
    }

    /// Writes a whole piece. While the process computes it is synced at once: otherwise all pieces would go to the disk together at the end.
    fn put(&mut self, piece: &[u8]) -> Result<()> {
        let start = Instant::now();
        self.file.write_all(piece)?;
        if self.synced && Computing::is_active() {
            self.file.sync_data()?;
            self.pauses += 1;
            std::thread::sleep(start.elapsed() * PAUSE_FACTOR);
        }
        Ok(())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.part.is_empty() && bytes.len() >= PIECE {
            self.put(&bytes[..PIECE])?;
            return Ok(PIECE);
        }
        let taken = bytes.len().min(PIECE - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PIECE {
            let mut piece = std::mem::take(&mut self.part);
            self.put(&piece)?;
            piece.clear();
            self.part = piece;
        }
        Ok(taken)
    }

    /// Nothing: a piece is written when it is whole.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("loralib-pace-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn beside_computing_the_same_bytes_arrive_in_pieces_with_pauses() {
        let folder = folder("pauses");
        let bytes: Vec<u8> = (0..3 * PIECE + 5).map(|i| (i / 7) as u8).collect();
        let written = |name: &str, synced: bool| {
            let path = folder.join(name);
            let mut out = Pieces::new(File::create(&path).unwrap(), synced);
            // The second crosses the ends of two pieces and holds a whole one.
            out.write_all(&bytes[..10]).unwrap();
            out.write_all(&bytes[10..]).unwrap();
            let pauses = out.pauses;
            drop(out.finish().unwrap());
            assert!(std::fs::read(&path).unwrap() == bytes, "{name}: other bytes came back");
            pauses
        };
        let computing = Computing::begin();
        assert_eq!(written("beside computing", true), 3);
        assert_eq!(written("not for the disk", false), 0);
        drop(computing);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_write_that_fails_is_reported_at_the_last_piece_too() {
        let folder = folder("failing");
        let path = folder.join("read only");
        std::fs::write(&path, b"").unwrap();
        for length in [3, PIECE] {
            // A file that was opened for reading takes no bytes.
            let mut out = Pieces::new(File::open(&path).unwrap(), true);
            let result = out.write_all(&vec![1; length]).and_then(|()| out.finish().map(drop));
            assert!(result.is_err(), "{length} bytes");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
