//! Byte-level BPE from a vocabulary and its merges: the rules of GPT-2, RoBERTa and Qwen2 around it.

use std::path::Path;

use serde_json::json;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::tokenizer::config::{FolderConfig, Role, role};
use crate::tokenizer::load::{guarded, read_merges, read_vocab};
use crate::tokenizer::parts::{begin_end_template, part, special_id};
use crate::tokenizer::words::QWEN2;

const GPT2_ROLES: [Role; 3] = [
    role("bos_token", "<|endoftext|>"),
    role("eos_token", "<|endoftext|>"),
    role("unk_token", "<|endoftext|>"),
];
const ROBERTA_ROLES: [Role; 7] = [
    role("bos_token", "<s>"),
    role("eos_token", "</s>"),
    role("unk_token", "<unk>"),
    role("sep_token", "</s>"),
    role("pad_token", "<pad>"),
    role("cls_token", "<s>"),
    role("mask_token", "<mask>"),
];
const QWEN2_ROLES: [Role; 3] = [
    role("eos_token", "<|endoftext|>"),
    role("unk_token", "<|endoftext|>"),
    role("pad_token", "<|endoftext|>"),
];

#[derive(Clone, Copy)]
enum Rules {
    Gpt2,
    Roberta,
    Qwen2,
}

impl Rules {
    /// By the class of the tokenizer, else by the model.
    fn of(config: &FolderConfig) -> Result<Self> {
        match config.class() {
            Some("GPT2Tokenizer" | "CodeGenTokenizer") => Ok(Rules::Gpt2),
            Some("RobertaTokenizer" | "BartTokenizer" | "LongformerTokenizer" | "LEDTokenizer") => Ok(Rules::Roberta),
            Some("Qwen2Tokenizer") => Ok(Rules::Qwen2),
            Some(other) => Err(unsupported(other)),
            None => match config.model_type() {
                Some("roberta" | "bart" | "longformer" | "led") => Ok(Rules::Roberta),
                Some("qwen2" | "qwen3") => Ok(Rules::Qwen2),
                Some(other @ ("deberta" | "clip" | "blenderbot")) => Err(unsupported(other)),
                _ => Ok(Rules::Gpt2),
            },
        }
    }

    fn roles(self) -> &'static [Role] {
        match self {
            Rules::Gpt2 => &GPT2_ROLES,
            Rules::Roberta => &ROBERTA_ROLES,
            Rules::Qwen2 => &QWEN2_ROLES,
        }
    }
}

impl Tokenizer {
    /// Reads a byte-level BPE from its vocabulary (`vocab.json` or `encoder.json`) and merges (`merges.txt` or `vocab.bpe`), with GPT-2's rules.
    /// `<|endoftext|>` becomes a special token where the vocabulary has it.
    ///
    /// # Errors
    /// As for [`Tokenizer::from_file`].
    pub fn from_vocab_and_merges(vocab: &Path, merges: &Path) -> Result<Self> {
        read(vocab, merges, &FolderConfig::default(), Rules::Gpt2)
    }

    /// The same with the rules of the model that the folder's other files name.
    pub(super) fn from_byte_level_folder(vocab: &Path, merges: &Path, config: &FolderConfig) -> Result<Self> {
        read(vocab, merges, config, Rules::of(config)?)
    }
}

fn read(vocab: &Path, merges: &Path, config: &FolderConfig, rules: Rules) -> Result<Tokenizer> {
    let vocab_map: Vocab = read_vocab(vocab)?.into_iter().collect();
    let merge_pairs = read_merges(merges)?;
    let model = guarded(merges, || {
        BPE::builder().vocab_and_merges(vocab_map, merge_pairs).build()
    })?;
    let mut tokenizer = byte_level(model);
    let roles = config.add_tokens(&mut tokenizer, rules.roles())?;
    guarded(vocab, || surround(&mut tokenizer, config, rules))?;
    Ok(Tokenizer::with_roles(tokenizer, roles))
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

/// Replaces GPT-2's rules by a model's own.
fn surround(tokenizer: &mut tokenizers::Tokenizer, config: &FolderConfig, rules: Rules) -> tokenizers::Result<()> {
    let prefix = config.flag("add_prefix_space").unwrap_or(false);
    let roles = rules.roles();
    if prefix {
        tokenizer.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(true)));
    }
    let named = |name: &str| config.special(name, roles).map(|token| token.content);
    match rules {
        Rules::Gpt2 => {
            if config.flag("add_bos_token").unwrap_or(false) {
                let begin = named("bos_token");
                let processor = begin_end_template(tokenizer, begin.as_deref(), None)?;
                tokenizer.with_post_processor(Some(processor));
            }
        }
        Rules::Roberta => {
            let numbered = |name: &str| -> tokenizers::Result<(String, u32)> {
                let token = named(name).ok_or_else(|| format!("there is no {name}"))?;
                let id = special_id(tokenizer, &token)?;
                Ok((token, id))
            };
            let (sep, cls) = (numbered("sep_token")?, numbered("cls_token")?);
            let processor: PostProcessorWrapper = part(json!({
                "type": "RobertaProcessing", "sep": sep, "cls": cls, "trim_offsets": true, "add_prefix_space": prefix
            }))?;
            tokenizer.with_post_processor(Some(processor));
        }
        Rules::Qwen2 => {
            let normalizer: NormalizerWrapper = part(json!({ "type": "NFC" }))?;
            let words: PreTokenizerWrapper = part(json!({
                "type": "Sequence",
                "pretokenizers": [
                    { "type": "Split", "pattern": { "Regex": QWEN2 }, "behavior": "Isolated", "invert": false },
                    { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false },
                ],
            }))?;
            tokenizer.with_normalizer(Some(normalizer))?;
            tokenizer.with_pre_tokenizer(Some(words));
        }
    }
    Ok(())
}

fn unsupported(class: &str) -> Error {
    Error::new(
        Code::Unsupported,
        format!("vocabulary and merges of a {class} are not supported"),
    )
    .expected("a tokenizer.json, or vocabulary and merges of a GPT2Tokenizer, RobertaTokenizer or Qwen2Tokenizer")
    .received(class)
    .hint("write its tokenizer.json with transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
}
