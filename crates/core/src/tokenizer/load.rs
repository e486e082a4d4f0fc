//! Tokenizers from files: tokenizer.json, and GPT-2's vocabulary with its merges.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tokenizers::AddedToken;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;
use crate::tokenizer::Tokenizer;

/// GPT-2's only special token.
const END_OF_TEXT: &str = "<|endoftext|>";

/// Vocabulary and merges, under the names of Hugging Face and of OpenAI.
const VOCAB_AND_MERGES: [(&str, &str); 2] = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];

impl Tokenizer {
    /// Reads a tokenizer.json. Truncation and padding in it are ignored.
    ///
    /// # Errors
    /// [`Code::File`] when it cannot be read, [`Code::Format`] when it is no tokenizer.
    pub fn from_file(path: &Path) -> Result<Self> {
        let bytes = FileBytes::read(path)?;
        let tokenizer = guarded(path, || tokenizers::Tokenizer::from_bytes(bytes.as_ref()))?;
        Ok(Tokenizer::new(tokenizer))
    }

    /// Reads GPT-2's byte-level BPE from its vocabulary (`vocab.json` or `encoder.json`) and merges (`merges.txt` or
    /// `vocab.bpe`). `<|endoftext|>` becomes a special token where the vocabulary has it.
    ///
    /// # Errors
    /// As for [`Tokenizer::from_file`].
    pub fn from_vocab_and_merges(vocab: &Path, merges: &Path) -> Result<Self> {
        let vocab_map = read_vocab(vocab)?;
        let has_end = vocab_map.contains_key(END_OF_TEXT);
        let merge_pairs = read_merges(merges)?;
        let vocab_map: Vocab = vocab_map.into_iter().collect();
        let model = guarded(merges, || {
            BPE::builder().vocab_and_merges(vocab_map, merge_pairs).build()
        })?;
        let mut tokenizer = byte_level(model);
        if has_end {
            let added = tokenizer.add_special_tokens([AddedToken::from(END_OF_TEXT, true)]);
            added.map_err(|e| bad_tokenizer(vocab, &e.to_string()))?;
        }
        Ok(Tokenizer::new(tokenizer))
    }

    /// Reads the tokenizer of a model folder: tokenizer.json, else vocabulary and merges.
    ///
    /// # Errors
    /// [`Code::File`] when the folder holds neither; else as for [`Tokenizer::from_file`].
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let file = folder.join("tokenizer.json");
        if file.is_file() {
            return Tokenizer::from_file(&file);
        }
        let pair = VOCAB_AND_MERGES.map(|(vocab, merges)| (folder.join(vocab), folder.join(merges)));
        let found = |(vocab, merges): &(PathBuf, PathBuf)| vocab.is_file() && merges.is_file();
        match pair.iter().find(|pair| found(pair)) {
            Some((vocab, merges)) => Tokenizer::from_vocab_and_merges(vocab, merges),
            None => Err(
                Error::new(Code::File, format!("{} holds no tokenizer", folder.display()))
                    .expected("tokenizer.json, or vocab.json with merges.txt, or encoder.json with vocab.bpe")
                    .received(what_is_there(folder))
                    .hint("give the folder of the model, or the path of its tokenizer.json"),
            ),
        }
    }
}

/// A BPE model with GPT-2's rules around it.
pub(super) fn byte_level(model: BPE) -> tokenizers::Tokenizer {
    let rules = ByteLevel::default().add_prefix_space(false);
    let mut tokenizer = tokenizers::Tokenizer::new(model);
    tokenizer
        .with_pre_tokenizer(Some(rules))
        .with_post_processor(Some(rules.trim_offsets(false)))
        .with_decoder(Some(ByteLevel::default()));
    tokenizer
}

/// Runs the crate's own reader, which may panic on a vocabulary that does not fit its merges.
fn guarded<T>(path: &Path, read: impl FnOnce() -> tokenizers::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(result) => result.map_err(|e| bad_tokenizer(path, &e.to_string())),
        Err(_) => Err(bad_tokenizer(
            path,
            "a vocabulary and merges that do not fit each other",
        )),
    }
}

fn bad_tokenizer(path: &Path, received: &str) -> Error {
    Error::new(
        Code::Format,
        format!("{} is not a tokenizer that can be read", path.display()),
    )
    .expected("a tokenizer as the tokenizers library (0.23) or GPT-2 writes it")
    .received(received)
    .hint("download the tokenizer files of the model again, all from one version")
}

fn read_vocab(path: &Path) -> Result<HashMap<String, u32>> {
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

fn read_merges(path: &Path) -> Result<Vec<(String, String)>> {
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
