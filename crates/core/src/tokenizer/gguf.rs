//! The tokenizer in the metadata of a GGUF file.
//!
//! | `tokenizer.ggml.model` | kind                                                                          |
//! |------------------------|-------------------------------------------------------------------------------|
//! | `gpt2`                 | byte-level BPE; `tokenizer.ggml.pre` names how a text is split into words     |
//! | `llama`                | BPE of SentencePiece, whose merges follow from the scores; Llama 2's, Gemma's |

use std::path::Path;

use serde_json::{Map, Value, json};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::{AddedToken, NormalizerWrapper, PreTokenizerWrapper};

use super::Tokenizer;
use super::byte_level::byte_level;
use super::config::FolderConfig;
use super::load::{bad_tokenizer, guarded};
use super::parts::{begin_end_template, part};
use super::spm_file::{ModelKind, Piece, PieceKind, SpmFile};
use super::words::{word_names, words_named};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;
use crate::io::gguf::{Field, GgufFile};
use crate::storage::Bytes;

/// The special tokens by their roles, and the fields with their ids.
pub(super) const ROLE_IDS: [(&str, &str); 7] = [
    ("bos_token", "bos_token_id"),
    ("eos_token", "eos_token_id"),
    ("unk_token", "unknown_token_id"),
    ("sep_token", "seperator_token_id"),
    ("pad_token", "padding_token_id"),
    ("cls_token", "cls_token_id"),
    ("mask_token", "mask_token_id"),
];

impl Tokenizer {
    /// The tokenizer of a GGUF file.
    ///
    /// # Errors
    /// [`Code::Format`] when the file or its vocabulary is not usable, [`Code::Unsupported`] for a kind of tokenizer or a way to split words that is not known.
    pub(super) fn from_gguf(bytes: FileBytes) -> Result<Self> {
        let path = bytes.path().to_owned();
        let file = GgufFile::from_bytes(bytes)?;
        let fields = Fields {
            file: &file,
            path: &path,
        };
        let tokenizer = match fields.text("model") {
            Some("gpt2") => fields.byte_level(),
            Some("llama") => fields.sentencepiece(),
            other => Err(unsupported(&path, "model", other, "gpt2 or llama")),
        };
        // A file that has changed explains what is wrong with the tokenizer.
        file.bytes().check()?;
        tokenizer
    }
}

/// The fields of a file whose keys begin with `tokenizer.ggml.`.
struct Fields<'a> {
    file: &'a GgufFile,
    path: &'a Path,
}

impl<'a> Fields<'a> {
    fn bytes(&self) -> &'a [u8] {
        (**self.file.bytes()).as_ref()
    }

    fn field(&self, key: &str) -> Option<&'a Field> {
        self.file.header().field(&format!("tokenizer.ggml.{key}"))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.field(key)?.text(self.bytes())
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.field(key)?.flag(self.bytes())
    }

    fn numbers(&self, key: &str) -> Option<Vec<f64>> {
        self.field(key)?.numbers(self.bytes())
    }

    fn bad(&self, received: &str) -> Error {
        bad_tokenizer(self.path, received)
    }

    fn texts(&self, key: &str) -> Result<Vec<&'a str>> {
        let texts = self.field(key).and_then(|field| field.texts(self.bytes()));
        texts.ok_or_else(|| self.bad(&format!("no list of texts tokenizer.ggml.{key}")))
    }

    /// Kinds of the tokens; all are normal where a file has none.
    fn kinds(&self, count: usize) -> Result<Vec<PieceKind>> {
        let Some(numbers) = self.numbers("token_type") else {
            return Ok(vec![PieceKind::Normal; count]);
        };
        if numbers.len() != count {
            return Err(self.bad(&format!("{count} tokens with {} types", numbers.len())));
        }
        let kind = |number: f64| match number as i64 {
            2 => PieceKind::Unknown,
            3 => PieceKind::Control,
            4 => PieceKind::UserDefined,
            5 => PieceKind::Unused,
            6 => PieceKind::Byte,
            _ => PieceKind::Normal,
        };
        Ok(numbers.into_iter().map(kind).collect())
    }

    /// What `tokenizer_config.json` of a folder would say.
    fn config(&self, tokens: &[&str]) -> Result<FolderConfig> {
        let mut config = Map::new();
        for (role, key) in ROLE_IDS {
            let Some(id) = self.numbers(key).and_then(|numbers| numbers.first().copied()) else {
                continue;
            };
            let token = tokens.get(id as usize).filter(|_| id >= 0.0);
            let token =
                token.ok_or_else(|| self.bad(&format!("tokenizer.ggml.{key} {id}, with {} tokens", tokens.len())))?;
            config.insert(role.to_owned(), json!(token));
        }
        let flags = [
            ("add_bos_token", "add_bos_token"),
            ("add_eos_token", "add_eos_token"),
            ("add_prefix_space", "add_space_prefix"),
        ];
        for (name, key) in flags {
            if let Some(flag) = self.flag(key) {
                config.insert(name.to_owned(), Value::Bool(flag));
            }
        }
        Ok(FolderConfig::of_file(self.path, config))
    }

    fn byte_level(&self) -> Result<Tokenizer> {
        let name = self.text("pre");
        let words = name.and_then(words_named);
        let words = words.ok_or_else(|| unsupported(self.path, "pre", name, &word_names()))?;
        let tokens = self.texts("tokens")?;
        let kinds = self.kinds(tokens.len())?;
        let vocab: Vocab = tokens.iter().map(|text| (*text).to_owned()).zip(0..).collect();
        if vocab.len() != tokens.len() {
            return Err(self.bad("a token that comes twice"));
        }
        let merges: Option<Vec<(String, String)>> = self
            .texts("merges")?
            .iter()
            .map(|merge| merge.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())))
            .collect();
        let merges = merges.ok_or_else(|| self.bad("a merge that is not two tokens"))?;
        let model = guarded(self.path, || {
            BPE::builder()
                .vocab_and_merges(vocab, merges)
                .ignore_merges(words.ignores_merges)
                .build()
        })?;
        let mut tokenizer = byte_level(model);
        self.add_tokens(&mut tokenizer, &tokens, &kinds)?;
        let config = self.config(&tokens)?;
        let roles = config.add_tokens(&mut tokenizer, &[])?;
        guarded(self.path, || {
            let pre_tokenizer: PreTokenizerWrapper = part(words.pre_tokenizer())?;
            tokenizer.with_pre_tokenizer(Some(pre_tokenizer));
            if words.composes {
                let composes: NormalizerWrapper = part(json!({ "type": "NFC" }))?;
                tokenizer.with_normalizer(Some(composes))?;
            }
            let begins = config.flag("add_bos_token").unwrap_or(words.begins);
            let ends = config.flag("add_eos_token").unwrap_or(false);
            let token =
                |wanted: bool, role: &str| config.special(role, &[]).filter(|_| wanted).map(|token| token.content);
            let (begin, end) = (token(begins, "bos_token"), token(ends, "eos_token"));
            if begin.is_some() || end.is_some() {
                let processor = begin_end_template(&tokenizer, begin.as_deref(), end.as_deref())?;
                tokenizer.with_post_processor(Some(processor));
            }
            Ok(())
        })?;
        Ok(Tokenizer::with_roles(tokenizer, roles))
    }

    fn sentencepiece(&self) -> Result<Tokenizer> {
        let tokens = self.texts("tokens")?;
        let kinds = self.kinds(tokens.len())?;
        let scores = self.numbers("scores").filter(|scores| scores.len() == tokens.len());
        let scores = scores.ok_or_else(|| self.bad("no score for each token"))?;
        let pieces = tokens.iter().zip(&kinds).zip(scores);
        let file = SpmFile {
            pieces: pieces
                .map(|((text, kind), score)| Piece {
                    text: (*text).to_owned(),
                    score: score as f32,
                    kind: *kind,
                })
                .collect(),
            kind: ModelKind::Bpe,
            byte_fallback: true,
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: false,
        };
        let header = self.file.header();
        let architecture = header
            .field("general.architecture")
            .and_then(|field| field.text(self.bytes()));
        let is_gemma = architecture.is_some_and(|name| name.starts_with("gemma"));
        Tokenizer::from_pieces(file, self.path, &self.config(&tokens)?, is_gemma)
    }

    fn add_tokens(&self, tokenizer: &mut tokenizers::Tokenizer, tokens: &[&str], kinds: &[PieceKind]) -> Result<()> {
        let added = tokens.iter().zip(kinds).filter_map(|(text, kind)| match kind {
            PieceKind::Control | PieceKind::Unknown => Some(AddedToken::from(*text, true)),
            PieceKind::UserDefined => Some(AddedToken::from(*text, false).normalized(false)),
            _ => None,
        });
        let added: Vec<AddedToken> = added.collect();
        guarded(self.path, || tokenizer.add_tokens(added)).map(drop)
    }
}

fn unsupported(path: &Path, key: &str, received: Option<&str>, expected: &str) -> Error {
    let what = format!("{}: this kind of tokenizer is not supported", path.display());
    Error::new(Code::Unsupported, what)
        .expected(format!("tokenizer.ggml.{key}: {expected}"))
        .received(received.map_or_else(|| "no such field".to_owned(), |name| format!("{name:?}")))
        .hint("read the tokenizer.json of the original model instead: Tokenizer.fromFolder(folder)")
}
