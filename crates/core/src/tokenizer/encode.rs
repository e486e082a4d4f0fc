//! Text to token ids and back: the `tokenizers` crate behind the engine's errors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use rayon::prelude::*;
use tokenizers::{DecoderWrapper, Encoding, ModelWrapper};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::write_atomic;

/// Below this many bytes a batch is encoded on the caller's thread: waking others would take longer.
pub(super) const PARALLEL_BYTES: usize = 32 * 1024;

/// A vocabulary with its rules. Immutable and shared between threads.
pub struct Tokenizer {
    pub(super) inner: tokenizers::Tokenizer,
    /// The same, reading special tokens in the text as plain text; made when first asked for.
    pub(super) plain: OnceLock<tokenizers::Tokenizer>,
    /// What each special token is for, as its folder says: `("eos_token", "</s>")`.
    pub(super) roles: Vec<(String, String)>,
}

/// How text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Adds what the tokenizer's own template adds, such as a begin token. GPT-2's template adds nothing.
    pub add_special_tokens: bool,
    /// Reads special tokens that occur in the text, such as `<|endoftext|>`, as plain text. For text from strangers.
    pub special_as_text: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions {
            add_special_tokens: true,
            special_as_text: false,
        }
    }
}

/// Ids with the offsets in the text that they come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// First unit and one past the last, in UTF-16 code units as JavaScript counts; a token that holds only part of a
    /// character's bytes covers the whole character.
    pub offsets: Vec<(u32, u32)>,
    /// Whether the token is a special one.
    pub special: Vec<bool>,
}

impl Tokenizer {
    pub(crate) fn new(inner: tokenizers::Tokenizer) -> Self {
        Tokenizer::with_roles(inner, Vec::new())
    }

    pub(super) fn with_roles(mut inner: tokenizers::Tokenizer, roles: Vec<(String, String)>) -> Self {
        // A tokenizer.json may hold the truncation and padding of whoever saved it. This library truncates and pads itself.
        inner.with_padding(None);
        inner.with_truncation(None).expect("taking truncation away cannot fail");
        Tokenizer {
            inner,
            plain: OnceLock::new(),
            roles,
        }
    }

    /// Ids of a text.
    ///
    /// # Errors
    /// [`Code::Option`] when the vocabulary lacks a piece of the text and has no token for the unknown.
    pub fn encode(&self, text: &str, options: EncodeOptions) -> Result<Vec<u32>> {
        let rules = self.rules(options);
        let encoding = ruled(|| rules.encode_fast(text, options.add_special_tokens), encode_error)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Ids of a text with their offsets in it.
    ///
    /// # Errors
    /// As for [`Tokenizer::encode`].
    pub fn encode_with_offsets(&self, text: &str, options: EncodeOptions) -> Result<Encoded> {
        let rules = self.rules(options);
        let encoding = ruled(|| rules.encode(text, options.add_special_tokens), encode_error)?;
        Ok(Encoded {
            ids: encoding.get_ids().to_vec(),
            offsets: utf16_offsets(text, &encoding),
            special: encoding.get_ids().iter().map(|&id| self.is_special(id)).collect(),
        })
    }

    /// Ids of many texts, in their order; long batches run on the caller's rayon pool.
    ///
    /// # Errors
    /// As for [`Tokenizer::encode`], the first in the order of the texts.
    pub fn encode_batch<S: AsRef<str> + Sync>(&self, texts: &[S], options: EncodeOptions) -> Result<Vec<Vec<u32>>> {
        let bytes: usize = texts.iter().map(|t| t.as_ref().len()).sum();
        if bytes < PARALLEL_BYTES || texts.len() < 2 {
            return texts.iter().map(|t| self.encode(t.as_ref(), options)).collect();
        }
        crate::platform::lower_default_pool();
        let results: Vec<Result<Vec<u32>>> = texts.par_iter().map(|t| self.encode(t.as_ref(), options)).collect();
        results.into_iter().collect()
    }

    /// The text of ids. Bytes that are not UTF-8 become U+FFFD, as Python's `errors='replace'` does it.
    ///
    /// # Errors
    /// [`Code::Index`] for an id that the vocabulary lacks.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        if let Some(&id) = ids.iter().find(|&&id| self.id_to_token(id).is_none()) {
            return Err(self.unknown_id(id));
        }
        ruled(|| self.inner.decode(ids, skip_special), decode_error)
    }

    /// The id of a token as the vocabulary spells it.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token of an id as the vocabulary spells it; byte-level ones write a space as `Ġ`.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Whether the id is that of a special token, which `skip_special` leaves out.
    pub fn is_special(&self, id: u32) -> bool {
        let added = self.inner.get_added_vocabulary().get_added_tokens_decoder();
        added.get(&id).is_some_and(|token| token.special)
    }

    /// Special tokens and their ids, by id.
    pub fn special_tokens(&self) -> Vec<(String, u32)> {
        let added = self.inner.get_added_vocabulary().get_added_tokens_decoder();
        let mut tokens: Vec<(String, u32)> = added
            .iter()
            .filter(|(_, t)| t.special)
            .map(|(&id, t)| (t.content.clone(), id))
            .collect();
        tokens.sort_by_key(|(_, id)| *id);
        tokens
    }

    /// What each special token is for, by the names of transformers (`bos_token`, `pad_token`, …), as far as the files say.
    pub fn roles(&self) -> &[(String, String)] {
        &self.roles
    }

    /// Writes tokenizer.json.
    ///
    /// # Errors
    /// [`Code::File`] as in [`write_atomic`].
    pub fn save(&self, path: &Path) -> Result<()> {
        let json = self
            .inner
            .to_string(true)
            .map_err(|e| Error::new(Code::Internal, "the tokenizer has no JSON").source(e))?;
        write_atomic(path, |out| out.write_all(json.as_bytes()))
    }

    pub(super) fn rules(&self, options: EncodeOptions) -> &tokenizers::Tokenizer {
        if !options.special_as_text {
            return &self.inner;
        }
        self.plain.get_or_init(|| {
            let mut plain = self.inner.clone();
            plain.set_encode_special_tokens(true);
            if let Some(model) = self.model_without_specials() {
                plain.with_model(model);
            }
            plain
        })
    }

    /// A unigram has special tokens among its pieces and would find them in a text. Here they get names that no text can contain: spaces are escaped
    /// before the model sees them.
    fn model_without_specials(&self) -> Option<ModelWrapper> {
        let ModelWrapper::Unigram(model) = self.inner.get_model() else {
            return None;
        };
        let mut written = serde_json::to_value(model).expect("a model has a JSON form");
        for (_, id) in self.special_tokens() {
            if let Some(piece) = written["vocab"].get_mut(id as usize) {
                piece[0] = format!(" {id} ").into();
            }
        }
        Some(serde_json::from_value(written).expect("what a model wrote is a model"))
    }

    pub(super) fn unknown_id(&self, id: u32) -> Error {
        Error::new(Code::Index, format!("the id {id} is not in the vocabulary"))
            .expected(format!("ids of its {} tokens", self.vocab_size()))
            .received(id.to_string())
            .hint("use the tokenizer that belongs to the model")
    }

    pub(super) fn is_byte_level(&self) -> bool {
        matches!(self.inner.get_decoder(), Some(DecoderWrapper::ByteLevel(_)))
    }
}

pub(super) fn encode_error(error: tokenizers::Error) -> Error {
    Error::new(Code::Option, "the text cannot be encoded with this vocabulary")
        .received(error.to_string())
        .hint("use a tokenizer whose vocabulary covers this text")
        .expected("a text of tokens that the vocabulary has")
}

fn decode_error(error: tokenizers::Error) -> Error {
    Error::new(Code::Format, "the ids cannot be decoded with this tokenizer")
        .expected("a decoder that takes every token of the vocabulary")
        .received(error.to_string())
        .hint(DAMAGED)
}

const DAMAGED: &str = "download the tokenizer files of the model again, all from one version";

/// Runs rules that came from a file. The crate panics where they ask for what cannot be.
pub(super) fn ruled<T>(
    run: impl FnOnce() -> tokenizers::Result<T>,
    failed: fn(tokenizers::Error) -> Error,
) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(failed),
        Err(_) => Err(Error::new(Code::Format, "the rules of this tokenizer fail")
            .expected("rules that hold for every text")
            .received("a panic of the tokenizers crate")
            .hint(DAMAGED)),
    }
}

/// The encoding's byte offsets as UTF-16 code units.
fn utf16_offsets(text: &str, encoding: &Encoding) -> Vec<(u32, u32)> {
    let units = Utf16::new(text);
    encoding
        .get_offsets()
        .iter()
        .map(|&offset| units.range(offset))
        .collect()
}

/// Offsets of a text in UTF-16 code units, by its bytes.
pub(super) struct Utf16 {
    /// Units before each byte; bytes inside a character count as its start.
    units: Vec<u32>,
    /// One past the character that each byte lies in, or where the byte is its first: the byte itself.
    ends: Vec<u32>,
}

impl Utf16 {
    pub(super) fn new(text: &str) -> Self {
        let mut units = Vec::with_capacity(text.len() + 1);
        let mut ends = Vec::with_capacity(text.len() + 1);
        let mut count = 0u32;
        for c in text.chars() {
            units.extend(std::iter::repeat_n(count, c.len_utf8()));
            ends.push(count);
            count += c.len_utf16() as u32;
            ends.extend(std::iter::repeat_n(count, c.len_utf8() - 1));
        }
        units.push(count);
        ends.push(count);
        Utf16 { units, ends }
    }

    /// A range of bytes; part of a character covers the whole of it.
    pub(super) fn range(&self, (start, end): (usize, usize)) -> (u32, u32) {
        let last = self.units.len() - 1;
        (self.units[start.min(last)], self.ends[end.min(last)])
    }
}
