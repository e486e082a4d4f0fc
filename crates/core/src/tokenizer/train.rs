//! Training a byte-level BPE, and the files from which other programs read it.

use std::collections::HashSet;
use std::path::Path;

use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, ModelWrapper};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::write_atomic;
use crate::tokenizer::Tokenizer;
use crate::tokenizer::byte_level::byte_level;

/// Text is counted in pieces of about this size: the crate needs some 40 bytes for each byte of a piece.
const PIECE_BYTES: usize = 256 * 1024;

/// A pair must come twice before it becomes a token.
const MIN_FREQUENCY: u64 = 2;

/// Bytes come first in every vocabulary, so that any text can be encoded.
const BYTES: usize = 256;

/// Learns a byte-level BPE (GPT-2's rules) from texts: special tokens get the first ids, then the 256 bytes, then the
/// merges in the order of how often they come. The same texts give the same vocabulary.
///
/// Special tokens that occur in the texts are borders between documents and are not counted. With little text the
/// vocabulary stays smaller than asked for.
///
/// # Errors
/// [`Code::Option`] when `vocab_size` does not leave room for bytes and special tokens, or a special token is empty or
/// comes twice.
///
/// Source: Sennrich et al. 2016; byte alphabet and splitting rule of GPT-2 (Radford et al. 2019).
pub fn train_byte_level_bpe<I, S>(texts: I, vocab_size: usize, special_tokens: &[String]) -> Result<Tokenizer>
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    check_special_tokens(special_tokens)?;
    let least = BYTES + special_tokens.len();
    if vocab_size < least || u32::try_from(vocab_size).is_err() {
        return Err(Error::new(Code::Option, "the vocabulary size is not possible")
            .expected(format!(
                "at least {least}: {BYTES} bytes and {} special tokens",
                special_tokens.len()
            ))
            .received(vocab_size.to_string())
            .hint("ask for a larger vocabulary"));
    }
    let trainer = BpeTrainer::builder()
        .vocab_size(vocab_size)
        .min_frequency(MIN_FREQUENCY)
        .show_progress(false)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .special_tokens(
            special_tokens
                .iter()
                .map(|t| AddedToken::from(t.as_str(), true))
                .collect(),
        )
        .build();
    let mut tokenizer = byte_level(BPE::default());
    let pieces: Vec<String> = texts
        .into_iter()
        .flat_map(|text| {
            documents(text.as_ref(), special_tokens)
                .flat_map(pieces)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    tokenizer
        .train(&mut TrainerWrapper::BpeTrainer(trainer), pieces.into_iter())
        .map_err(|e| Error::new(Code::Internal, "the vocabulary could not be learned").source(e))?;
    Ok(Tokenizer::new(tokenizer))
}

impl Tokenizer {
    /// Writes tokenizer.json and, for a BPE, vocab.json and merges.txt, as Hugging Face's GPT-2 folders have them.
    ///
    /// # Errors
    /// [`Code::File`] as in [`write_atomic`].
    pub fn save_folder(&self, folder: &Path) -> Result<()> {
        self.save(&folder.join("tokenizer.json"))?;
        let ModelWrapper::BPE(model) = self.inner.get_model() else {
            return Ok(());
        };
        let mut vocab: Vec<(String, u32)> = model.get_vocab().into_iter().collect();
        vocab.sort_by_key(|(_, id)| *id);
        let rows: Vec<String> = vocab
            .iter()
            .map(|(token, id)| format!("{}:{id}", serde_json::Value::from(token.as_str())))
            .collect();
        write_atomic(&folder.join("vocab.json"), |out| {
            writeln!(out, "{{{}}}", rows.join(","))
        })?;
        let merges = merges_of(model)?;
        write_atomic(&folder.join("merges.txt"), |out| {
            writeln!(out, "#version: 0.2")?;
            merges.iter().try_for_each(|(a, b)| writeln!(out, "{a} {b}"))
        })
    }
}

/// The merges in their order; the crate gives them out only through its JSON.
fn merges_of(model: &BPE) -> Result<Vec<(String, String)>> {
    #[derive(serde::Deserialize)]
    struct Merges {
        merges: Vec<(String, String)>,
    }
    let json = serde_json::to_string(model).and_then(|json| serde_json::from_str::<Merges>(&json));
    json.map(|m| m.merges)
        .map_err(|e| Error::new(Code::Internal, "the model has no list of merges").source(e))
}

fn check_special_tokens(special_tokens: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    match special_tokens
        .iter()
        .find(|token| token.is_empty() || !seen.insert(token.as_str()))
    {
        None => Ok(()),
        Some(token) => Err(Error::new(Code::Option, "a special token is empty or comes twice")
            .expected("texts that differ")
            .received(format!("{token:?}"))
            .hint("give each special token once")),
    }
}

/// The text between the special tokens.
fn documents<'a>(text: &'a str, special_tokens: &[String]) -> impl Iterator<Item = &'a str> {
    let mut parts = vec![text];
    for token in special_tokens {
        parts = parts.into_iter().flat_map(|part| part.split(token.as_str())).collect();
    }
    parts.into_iter().filter(|part| !part.is_empty())
}

/// Pieces of at least `PIECE_BYTES`, cut where a line begins that does not begin with a space: the splitting rule never
/// joins what stands on both sides of such a border.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(border(rest));
        rest = after;
        Some(piece)
    })
}

fn border(text: &str) -> usize {
    let bytes = text.as_bytes();
    let starts_line = |&at: &usize| bytes[at - 1] == b'\n' && !bytes[at].is_ascii_whitespace();
    (PIECE_BYTES..text.len()).find(starts_line).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_joined_are_the_text_and_begin_with_a_word() {
        let line = "some words of a line\n    and an indented one\n\n";
        let text = line.repeat(2 * PIECE_BYTES / line.len());
        let parts: Vec<&str> = pieces(&text).collect();
        assert!(parts.len() == 2 && parts.concat() == text && parts.iter().all(|p| p.starts_with("some")));
        assert_eq!(pieces("é".repeat(PIECE_BYTES).as_str()).count(), 1);
        assert_eq!(pieces("").count(), 0);
    }

    #[test]
    fn special_tokens_are_borders() {
        let tokens = ["<a>".to_owned(), "<b>".to_owned()];
        assert_eq!(documents("x<a>y<b><a>z", &tokens).collect::<Vec<_>>(), ["x", "y", "z"]);
    }
}
