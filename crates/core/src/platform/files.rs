//! Files: what makes two of them the same one, their space on the disk, and replacing one that is in use.
//!
//! Unix takes a name away from a file that is open or mapped, and the file lives on until it is closed. Windows does so for an open file at best (from
//! Windows 10 1709 on, on NTFS), and for a mapped one never: it can be neither replaced nor deleted while a view of it is there
//! (`ERROR_ACCESS_DENIED`, `ERROR_USER_MAPPED_FILE`). It can be renamed, though, if whoever opened it shares deletion, as Rust and this library do. So
//! there it is moved aside first, and goes away by itself when it is closed. LLVM's linker replaces its mapped files in the same way.

use std::fs::{File, Metadata};
use std::io::Result;
use std::ops::Range;
use std::path::Path;
#[cfg(windows)]
use std::path::PathBuf;

/// Which file it is, whatever stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileKey {
    volume: u64,
    number: u64,
    /// The path as well: a network drive may have no numbers.
    #[cfg(windows)]
    path: PathBuf,
}

/// The key of an open file.
#[cfg(unix)]
pub fn file_key(_path: &Path, _file: &File, metadata: &Metadata) -> FileKey {
    use std::os::unix::fs::MetadataExt;
    FileKey {
        volume: metadata.dev(),
        number: metadata.ino(),
    }
}

/// The key of an open file.
#[cfg(windows)]
pub fn file_key(path: &Path, file: &File, _metadata: &Metadata) -> FileKey {
    let (volume, number) = windows::numbers(file).unwrap_or_default();
    FileKey {
        volume,
        number,
        path: std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
    }
}

/// Asks for huge pages where the file system has them: reading all weights is a third faster. Pages that are cached already stay as they are, and where
/// it is not supported nothing happens.
pub fn prefer_huge_pages(mapping: &memmap2::Mmap) {
    #[cfg(target_os = "linux")]
    let _ = mapping.advise(memmap2::Advice::HugePage);
    #[cfg(not(target_os = "linux"))]
    let _ = mapping;
}

/// Takes the pages of a range of a file's mapping out of this process. They stay in the system's cache, and whoever reads them has them back.
pub fn drop_pages(mapping: &memmap2::Mmap, range: Range<usize>) {
    // SAFETY: the mapping is shared and read-only, so its pages hold what the file holds, and nothing is lost.
    #[cfg(unix)]
    let _ = unsafe { mapping.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, range.start, range.len()) };
    #[cfg(not(unix))]
    let _ = (mapping, range);
}

/// Reserves the space on the disk at once: a full disk fails before anything is written, and renaming has no blocks left to allocate.
#[cfg(target_os = "linux")]
pub fn reserve(file: &File, size: u64) -> Result<()> {
    use std::os::fd::AsRawFd;
    let Ok(size) = libc::off64_t::try_from(size) else {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    };
    if size == 0 {
        return Ok(());
    }
    loop {
        // SAFETY: a call on an open file, with plain numbers.
        if unsafe { libc::fallocate64(file.as_raw_fd(), 0, 0, size) } == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            // Not every file system supports it; then the blocks are allocated while writing.
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ENODEV | libc::EPERM) => return Ok(()),
            _ => return Err(error),
        }
    }
}

/// Other systems allocate the blocks while writing.
#[cfg(not(target_os = "linux"))]
pub fn reserve(_: &File, _: u64) -> Result<()> {
    Ok(())
}

/// Opens a file that is about to be replaced: its pages are freed when it is closed, not when it is replaced. One that cannot be opened is replaced
/// nevertheless. Nothing on Windows, where an open file is harder to replace.
pub fn hold(target: &Path) -> Option<File> {
    if cfg!(unix) { File::open(target).ok() } else { None }
}

/// Gives a finished file the name of another one, which may be in use: who has it open or mapped keeps its bytes.
///
/// # Errors
/// When the system refuses. Then the other file is where it was.
#[cfg(unix)]
pub fn replace_file(new: &Path, target: &Path) -> Result<()> {
    std::fs::rename(new, target)
}

/// Gives a finished file the name of another one, which may be in use: who has it open or mapped keeps its bytes. Where the other one must be moved aside,
/// there is no file of this name for a moment. A crash in this moment leaves both, under their other names.
///
/// # Errors
/// When the system refuses, as it does when a program without shared deletion has the other file open. Then it is where it was.
#[cfg(windows)]
pub fn replace_file(new: &Path, target: &Path) -> Result<()> {
    let Err(refused) = std::fs::rename(new, target) else {
        return Ok(());
    };
    let Some(aside) = windows::move_aside(target) else {
        return Err(refused);
    };
    if let Err(error) = std::fs::rename(new, target) {
        // Back to its name; if another program has taken that meanwhile, there is nothing to bring back.
        let _ = std::fs::rename(&aside, target);
        return Err(error);
    }
    windows::delete_when_closed(&aside);
    Ok(())
}

/// Makes a rename itself survive a crash. Windows has no such call and does without.
pub fn sync_folder(target: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let folder = target
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = target;
    Ok(())
}

#[cfg(windows)]
mod windows {
    use std::ffi::{OsString, c_void};
    use std::fs::{File, OpenOptions};
    use std::os::windows::fs::OpenOptionsExt;
    use std::os::windows::io::AsRawHandle;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU64, Ordering};

    const DELETE: u32 = 0x0001_0000;
    const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

    /// Gives a file another name in its folder. `None` when it is no file, or the system refuses.
    pub fn move_aside(target: &Path) -> Option<PathBuf> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if !target.is_file() {
            return None;
        }
        let mut name = OsString::from(".");
        name.push(target.file_name()?);
        name.push(format!(
            ".{}-{}.old",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        let aside = target.with_file_name(name);
        std::fs::rename(target, &aside).ok()?;
        Some(aside)
    }

    /// The system deletes the file when nobody has it open or mapped any more, also after a crash of this process. If it refuses, the file stays.
    pub fn delete_when_closed(path: &Path) {
        let _ = OpenOptions::new()
            .access_mode(DELETE)
            .custom_flags(FILE_FLAG_DELETE_ON_CLOSE)
            .open(path);
    }

    /// BY_HANDLE_FILE_INFORMATION of the Windows API.
    #[repr(C)]
    #[derive(Default)]
    struct FileInformation {
        attributes: u32,
        times: [u32; 6],
        volume: u32,
        size: [u32; 2],
        links: u32,
        number_high: u32,
        number_low: u32,
    }

    /// The volume of a file and its number there.
    pub fn numbers(file: &File) -> Option<(u64, u64)> {
        #[link(name = "kernel32")]
        unsafe extern "system" {
            fn GetFileInformationByHandle(file: *mut c_void, information: *mut FileInformation) -> i32;
        }
        let mut found = FileInformation::default();
        // SAFETY: the handle is open, and the call fills the struct.
        let answered = unsafe { GetFileInformationByHandle(file.as_raw_handle(), &raw mut found) } != 0;
        answered.then(|| {
            let number = u64::from(found.number_high) << 32 | u64::from(found.number_low);
            (u64::from(found.volume), number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("loralib-files-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let found = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = found
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_mapped_file_is_replaced_again_and_again_and_its_bytes_stay() {
        let folder = folder("mapped");
        let (target, new) = (folder.join("base"), folder.join("new"));
        std::fs::write(&target, b"round 0").unwrap();
        let mut mappings = Vec::new();
        for round in 1..4 {
            let file = File::open(&target).unwrap();
            // SAFETY: nobody writes to the file.
            mappings.push((unsafe { memmap2::Mmap::map(&file) }.unwrap(), file));
            std::fs::write(&new, format!("round {round}")).unwrap();
            replace_file(&new, &target).unwrap();
            assert_eq!(std::fs::read(&target).unwrap(), format!("round {round}").as_bytes());
        }
        for (round, (mapping, file)) in mappings.iter().enumerate() {
            assert_eq!(mapping[..], *format!("round {round}").as_bytes());
            assert_eq!(file.metadata().unwrap().len(), 7);
        }
        drop(mappings);
        assert_eq!(names(&folder), ["base"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_cannot_be_replaced_stays_where_it_was() {
        let folder = folder("refused");
        let (target, new) = (folder.join("base"), folder.join("no such file"));
        std::fs::write(&target, b"old").unwrap();
        let file = File::open(&target).unwrap();
        // SAFETY: nobody writes to the file.
        let mapping = unsafe { memmap2::Mmap::map(&file) }.unwrap();
        assert!(replace_file(&new, &target).is_err());
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(names(&folder), ["base"]);
        assert!(replace_file(&target, &folder).is_err(), "a folder is not replaced");
        drop((mapping, file));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_is_known_by_its_key_and_another_one_of_its_name_is_not() {
        let folder = folder("key");
        let (path, other) = (folder.join("base"), folder.join("other"));
        let key = |path: &Path| {
            let file = File::open(path).unwrap();
            file_key(path, &file, &file.metadata().unwrap())
        };
        std::fs::write(&path, b"one").unwrap();
        std::fs::write(&other, b"two").unwrap();
        let before = key(&path);
        assert_eq!(key(&folder.join(".").join("base")), before);
        assert_ne!(key(&other), before);
        let kept = File::open(&path).unwrap();
        replace_file(&other, &path).unwrap();
        assert_ne!(key(&path), before);
        drop(kept);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
