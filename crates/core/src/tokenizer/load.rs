//! Tokenizers from files: tokenizer.json, and which of the older ones a folder holds.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;
use crate::io::gguf::is_gguf;
use crate::tokenizer::Tokenizer;
use crate::tokenizer::config::FolderConfig;

/// Vocabulary and merges, under the names of Hugging Face and of OpenAI.
const VOCAB_AND_MERGES: [[&str; 2]; 2] = [["vocab.json", "merges.txt"], ["encoder.json", "vocab.bpe"]];

/// Names that SentencePiece models have: DeBERTa's, T5's, XLM-R's and Llama's.
const SENTENCEPIECE: [&str; 4] = [
    "spm.model",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
];

impl Tokenizer {
    /// Reads a tokenizer.json, or the tokenizer of a GGUF file. Truncation and padding in a tokenizer.json are ignored.
    ///
    /// # Errors
    /// [`Code::File`] when it cannot be read, [`Code::Format`] when it is no tokenizer, [`Code::Unsupported`] for an unknown kind in a GGUF file.
    pub fn from_file(path: &Path) -> Result<Self> {
        let mapped = FileBytes::map(path)?;
        if is_gguf(mapped.as_ref()) {
            return Tokenizer::from_gguf(mapped);
        }
        drop(mapped);
        Ok(Tokenizer::new(read_json(path)?))
    }

    /// Reads the tokenizer of a model folder: tokenizer.json, else the older files, with what `tokenizer_config.json` and the files beside it say.
    ///
    /// | files                                                                     | kind                                |
    /// |---------------------------------------------------------------------------|-------------------------------------|
    /// | `vocab.json` with `merges.txt`, `encoder.json` with `vocab.bpe`           | byte-level BPE                      |
    /// | `vocab.txt`                                                               | WordPiece                           |
    /// | `spm.model`, `spiece.model`, `sentencepiece.bpe.model`, `tokenizer.model` | SentencePiece, unigram or BPE       |
    ///
    /// # Errors
    /// [`Code::File`] when the folder holds none of them, [`Code::Unsupported`] for older files of a class whose rules are not known; else as for
    /// [`Tokenizer::from_file`].
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let find = |names: &[&str]| {
            let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
            paths.iter().all(|path| path.is_file()).then_some(paths)
        };
        let config = FolderConfig::read(folder)?;
        if let Some(file) = find(&["tokenizer.json"]) {
            let mut tokenizer = read_json(&file[0])?;
            let roles = config.add_tokens(&mut tokenizer, &[])?;
            return Ok(Tokenizer::with_roles(tokenizer, roles));
        }
        if let Some(pair) = VOCAB_AND_MERGES.iter().find_map(|names| find(names)) {
            return Tokenizer::from_byte_level_folder(&pair[0], &pair[1], &config);
        }
        if let Some(file) = find(&["vocab.txt"]) {
            return Tokenizer::from_wordpiece_folder(&file[0], &config);
        }
        match SENTENCEPIECE.iter().find_map(|name| find(&[name])) {
            Some(file) => Tokenizer::from_sentencepiece_folder(&file[0], &config),
            None => Err(
                Error::new(Code::File, format!("{} holds no tokenizer", folder.display()))
                    .expected("tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, vocab.txt, or a SentencePiece model such as spm.model")
                    .received(what_is_there(folder))
                    .hint("give the folder of the model, or the path of its tokenizer.json"),
            ),
        }
    }
}

fn read_json(path: &Path) -> Result<tokenizers::Tokenizer> {
    let bytes = FileBytes::read(path)?;
    guarded(path, || tokenizers::Tokenizer::from_bytes(bytes.as_ref()))
}

/// Runs the crate's own reader, which may panic on a vocabulary that does not fit its merges.
pub(super) fn guarded<T>(path: &Path, read: impl FnOnce() -> tokenizers::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|e| bad_tokenizer(path, &e.to_string())),
        Err(_) => Err(bad_tokenizer(
            path,
            "a vocabulary and merges that do not fit each other",
        )),
    }
}

pub(super) fn bad_tokenizer(path: &Path, received: &str) -> Error {
    Error::new(
        Code::Format,
        format!("{} is not a tokenizer that can be read", path.display()),
    )
    .expected("a tokenizer as the tokenizers library (0.23), GPT-2, BERT or SentencePiece writes it")
    .received(received)
    .hint("download the tokenizer files of the model again, all from one version")
}

pub(super) fn read_vocab(path: &Path) -> Result<HashMap<String, u32>> {
    let bytes = FileBytes::read(path)?;
    let vocab: HashMap<String, u32> =
        serde_json::from_slice(bytes.as_ref()).map_err(|e| bad_tokenizer(path, &e.to_string()))?;
    let mut ids: Vec<u32> = vocab.values().copied().collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(bad_tokenizer(path, &format!("two tokens with the id {}", pair[0]))),
        None => Ok(vocab),
    }
}

pub(super) fn read_merges(path: &Path) -> Result<Vec<(String, String)>> {
    let bytes = FileBytes::read(path)?;
    let text = std::str::from_utf8(bytes.as_ref()).map_err(|e| bad_tokenizer(path, &e.to_string()))?;
    let mut merges = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || number == 0 && line.starts_with("#version") {
            continue;
        }
        match line.split_once(' ') {
            Some((a, b)) if !a.is_empty() && !b.is_empty() && !b.contains(' ') => {
                merges.push((a.to_owned(), b.to_owned()))
            }
            _ => {
                return Err(bad_tokenizer(
                    path,
                    &format!("line {} does not hold two tokens: {line:?}", number + 1),
                ));
            }
        }
    }
    Ok(merges)
}

fn what_is_there(folder: &Path) -> String {
    let Ok(files) = std::fs::read_dir(folder) else {
        return "no such folder".to_owned();
    };
    let mut names: Vec<String> = files
        .flatten()
        .map(|f| f.file_name().display().to_string())
        .take(12)
        .collect();
    names.sort();
    if names.is_empty() {
        "an empty folder".to_owned()
    } else {
        names.join(", ")
    }
}
