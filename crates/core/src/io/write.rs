//! Writes that leave either the old file or the whole new one.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::io::file_bytes::io_error;
use crate::io::file_dtype::FileDtype;
use crate::io::header::MAX_HEADER_BYTES;

const BUFFER_BYTES: usize = 1 << 20;

/// Writes a file through a temporary one in the same folder, which is synced and renamed over the target.
///
/// A reader sees the old file or the whole new one, also after a crash. When anything fails, the old file stays as it
/// was and the temporary one is removed. A symbolic link keeps pointing: the file behind it is replaced.
///
/// # Errors
/// [`Code::File`] when the folder does not exist or cannot be written, or the disk is full; whatever `write` returns.
pub fn write_atomic(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if target.is_dir() {
        return Err(io_error(
            "cannot write the file",
            path,
            &std::io::ErrorKind::IsADirectory.into(),
        ));
    }
    let (temp, file) = Temporary::create(&target).map_err(|e| io_error("cannot write the file", path, &e))?;
    let failed = |e: std::io::Error| io_error("cannot write the file", path, &e);
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, file);
    write(&mut buffered).map_err(failed)?;
    let file = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    if let Ok(old) = std::fs::metadata(&target) {
        file.set_permissions(old.permissions()).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    drop(file);
    temp.rename(&target).map_err(failed)?;
    sync_folder(&target).map_err(failed)
}

/// One tensor to write.
#[derive(Clone, Copy, Debug)]
pub struct TensorOut<'a> {
    /// State-dict key.
    pub name: &'a str,
    /// Element type.
    pub dtype: Dtype,
    /// Row-major shape.
    pub shape: &'a [usize],
    /// `numel · dtype.size()` bytes, little-endian.
    pub bytes: &'a [u8],
}

/// Writes a safetensors file through [`write_atomic`], laid out as the reference writer does it.
///
/// Tensors go by falling element size, then by name, so that each begins at a multiple of its element size; the header
/// is padded with spaces to 8 bytes. `metadata` must be strings; Hugging Face readers want `("format", "pt")` among them.
///
/// # Errors
/// [`Code::Option`] for a name twice or reserved, and for bytes that do not fit their shape; [`Code::File`] as in
/// [`write_atomic`]. Nothing is written then.
pub fn write_safetensors(path: &Path, tensors: &[TensorOut<'_>], metadata: &[(String, String)]) -> Result<()> {
    check_tensors(tensors, metadata)?;
    let mut order: Vec<&TensorOut<'_>> = tensors.iter().collect();
    order.sort_by(|a, b| {
        FileDtype::from(b.dtype)
            .cmp(&FileDtype::from(a.dtype))
            .then_with(|| a.name.cmp(b.name))
    });
    let header = header_json(&order, metadata);
    if header.len() > MAX_HEADER_BYTES {
        return Err(
            Error::new(Code::Option, "names and metadata are too long for a safetensors header")
                .expected(format!("at most {MAX_HEADER_BYTES} bytes"))
                .received(format!("{} bytes", header.len()))
                .hint("use shorter names, or keep long texts in a file of their own"),
        );
    }
    write_atomic(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        order.iter().try_for_each(|tensor| out.write_all(tensor.bytes))
    })
}

fn check_tensors(tensors: &[TensorOut<'_>], metadata: &[(String, String)]) -> Result<()> {
    let mut names = HashSet::new();
    for tensor in tensors {
        if tensor.name == "__metadata__" || !names.insert(tensor.name) {
            return Err(
                Error::new(Code::Option, format!("the name {:?} cannot be written", tensor.name))
                    .expected("names that differ, and none of them __metadata__")
                    .hint("rename the tensor")
                    .received(format!("{:?}", tensor.name)),
            );
        }
        let numel = tensor.shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
        let size = numel.and_then(|n| n.checked_mul(tensor.dtype.size()));
        if size != Some(tensor.bytes.len()) {
            return Err(Error::new(
                Code::Option,
                format!("the bytes of {:?} do not fit its shape", tensor.name),
            )
            .expected(format!("{} {:?}", tensor.dtype, tensor.shape))
            .received(format!("{} bytes", tensor.bytes.len()))
            .hint("please report this"));
        }
    }
    let mut keys = HashSet::new();
    match metadata.iter().find(|(key, _)| !keys.insert(key)) {
        None => Ok(()),
        Some((key, _)) => Err(
            Error::new(Code::Option, format!("the metadata name {key:?} comes twice"))
                .expected("names that differ")
                .received(format!("{key:?}"))
                .hint("give each metadata name once"),
        ),
    }
}

fn header_json(order: &[&TensorOut<'_>], metadata: &[(String, String)]) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut parts = Vec::with_capacity(order.len() + 1);
    if !metadata.is_empty() {
        let pairs: Vec<String> = metadata
            .iter()
            .map(|(k, v)| format!("{}:{}", quoted(k), quoted(v)))
            .collect();
        parts.push(format!("\"__metadata__\":{{{}}}", pairs.join(",")));
    }
    let mut at = 0;
    for tensor in order {
        let end = at + tensor.bytes.len();
        let shape: Vec<String> = tensor.shape.iter().map(usize::to_string).collect();
        let (name, dtype) = (quoted(tensor.name), FileDtype::from(tensor.dtype).name());
        parts.push(format!(
            r#"{name}:{{"dtype":"{dtype}","shape":[{}],"data_offsets":[{at},{end}]}}"#,
            shape.join(",")
        ));
        at = end;
    }
    let mut json = format!("{{{}}}", parts.join(","));
    let padded = json.len().next_multiple_of(8);
    json.extend(std::iter::repeat_n(' ', padded - json.len()));
    json
}

/// A file that is removed when it is dropped before it got its final name.
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
                // Left by a process that was killed and had our number.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn rename(mut self, target: &Path) -> std::io::Result<()> {
        let path = self.path.as_ref().expect("set until the rename is done");
        std::fs::rename(path, target)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // The write has already failed; there is nobody to tell that the temporary file stays too.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Makes the rename itself survive a crash. Windows has no such call and does without.
fn sync_folder(target: &Path) -> std::io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::safetensors::SafetensorsFile;

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
    fn what_is_written_is_read_back_in_the_reference_order() {
        let folder = folder("roundtrip");
        let path = folder.join("x.safetensors");
        let data: Vec<u8> = (0..48).collect();
        let out = |name, dtype: Dtype, shape: &'static [usize]| {
            let bytes = &data[..shape.iter().product::<usize>() * dtype.size()];
            TensorOut {
                name,
                dtype,
                shape,
                bytes,
            }
        };
        let tensors = [
            out("b", Dtype::F32, &[2, 3]),
            out("a", Dtype::F32, &[]),
            out("half \"ü\"", Dtype::Bf16, &[3]),
            out("i", Dtype::I64, &[2]),
            out("flag", Dtype::Bool, &[2]),
            out("empty", Dtype::F64, &[0, 4]),
        ];
        let metadata = vec![
            ("format".to_owned(), "pt".to_owned()),
            ("line\n".to_owned(), "\u{2028}\"".to_owned()),
        ];
        write_safetensors(&path, &tensors, &metadata).unwrap();
        let file = SafetensorsFile::read(&path).unwrap();
        assert_eq!(file.header().metadata, metadata);
        let names: Vec<&str> = file.header().entries.iter().map(|e| e.name.as_str()).collect();
        assert_eq!(names, ["i", "empty", "a", "b", "half \"ü\"", "flag"]);
        for tensor in tensors {
            let entry = file.entry(tensor.name).unwrap();
            let raw = file.tensor(entry).unwrap();
            assert_eq!(
                (raw.dtype, &raw.shape[..], &raw.bytes[..]),
                (tensor.dtype, tensor.shape, tensor.bytes)
            );
            assert_eq!(entry.begin % tensor.dtype.size(), 0, "{}", tensor.name);
        }
        assert_eq!(files(&folder), ["x.safetensors"]);
        // The format's own crate reads it too.
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(::safetensors::SafeTensors::deserialize(&bytes).unwrap().len(), 6);
        std::fs::remove_dir_all(&folder).unwrap();
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
    fn bad_tensors_and_bad_folders_are_refused_before_anything_is_written() {
        let folder = folder("refused");
        let path = folder.join("x.safetensors");
        let tensor = |name| TensorOut {
            name,
            dtype: Dtype::F32,
            shape: &[1],
            bytes: &[0; 4],
        };
        for tensors in [
            vec![tensor("a"), tensor("a")],
            vec![tensor("__metadata__")],
            vec![TensorOut {
                bytes: &[0; 3],
                ..tensor("a")
            }],
            vec![TensorOut {
                shape: &[usize::MAX, 2],
                ..tensor("a")
            }],
        ] {
            assert_eq!(
                write_safetensors(&path, &tensors, &[]).unwrap_err().code(),
                Code::Option
            );
        }
        assert!(files(&folder).is_empty());
        let missing = folder.join("no such folder").join("x");
        assert_eq!(write_atomic(&missing, |_| Ok(())).unwrap_err().code(), Code::File);
        assert_eq!(write_atomic(&folder, |_| Ok(())).unwrap_err().code(), Code::File);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
