//! The readers of files from strangers, each as a function of bytes: what is fuzzed (`crates/fuzz`), and what `tests/corpus.rs` runs over the
//! kept inputs. A reader may refuse what it gets, with an error that names the file; what it accepts must hold together. Everything else is a panic.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::code::Code;
use engine::error::{Error, Result};
use engine::io::{FileTensor, SafetensorsFile, ShardedFile, WeightFile, Weights};
use engine::tokenizer::{DecodeStream, EncodeOptions, Tokenizer};

/// Reads some bytes in a folder of its own.
pub type Reader = fn(&[u8], &Path);

/// The readers by name; the folders of the corpus have the same names.
pub const READERS: [(&str, Reader); 9] = [
    ("safetensors", safetensors),
    ("torch", torch),
    ("torch-legacy", torch),
    ("pickle", pickle),
    ("index", index),
    ("tokenizer-json", tokenizer_json),
    ("tokenizer-bpe", tokenizer_bpe),
    ("tokenizer-wordpiece", tokenizer_wordpiece),
    ("tokenizer-sentencepiece", tokenizer_sentencepiece),
];

fn safetensors(bytes: &[u8], folder: &Path) {
    let path = write(folder, "model.safetensors", bytes);
    let file = match SafetensorsFile::read(&path) {
        Ok(file) => file,
        Err(error) => return refused(&error, "model.safetensors"),
    };
    // The format's own crate is less strict: what is read here, it reads, unless a dtype is younger than it.
    let theirs = safetensors::SafeTensors::deserialize(bytes).expect("a file that the format's crate refuses");
    assert_eq!(theirs.len(), file.header().entries.len());
    for entry in &file.header().entries {
        let theirs = theirs
            .tensor(&entry.name)
            .expect("a tensor that the format's crate does not find");
        assert_eq!(theirs.shape(), entry.shape);
        assert_eq!(bytes.get(entry.begin..entry.end), Some(theirs.data()));
        match file.tensor(entry) {
            Ok(raw) => assert_eq!(raw.bytes.len(), raw.shape.iter().product::<usize>() * raw.dtype.size()),
            Err(error) => refused(&error, "model.safetensors"),
        }
    }
}

/// Any weight file, told by its content; an index beside no shards is one of them.
fn torch(bytes: &[u8], folder: &Path) {
    let path = write(folder, "model.pt", bytes);
    for mapped in [false, true] {
        match Weights::open(&path, mapped) {
            Ok(weights) => whole(&weights),
            Err(error) => refused(&error, "model.pt"),
        }
    }
}

/// The bytes are the pickle of an archive, beside three storages of 64 bytes: so a fuzzer need not keep the archive whole.
fn pickle(bytes: &[u8], folder: &Path) {
    let storage: Vec<u8> = (0..64).map(|at| at % 2).collect();
    let archive = zip(&[
        ("a/data.pkl", bytes),
        ("a/byteorder", b"little"),
        ("a/data/0", &storage),
        ("a/data/1", &storage),
        ("a/data/2", &storage),
    ]);
    torch(&archive, folder);
}

/// An index beside two whole shards.
fn index(bytes: &[u8], folder: &Path) {
    for (name, tensor) in [("one.safetensors", "a"), ("two.safetensors", "b")] {
        let header = format!(r#"{{"{tensor}":{{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}}}"#);
        let shard = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[1, 2]].concat();
        write(folder, name, &shard);
    }
    let path = write(folder, "index.json", bytes);
    match ShardedFile::open(&path, false) {
        Ok(sharded) => {
            assert!(
                sharded
                    .shards()
                    .iter()
                    .all(|shard| shard.path().parent() == Some(folder))
            );
            for (_, shard, number) in sharded.entries() {
                tensor_is_whole(&shard.tensor(number).expect("a tensor of a whole shard"));
            }
        }
        Err(error) => refused(&error, ""),
    }
}

fn tokenizer_json(bytes: &[u8], folder: &Path) {
    let path = write(folder, "tokenizer.json", bytes);
    tokenizer(Tokenizer::from_file(&path), "tokenizer.json");
}

/// Vocabulary, merges, `tokenizer_config.json` and `added_tokens.json`, separated by bytes of 255, which no text holds.
fn tokenizer_bpe(bytes: &[u8], folder: &Path) {
    tokenizer_folder(
        bytes,
        folder,
        &["vocab.json", "merges.txt", "tokenizer_config.json", "added_tokens.json"],
    );
}

fn tokenizer_wordpiece(bytes: &[u8], folder: &Path) {
    tokenizer_folder(
        bytes,
        folder,
        &["vocab.txt", "tokenizer_config.json", "special_tokens_map.json"],
    );
}

/// The configuration first: a model may hold the separator.
fn tokenizer_sentencepiece(bytes: &[u8], folder: &Path) {
    tokenizer_folder(bytes, folder, &["tokenizer_config.json", "spm.model"]);
}

fn tokenizer_folder(bytes: &[u8], folder: &Path, names: &[&str]) {
    let mut parts = bytes.splitn(names.len(), |byte| *byte == 255);
    for name in names {
        match parts.next() {
            Some(part) => drop(write(folder, name, part)),
            None => drop(std::fs::remove_file(folder.join(name))),
        }
    }
    let shown = folder.file_name().unwrap_or_default().display().to_string();
    tokenizer(Tokenizer::from_folder(folder), &shown);
}

/// Texts with spaces, digits, accents, scripts without spaces, special tokens, and what is no text.
const TEXTS: [&str; 4] = [
    "Hello, world! It's 2024 and I've  got\ttwo\n\nlines: naïve café.",
    "中文字符 🙂👩‍👩‍👧 <s>a</s> <|endoftext|> [CLS] [MASK]",
    "\u{0}\u{fffd}\u{202e}▁▁ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "",
];

/// A tokenizer that was accepted encodes and decodes, or says why it cannot.
fn tokenizer(read: Result<Tokenizer>, name: &str) {
    let tokenizer = match read {
        Ok(tokenizer) => Arc::new(tokenizer),
        Err(error) => return refused(&error, name),
    };
    let codes = [Code::Option, Code::Index, Code::Format, Code::Unsupported];
    let fails = |error: Error| assert!(codes.contains(&error.code()), "{error}");
    for (text, special_as_text) in TEXTS.iter().flat_map(|text| [(text, false), (text, true)]) {
        let options = EncodeOptions {
            add_special_tokens: true,
            special_as_text,
        };
        let ids = match tokenizer.encode_with_offsets(text, options) {
            Ok(encoded) => {
                let units = text.encode_utf16().count() as u32;
                assert!(encoded.offsets.iter().all(|&(from, to)| from <= to && to <= units));
                assert_eq!(encoded.ids.len(), encoded.offsets.len());
                encoded.ids
            }
            Err(error) => {
                fails(error);
                continue;
            }
        };
        tokenizer.decode(&ids, special_as_text).map_or_else(&fails, drop);
        let mut stream = DecodeStream::new(Arc::clone(&tokenizer), special_as_text);
        for &id in ids.iter().take(64) {
            stream.push(id).map_or_else(&fails, drop);
        }
        stream.finish().map_or_else(&fails, drop);
    }
    assert!(tokenizer.special_tokens().len() <= tokenizer.vocab_size());
}

/// The object is JSON, and each of its tensors can be read.
fn whole(weights: &Weights) {
    let object: serde_json::Value = serde_json::from_str(&weights.object()).expect("an object that is no JSON");
    assert!(object["nodes"].is_array());
    let number = |number| match weights.tensor(number) {
        Ok(tensor) => {
            tensor_is_whole(&tensor);
            true
        }
        Err(error) => {
            assert!(matches!(error.code(), Code::Format | Code::Internal), "{error}");
            error.code() == Code::Format
        }
    };
    let read = (0..).take_while(|&each| number(each)).count();
    if let Weights::File(WeightFile::Torch { file, .. }) = weights {
        assert_eq!(read, file.len());
        assert!(file.names().all(|name| file.find(name).is_some_and(|at| at < read)));
    }
}

fn tensor_is_whole(tensor: &FileTensor) {
    let numel: usize = tensor.shape.iter().product();
    assert_eq!(tensor.window.bytes().len(), numel * tensor.dtype.size());
}

/// An error of a file says which, and what was expected or how to mend it.
fn refused(error: &Error, name: &str) {
    let codes = [Code::Format, Code::Unsupported, Code::File];
    assert!(codes.contains(&error.code()), "{error}");
    let text = error.to_string();
    assert!(text.contains(name), "an error that does not name the file: {text}");
    assert!(text.contains("expected") || text.contains("hint"), "{text}");
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a folder that can be written");
    path
}

/// An archive of records that are stored as they are.
fn zip(records: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    let sizes = |name: &str, bytes: &[u8]| {
        let size = (bytes.len() as u32).to_le_bytes();
        [&[0; 4][..], &size, &size, &(name.len() as u16).to_le_bytes(), &[0, 0]].concat()
    };
    for (name, bytes) in records {
        let at = file.len() as u32;
        file.extend([b"PK\x03\x04", &[0; 10][..], &sizes(name, bytes), name.as_bytes(), bytes].concat());
        directory.extend(
            [
                b"PK\x01\x02",
                &[0; 12][..],
                &sizes(name, bytes),
                &[0; 10],
                &at.to_le_bytes(),
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let (count, size, at) = (records.len() as u16, directory.len() as u32, file.len() as u32);
    let counts = [count.to_le_bytes(), count.to_le_bytes()].concat();
    [
        &file[..],
        &directory,
        b"PK\x05\x06",
        &[0; 4],
        &counts,
        &size.to_le_bytes(),
        &at.to_le_bytes(),
        &[0, 0],
    ]
    .concat()
}
