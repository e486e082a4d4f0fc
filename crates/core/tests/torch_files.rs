//! Files of torch.save from strangers: every byte of a good file changed, every length cut; opening it is a result, never a crash.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::path::{Path, PathBuf};

use engine::code::Code;
use engine::error::Result;
use engine::io::WeightFile;

/// `{'w': tensor (2, 3) of f32 with stride (1, 2), 'n': [1, 2.5, None]}` in protocol 2.
fn pickle() -> Vec<u8> {
    let mut out = b"\x80\x02}(".to_vec();
    text(&mut out, "w");
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(&mut out, "storage");
    out.extend(b"ctorch\nFloatStorage\n");
    text(&mut out, "0");
    text(&mut out, "cpu");
    out.extend(b"K\x06tQK\x00K\x02K\x03\x86K\x01K\x02\x86\x89ccollections\nOrderedDict\n)RtR");
    text(&mut out, "n");
    out.extend(b"](K\x01G\x40\x04\0\0\0\0\0\0Neu.");
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn numbers() -> Vec<u8> {
    (0..6u8).flat_map(|i| f32::from(i).to_le_bytes()).collect()
}

fn legacy() -> Vec<u8> {
    let mut out = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.".to_vec();
    out.extend(pickle());
    out.extend(b"\x80\x02](");
    text(&mut out, "0");
    out.extend(b"e.");
    out.extend(6u64.to_le_bytes());
    out.extend(numbers());
    out
}

fn zip() -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    let records = [("a/data.pkl", pickle()), ("a/data/0", numbers())];
    for (name, data) in &records {
        let at = out.len() as u32;
        let mut head = [0u8; 26];
        head[14..18].copy_from_slice(&(data.len() as u32).to_le_bytes());
        head[18..22].copy_from_slice(&(data.len() as u32).to_le_bytes());
        head[22..24].copy_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(head);
        out.extend(name.as_bytes());
        out.extend(data);
        directory.extend(b"PK\x01\x02\0\0");
        directory.extend(head);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}

/// A file of its own, removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        File(std::env::temp_dir().join(format!("loralib-torch-{name}-{}", std::process::id())))
    }

    fn open(&self, bytes: &[u8]) -> Result<WeightFile> {
        std::fs::write(&self.0, bytes).unwrap();
        open(&self.0)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Opens a file and reads every tensor.
fn open(path: &Path) -> Result<WeightFile> {
    let file = WeightFile::open(path, false)?;
    if let WeightFile::Torch { file: torch, .. } = &file {
        for number in 0..torch.len() {
            file.tensor(number)?;
        }
    }
    Ok(file)
}

#[test]
fn both_forms_give_the_object_and_the_tensor_in_order() {
    for (name, bytes) in [("zip", zip()), ("legacy", legacy())] {
        let WeightFile::Torch { file, .. } = File::new(name).open(&bytes).unwrap() else {
            panic!("{name} is not seen as a torch file");
        };
        let object = r#"{"nodes":["l",[1,2.5,null],"o",["w",{"t":0},"n",{"n":0}]],"root":{"n":1}}"#;
        assert_eq!(file.object(), object);
        let (shape, _, window, in_file) = file.tensor(file.find("w").unwrap()).unwrap();
        let floats: Vec<f32> = window
            .bytes()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
            .collect();
        assert_eq!((shape, floats), (&[2, 3][..], vec![0., 2., 4., 1., 3., 5.]));
        assert!(!in_file, "a transposed view cannot be used where it lies");
    }
}

#[test]
fn every_byte_may_be_wrong_and_every_length_cut() {
    for (name, bytes) in [("zip-bytes", zip()), ("legacy-bytes", legacy())] {
        let file = File::new(name);
        let mut refused = 0;
        for at in 0..bytes.len() {
            for value in [0, b'.', 0xff] {
                let mut changed = bytes.clone();
                changed[at] = value;
                if let Err(error) = file.open(&changed) {
                    assert!(
                        matches!(error.code(), Code::Format | Code::Unsupported),
                        "byte {at} = {value}: {error}"
                    );
                    refused += 1;
                }
            }
            let error = file.open(&bytes[..at]).map(drop).expect_err("a cut file was opened");
            assert!(
                matches!(error.code(), Code::Format | Code::Unsupported),
                "cut at {at}: {error}"
            );
        }
        assert!(refused > bytes.len() / 2, "only {refused} changes were noticed");
    }
}
