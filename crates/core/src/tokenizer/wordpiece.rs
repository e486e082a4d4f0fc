//! WordPiece from `vocab.txt`: BERT and its like.

use std::path::Path;

use serde_json::json;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{DecoderWrapper, PreTokenizerWrapper};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;
use crate::tokenizer::Tokenizer;
use crate::tokenizer::config::{FolderConfig, Role, role};
use crate::tokenizer::load::{bad_tokenizer, guarded};
use crate::tokenizer::parts::{bert_template, part};

const ROLES: [Role; 5] = [
    role("unk_token", "[UNK]"),
    role("sep_token", "[SEP]"),
    role("pad_token", "[PAD]"),
    role("cls_token", "[CLS]"),
    role("mask_token", "[MASK]"),
];

/// Classes of transformers with BERT's rules and template.
const CLASSES: [&str; 8] = [
    "BertTokenizer",
    "DistilBertTokenizer",
    "ElectraTokenizer",
    "MobileBertTokenizer",
    "ConvBertTokenizer",
    "LayoutLMTokenizer",
    "LxmertTokenizer",
    "SqueezeBertTokenizer",
];

/// Longer words are unknown, as in BERT's own code.
const MOST_CHARS: usize = 100;

impl Tokenizer {
    /// Reads a vocabulary of one token to a line, with the rules of `tokenizer_config.json`: `do_lower_case` (on unless it says otherwise),
    /// `strip_accents`, `tokenize_chinese_chars`.
    ///
    /// # Errors
    /// [`Code::Format`] when it lacks one of BERT's special tokens, [`Code::Unsupported`] for a class with other rules.
    pub(super) fn from_wordpiece_folder(path: &Path, config: &FolderConfig) -> Result<Self> {
        if let Some(other) = config.class().filter(|class| !CLASSES.contains(class)) {
            return Err(unsupported(path, other));
        }
        let special = |name: &str| {
            let token = config.special(name, &ROLES).map(|token| token.content);
            token.ok_or_else(|| bad_tokenizer(path, &format!("no {name}")))
        };
        let (unk, cls, sep) = (special("unk_token")?, special("cls_token")?, special("sep_token")?);
        let vocab = read_vocab(path)?;
        if let Some(missing) = [&unk, &cls, &sep].into_iter().find(|token| !vocab.contains_key(*token)) {
            return Err(bad_tokenizer(
                path,
                &format!("a vocabulary without the special token {missing}"),
            ));
        }
        let model = guarded(path, || {
            WordPiece::builder()
                .vocab(vocab)
                .unk_token(unk)
                .max_input_chars_per_word(MOST_CHARS)
                .build()
        })?;
        let mut tokenizer = tokenizers::Tokenizer::new(model);
        let normalizer = BertNormalizer::new(
            true,
            config.flag("tokenize_chinese_chars").unwrap_or(true),
            config.flag("strip_accents"),
            config.flag("do_lower_case").unwrap_or(true),
        );
        let roles = guarded(path, || {
            tokenizer.with_normalizer(Some(normalizer))?;
            let words: PreTokenizerWrapper = part(json!({ "type": "BertPreTokenizer" }))?;
            let decoder: DecoderWrapper = part(json!({ "type": "WordPiece", "prefix": "##", "cleanup": true }))?;
            tokenizer.with_pre_tokenizer(Some(words)).with_decoder(Some(decoder));
            let processor = bert_template(&tokenizer, &cls, &sep)?;
            tokenizer.with_post_processor(Some(processor));
            Ok(config.add_tokens(&mut tokenizer, &ROLES))
        })??;
        Ok(Tokenizer::with_roles(tokenizer, roles))
    }
}

fn read_vocab(path: &Path) -> Result<Vocab> {
    let bytes = FileBytes::read(path)?;
    let text = std::str::from_utf8(bytes.as_ref()).map_err(|e| bad_tokenizer(path, &e.to_string()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let number = |line: usize| u32::try_from(line).map_err(|_| bad_tokenizer(path, "more lines than ids"));
    text.lines()
        .enumerate()
        .map(|(line, token)| Ok((token.to_owned(), number(line)?)))
        .collect()
}

fn unsupported(path: &Path, class: &str) -> Error {
    Error::new(
        Code::Unsupported,
        format!("{}: the vocabulary of a {class} is not supported", path.display()),
    )
    .expected(format!("a tokenizer.json, or vocab.txt of a {}", CLASSES.join(", ")))
    .received(class)
    .hint("write its tokenizer.json with transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
}
