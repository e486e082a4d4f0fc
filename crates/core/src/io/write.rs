//! Writes that leave either the old file or the whole new one.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;
use crate::io::file_bytes::io_error;
use crate::io::pace::Pieces;
use crate::platform::{hold, replace_file, reserve, sync_folder};

/// Writes a file through a temporary one in the same folder, which is synced and renamed over the target.
///
/// A reader sees the old file or the whole new one, also after a crash. When anything fails, the old file stays as it
/// was and the temporary one is removed. A symbolic link keeps pointing: the file behind it is replaced.
///
/// # Errors
/// [`Code::File`] when the folder does not exist or cannot be written, or the disk is full; whatever `write` returns.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let failed = |e: std::io::Error| io_error(CANNOT_WRITE, path, &e);
    let writing = Writing { sync: true, size: 0 };
    replace(path, writing, |out| write(out).map_err(failed)).map(drop)
}

/// What the error of a failed write begins with.
pub(super) const CANNOT_WRITE: &str = "cannot write the file";

/// The file that was there before. Dropping it frees its pages, which takes a tenth of a second for half a gigabyte: the caller can do that when
/// nobody waits any more.
#[derive(Debug)]
pub struct Replaced {
    _old: Option<File>,
}

/// How [`replace`] writes.
pub(super) struct Writing {
    /// Wait for the disk. Without it a reader sees the old file or the whole new one while the system runs, but after a crash soon after, the file may be
    /// empty, truncated or full of zeros.
    pub sync: bool,
    /// Bytes that will be written; 0 when that is not known.
    pub size: u64,
}

/// As [`write_atomic`].
///
/// # Errors
/// As [`write_atomic`].
pub(super) fn replace(
    path: &Path,
    Writing { sync, size }: Writing,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<Replaced> {
    let failed = |e: std::io::Error| io_error(CANNOT_WRITE, path, &e);
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let (temp, file) = Temporary::create(&target).map_err(failed)?;
    reserve(&file, size).map_err(failed)?;
    let mut out = Pieces::new(file, sync);
    write(&mut out)?;
    let file = out.finish().map_err(failed)?;
    let mut replaced = Replaced { _old: None };
    if let Ok(old) = std::fs::metadata(&target) {
        file.set_permissions(old.permissions()).map_err(failed)?;
        if old.is_file() {
            replaced._old = hold(&target);
        }
    }
    if sync {
        file.sync_all().map_err(failed)?;
    }
    drop(file);
    temp.rename(&target).map_err(failed)?;
    if sync {
        sync_folder(&target).map_err(failed)?;
    }
    Ok(replaced)
}

/// A file that is removed when it is dropped before it has its final name.
struct Temporary {
    path: Option<PathBuf>,
}

impl Temporary {
    fn create(target: &Path) -> std::io::Result<(Self, File)> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let mut temp_name = std::ffi::OsString::from(".");
            temp_name.push(name);
            temp_name.push(format!(".{}-{number}.tmp", std::process::id()));
            let path = target.with_file_name(temp_name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((Temporary { path: Some(path) }, file)),
                // Left by a killed process with the same id.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn rename(mut self, target: &Path) -> std::io::Result<()> {
        let path = self.path.as_ref().expect("set until the rename is done");
        replace_file(path, target)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // The write has already failed; that the temporary file remains too is not reported.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("loralib-write-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_no_temporary() {
        let folder = folder("failed");
        let path = folder.join("x.bin");
        write_atomic(&path, |out| out.write_all(b"old")).unwrap();
        let error = write_atomic(&path, |out| {
            out.write_all(b"half of the new")?;
            Err(std::io::ErrorKind::StorageFull.into())
        });
        assert_eq!(error.unwrap_err().code(), Code::File);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        let panicked = std::panic::catch_unwind(|| write_atomic(&path, |_| panic!("a writer that panics")));
        assert!(panicked.is_err());
        assert_eq!(files(&folder), ["x.bin"]);
        write_atomic(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_keeps_pointing_and_the_mode_of_the_file_stays() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("link");
        let (file, link) = (folder.join("file"), folder.join("link"));
        std::fs::write(&file, b"old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomic(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_bad_folder_is_a_file_error() {
        let folder = folder("refused");
        let missing = folder.join("no such folder").join("x");
        assert_eq!(write_atomic(&missing, |_| Ok(())).unwrap_err().code(), Code::File);
        assert_eq!(write_atomic(&folder, |_| Ok(())).unwrap_err().code(), Code::File);
        assert!(files(&folder).is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn without_sync_the_file_is_replaced_all_the_same() {
        let folder = folder("unsynced");
        let path = folder.join("x.bin");
        let writing = |size| Writing { sync: false, size };
        for (text, size) in [("old", 3), ("new", 0), ("newer", 5), ("late", 0)] {
            let failed = |e| io_error(CANNOT_WRITE, &path, &e);
            let replaced = replace(&path, writing(size), |out| {
                out.write_all(text.as_bytes()).map_err(failed)
            })
            .unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
            drop(replaced);
        }
        let failed = replace(&path, writing(9), |_| {
            Err(crate::Error::new(Code::Aborted, "on purpose"))
        });
        assert_eq!(failed.unwrap_err().code(), Code::Aborted);
        assert_eq!(std::fs::read(&path).unwrap(), b"late");
        let too_large = replace(&path, writing(u64::MAX), |_| Ok(()));
        assert!(cfg!(not(target_os = "linux")) || too_large.unwrap_err().code() == Code::File);
        assert_eq!(files(&folder), ["x.bin"]);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
