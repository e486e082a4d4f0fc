//! The bytes of a file, read whole or mapped, with the identity by which models share it.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::platform::{FileKey, Watched, drop_pages, file_key, prefer_huge_pages};
use crate::storage::Bytes;

/// What makes two opened files the same bytes: location, size and time of the last change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    key: FileKey,
    len: u64,
    modified_ns: u128,
}

/// A file's bytes, read-only.
#[derive(Debug)]
pub struct FileBytes {
    data: Data,
    id: FileId,
    path: PathBuf,
}

#[derive(Debug)]
enum Data {
    Owned(Vec<u8>),
    Mapped(Arc<Mapping>),
}

/// A mapped file. Another program may cut it short, which must not end this process, or rewrite it, which must not go unnoticed.
struct Mapping {
    // Dropped before the mapping.
    watched: Watched,
    bytes: memmap2::Mmap,
    file: File,
    len: u64,
    modified: Option<SystemTime>,
    /// It has been found changed. What was read then may be wrong, so it stays so whatever the file becomes.
    changed: AtomicBool,
}

impl std::fmt::Debug for Mapping {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} mapped bytes", self.bytes.len())
    }
}

impl Mapping {
    fn new(file: File, metadata: &Metadata) -> std::io::Result<Self> {
        // SAFETY: the map is read-only. Pages that are cut off are replaced (`Watched`), and what was read from a file that has changed is refused (`check`).
        let bytes = unsafe { memmap2::Mmap::map(&file) }?;
        prefer_huge_pages(&bytes);
        Ok(Mapping {
            watched: Watched::new(&bytes)?,
            bytes,
            file,
            len: metadata.len(),
            modified: metadata.modified().ok(),
            changed: AtomicBool::new(false),
        })
    }

    fn has_changed(&self) -> bool {
        // The file's own size and time: one that was replaced by renaming lives on here as it was. The end of its last page is filled with zeros, without
        // a fault, when it is cut short by less than a page.
        let is_as_it_was = || {
            let now = self.file.metadata();
            now.is_ok_and(|now| now.len() == self.len && now.modified().ok() == self.modified)
        };
        if self.changed.load(Ordering::Relaxed) || self.watched.has_lost_pages() || !is_as_it_was() {
            self.changed.store(true, Ordering::Relaxed);
            return true;
        }
        false
    }
}

/// The mappings of this process, of all threads: a base that several workers or models open is mapped once. A file that has
/// changed has another identity, and so a new mapping.
static MAPS: LazyLock<Mutex<HashMap<FileId, Weak<Mapping>>>> = LazyLock::new(Mutex::default);

fn shared_map(file: File, metadata: &Metadata, id: &FileId) -> std::io::Result<Arc<Mapping>> {
    let mut maps = MAPS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(map) = maps.get(id).and_then(Weak::upgrade).filter(|map| !map.has_changed()) {
        return Ok(map);
    }
    let map = Arc::new(Mapping::new(file, metadata)?);
    maps.retain(|_, other| other.strong_count() > 0);
    maps.insert(id.clone(), Arc::downgrade(&map));
    Ok(map)
}

impl FileBytes {
    /// Maps a file: for base weights, which may be larger than memory and are shared between models.
    ///
    /// A mapped file must not change while it is in use; [`Bytes::check`] says whether it has. Writers that replace a file by renaming a new one over
    /// it, as this library does, leave the mapped bytes alone.
    ///
    /// # Errors
    /// [`Code::File`] when the path is no readable file.
    pub fn map(path: &Path) -> Result<Self> {
        let (file, metadata) = open_regular(path)?;
        let id = file_id(path, &file, &metadata);
        if metadata.len() == 0 {
            return Ok(FileBytes {
                data: Data::Owned(Vec::new()),
                id,
                path: path.to_owned(),
            });
        }
        let map = shared_map(file, &metadata, &id).map_err(|e| io_error("cannot map the file", path, &e))?;
        Ok(FileBytes {
            data: Data::Mapped(map),
            id,
            path: path.to_owned(),
        })
    }

    /// Reads a file whole: for adapters and checkpoints, which may be rewritten while they are in use.
    ///
    /// # Errors
    /// [`Code::File`] when the path is no readable file or changes while it is read, [`Code::Memory`] when it does not fit.
    pub fn read(path: &Path) -> Result<Self> {
        let (file, metadata) = open_regular(path)?;
        let id = file_id(path, &file, &metadata);
        let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        // One byte more, so that the end of a file is found without growing the vector.
        let mut bytes = crate::memory::host_vec(len.saturating_add(1), &format!("the file {}", path.display()))?;
        // One byte more than expected shows that the file grew, without reading without end.
        file.take(metadata.len() + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| io_error("cannot read the file", path, &e))?;
        if bytes.len() != len {
            return Err(
                Error::new(Code::File, format!("{} changed while it was read", path.display()))
                    .expected(format!("{len} bytes"))
                    .received(format!("{} bytes", bytes.len()))
                    .hint("wait until the other program has finished writing"),
            );
        }
        Ok(FileBytes {
            data: Data::Owned(bytes),
            id,
            path: path.to_owned(),
        })
    }

    /// The path it was opened under.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The identity by which immutable bases are shared.
    pub fn id(&self) -> &FileId {
        &self.id
    }

    /// Whether the bytes stay in the file and take no memory of this process.
    pub fn is_mapped(&self) -> bool {
        matches!(self.data, Data::Mapped(_))
    }
}

impl AsRef<[u8]> for FileBytes {
    fn as_ref(&self) -> &[u8] {
        match &self.data {
            Data::Owned(bytes) => bytes,
            Data::Mapped(map) => &map.bytes,
        }
    }
}

impl Bytes for FileBytes {
    fn leave(&self, range: Range<usize>) {
        if let Data::Mapped(map) = &self.data {
            drop_pages(&map.bytes, range);
        }
    }

    fn check(&self) -> Result<()> {
        let Data::Mapped(map) = &self.data else { return Ok(()) };
        if !map.has_changed() {
            return Ok(());
        }
        let path = self.path.display();
        let received = match map.file.metadata() {
            Err(error) => error.to_string(),
            Ok(now) if now.len() != map.len => format!("{} bytes", now.len()),
            Ok(_) if map.watched.has_lost_pages() => "pages that were gone when they were read".to_owned(),
            Ok(_) => "a file of this size that was written to since".to_owned(),
        };
        Err(Error::new(Code::File, format!("{path} was cut short or rewritten while its weights are in use"))
            .expected(format!("the {} bytes that were mapped", map.len))
            .received(received)
            .hint("load the model again from a whole file. Replace a file by renaming a new one over it, or load with { mapped: false }"))
    }
}

/// Opens a path that must be a regular file: a folder has no bytes, and opening a pipe would block.
fn open_regular(path: &Path) -> Result<(File, Metadata)> {
    let metadata = std::fs::metadata(path).map_err(|e| io_error("cannot open the file", path, &e))?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() {
            "a folder"
        } else {
            "a device, pipe or socket"
        };
        return Err(Error::new(Code::File, format!("{} is not a file", path.display()))
            .expected("a regular file")
            .received(kind)
            .hint("give the path of the file itself"));
    }
    let file = File::open(path).map_err(|e| io_error("cannot open the file", path, &e))?;
    let metadata = file
        .metadata()
        .map_err(|e| io_error("cannot open the file", path, &e))?;
    Ok((file, metadata))
}

fn file_id(path: &Path, file: &File, metadata: &Metadata) -> FileId {
    let modified = metadata.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    FileId {
        key: file_key(path, file, metadata),
        len: metadata.len(),
        modified_ns: modified.map_or(0, |d| d.as_nanos()),
    }
}

/// The engine error for a failed file operation, with a fix where the system says what is wrong.
pub(crate) fn io_error(what: &str, path: &Path, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    let hint = match error.kind() {
        ErrorKind::NotFound => "check the path; a relative one starts at the folder that the program was started in",
        ErrorKind::PermissionDenied => {
            "check the owner and mode of the file and of its folder; on Windows, close other programs that have it open"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space on this disk, or write to another one",
        ErrorKind::IsADirectory => "give the path of a file, not of a folder",
        ErrorKind::ReadOnlyFilesystem => "write to a disk that is not mounted read-only",
        ErrorKind::FileTooLarge => {
            "raise the limit of file sizes (ulimit -f), or write to a disk that takes files of this size"
        }
        _ => "see the message of the system above",
    };
    let expected = if what.contains("write") {
        "a path that can be written"
    } else {
        "a file that can be read"
    };
    Error::new(Code::File, format!("{what}: {}", path.display()))
        .expected(expected)
        .received(error.to_string())
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_and_read_bytes_agree_and_share_one_identity() {
        let path = std::env::temp_dir().join(format!("loralib-file-bytes-{}", std::process::id()));
        std::fs::write(&path, b"some bytes").unwrap();
        let (mapped, read) = (FileBytes::map(&path).unwrap(), FileBytes::read(&path).unwrap());
        assert_eq!(mapped.as_ref(), read.as_ref());
        assert_eq!(mapped.id(), read.id());
        assert!(mapped.is_mapped() && !read.is_mapped());
        // Windows lets nobody cut a mapped file.
        let id = mapped.id().clone();
        drop(mapped);
        std::fs::write(&path, b"other bytes").unwrap();
        assert_ne!(FileBytes::read(&path).unwrap().id(), &id);
        std::fs::write(&path, b"").unwrap();
        assert!(FileBytes::map(&path).unwrap().as_ref().is_empty());
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn bytes_that_were_left_are_there_when_they_are_read_again() {
        let path = std::env::temp_dir().join(format!("loralib-leave-{}", std::process::id()));
        let whole: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &whole).unwrap();
        for bytes in [FileBytes::map(&path).unwrap(), FileBytes::read(&path).unwrap()] {
            assert_eq!(bytes.as_ref(), whole);
            for range in [0..100_000, 5_000..70_001, 99_999..100_000, 7..7] {
                bytes.leave(range);
                assert_eq!(bytes.as_ref(), whole);
                bytes.check().unwrap();
            }
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_is_mapped_once_in_the_process_and_anew_when_it_has_changed() {
        let path = std::env::temp_dir().join(format!("loralib-map-once-{}", std::process::id()));
        let start = |bytes: &FileBytes| bytes.as_ref().as_ptr() as usize;
        std::fs::write(&path, b"a base").unwrap();
        let first = FileBytes::map(&path).unwrap();
        let other = std::thread::spawn({
            let path = path.clone();
            move || FileBytes::map(&path).unwrap()
        });
        assert_eq!(start(&other.join().unwrap()), start(&first));
        // A new file replaces the old one, which is unchanged where it is mapped.
        crate::io::write_atomic(&path, |out| out.write_all(b"a newer base")).unwrap();
        let second = FileBytes::map(&path).unwrap();
        assert_ne!(start(&second), start(&first));
        assert_eq!(
            (first.as_ref(), second.as_ref()),
            (&b"a base"[..], &b"a newer base"[..])
        );
        let id = first.id().clone();
        drop((first, second));
        drop(FileBytes::map(&path).unwrap());
        assert!(MAPS.lock().unwrap().get(&id).is_none_or(|map| map.upgrade().is_none()));
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_mapped_file_that_is_replaced_is_another_one_even_of_the_same_size_and_time() {
        let path = std::env::temp_dir().join(format!("loralib-map-replaced-{}", std::process::id()));
        let long_ago = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let write = |bytes: &[u8]| {
            crate::io::write_atomic(&path, |out| out.write_all(bytes)).unwrap();
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_modified(long_ago).unwrap();
        };
        write(b"a base");
        let first = FileBytes::map(&path).unwrap();
        write(b"others");
        let second = FileBytes::map(&path).unwrap();
        first.check().unwrap();
        assert_eq!((first.as_ref(), second.as_ref()), (&b"a base"[..], &b"others"[..]));
        drop((first, second));
        std::fs::remove_file(&path).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_mapped_file_that_is_cut_short_or_rewritten_is_an_error_for_ever_and_is_mapped_anew() {
        let path = std::env::temp_dir().join(format!("loralib-map-cut-{}", std::process::id()));
        let long_ago = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let write = |bytes: &[u8]| {
            // In place, as a program does that does not rename.
            std::fs::write(&path, bytes).unwrap();
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_modified(long_ago).unwrap();
        };
        let (whole, other) = (vec![7u8; 20_000], vec![8u8; 20_000]);
        for (len, received) in [(8192, "8192 bytes"), (19_999, "19999 bytes"), (0, "0 bytes")] {
            write(&whole);
            let mapped = FileBytes::map(&path).unwrap();
            mapped.check().unwrap();
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(len).unwrap();
            // Reading goes on, with zeros where the bytes are gone.
            assert_eq!(mapped.as_ref().iter().filter(|&&byte| byte == 7).count() as u64, len);
            let error = mapped.check().unwrap_err();
            assert_eq!(error.code(), Code::File);
            assert!(error.to_string().contains(received), "{error}");
            // The same size and time again: the bytes that were read meanwhile stay suspect, and whoever opens it now gets the new ones.
            write(&whole);
            assert!(mapped.check().is_err());
            let again = FileBytes::map(&path).unwrap();
            assert_eq!(again.as_ref(), whole);
            again.check().unwrap();
        }
        let mapped = FileBytes::map(&path).unwrap();
        std::fs::write(&path, &other).unwrap();
        let error = mapped.check().unwrap_err();
        assert!(error.to_string().contains("was written to since"), "{error}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_missing_file_and_a_folder_are_file_errors() {
        for path in [Path::new("/no/such/file"), &std::env::temp_dir()] {
            for error in [FileBytes::map(path).unwrap_err(), FileBytes::read(path).unwrap_err()] {
                assert_eq!(error.code(), Code::File);
                assert!(error.to_string().contains(&path.display().to_string()), "{error}");
            }
        }
    }
}
