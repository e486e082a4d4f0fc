//! SentencePiece models (`spm.model`, `tokenizer.model`, …) with the rules that the models of transformers put around them.
//!
//! Source: the rules of each model are those of transformers' convert_slow_tokenizer.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::{Precompiled, Sequence};
use tokenizers::{AddedToken, DecoderWrapper, ModelWrapper, NormalizerWrapper, PreTokenizerWrapper};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;
use crate::tokenizer::Tokenizer;
use crate::tokenizer::config::{FolderConfig, Role, role};
use crate::tokenizer::load::{bad_tokenizer, guarded};
use crate::tokenizer::parts::{begin_end_template, bert_template, part, template};
use crate::tokenizer::spm_file::{ModelKind, Piece, PieceKind, SpmFile};

/// What SentencePiece writes for a space.
const SPACE: char = '▁';

const DEBERTA_ROLES: [Role; 7] = [
    role("bos_token", "[CLS]"),
    role("eos_token", "[SEP]"),
    role("unk_token", "[UNK]"),
    role("sep_token", "[SEP]"),
    role("pad_token", "[PAD]"),
    role("cls_token", "[CLS]"),
    Role {
        name: "mask_token",
        token: "[MASK]",
        always: true,
    },
];
const LLAMA_ROLES: [Role; 3] = [
    role("bos_token", "<s>"),
    role("eos_token", "</s>"),
    role("unk_token", "<unk>"),
];
const GEMMA_ROLES: [Role; 4] = [
    role("bos_token", "<bos>"),
    role("eos_token", "<eos>"),
    role("unk_token", "<unk>"),
    role("pad_token", "<pad>"),
];
const XLM_ROBERTA_ROLES: [Role; 7] = [
    role("bos_token", "<s>"),
    role("eos_token", "</s>"),
    role("unk_token", "<unk>"),
    role("sep_token", "</s>"),
    role("pad_token", "<pad>"),
    role("cls_token", "<s>"),
    role("mask_token", "<mask>"),
];
const PLAIN_ROLES: [Role; 4] = [
    role("bos_token", "<s>"),
    role("eos_token", "</s>"),
    role("unk_token", "<unk>"),
    role("pad_token", "<pad>"),
];

#[derive(Clone, Copy, PartialEq)]
enum Rules {
    /// As SentencePiece itself does it.
    Plain,
    DebertaV2,
    Llama,
    Gemma,
    XlmRoberta,
}

impl Rules {
    /// By the class of the tokenizer, else by the model.
    fn of(config: &FolderConfig) -> Result<Self> {
        match config.class().or(config.model_type()) {
            Some("DebertaV2Tokenizer" | "deberta-v2") => Ok(Rules::DebertaV2),
            Some("LlamaTokenizer" | "CodeLlamaTokenizer" | "llama" | "mistral" | "mixtral" | "phi3") => {
                Ok(Rules::Llama)
            }
            Some("GemmaTokenizer" | "gemma" | "gemma2" | "gemma3" | "gemma3_text") => Ok(Rules::Gemma),
            Some("XLMRobertaTokenizer" | "xlm-roberta") => Ok(Rules::XlmRoberta),
            Some(other) => Err(unsupported(other)),
            None => Ok(Rules::Plain),
        }
    }

    fn roles(self) -> &'static [Role] {
        match self {
            Rules::Plain => &PLAIN_ROLES,
            Rules::DebertaV2 => &DEBERTA_ROLES,
            Rules::Llama => &LLAMA_ROLES,
            Rules::Gemma => &GEMMA_ROLES,
            Rules::XlmRoberta => &XLM_ROBERTA_ROLES,
        }
    }
}

impl Tokenizer {
    /// Reads a SentencePiece model, unigram or BPE, with the rules of the model that the folder's other files name.
    ///
    /// # Errors
    /// [`Code::Format`] when it is none, [`Code::Unsupported`] for models of words or characters and for classes with rules of their own.
    pub(super) fn from_sentencepiece_folder(path: &Path, config: &FolderConfig) -> Result<Self> {
        let rules = Rules::of(config)?;
        let bytes = FileBytes::read(path)?;
        let file = SpmFile::parse(bytes.as_ref()).map_err(|received| bad_tokenizer(path, &received))?;
        build(file, path, config, rules)
    }

    /// The tokenizer of pieces that a GGUF file holds, with Llama's or Gemma's rules.
    pub(super) fn from_pieces(file: SpmFile, path: &Path, config: &FolderConfig, is_gemma: bool) -> Result<Self> {
        build(file, path, config, if is_gemma { Rules::Gemma } else { Rules::Llama })
    }
}

fn build(mut file: SpmFile, path: &Path, config: &FolderConfig, rules: Rules) -> Result<Tokenizer> {
    rename_pieces(&mut file, rules);
    if file.kind == ModelKind::Other {
        return Err(unsupported("SentencePiece model of words or characters"));
    }
    let mut tokenizer = tokenizers::Tokenizer::new(guarded(path, || model(&file, rules))?);
    guarded(path, || surround(&mut tokenizer, &file, config, rules))?;
    let added = file.pieces.iter().filter_map(|piece| match piece.kind {
        PieceKind::Control => Some(AddedToken::from(piece.text.as_str(), true)),
        PieceKind::UserDefined => Some(AddedToken::from(piece.text.as_str(), false).normalized(false)),
        _ => None,
    });
    guarded(path, || tokenizer.add_tokens(added))?;
    let roles = config.add_tokens(&mut tokenizer, rules.roles())?;
    guarded(path, || finish(&mut tokenizer, config, rules))?;
    Ok(Tokenizer::with_roles(tokenizer, roles))
}

/// The vocabularies that transformers numbers differently from the file.
fn rename_pieces(file: &mut SpmFile, rules: Rules) {
    match rules {
        Rules::Gemma => {
            let has_tab = file.pieces.iter().any(|piece| piece.text == "\t");
            if let Some(tab) = file.pieces.iter_mut().find(|piece| piece.text == "<0x09>" && !has_tab) {
                tab.text = "\t".to_owned();
            }
        }
        Rules::XlmRoberta => {
            let special = |text: &str, kind: PieceKind| Piece {
                text: text.to_owned(),
                score: 0.0,
                kind,
            };
            let first = [
                ("<s>", PieceKind::Control),
                ("<pad>", PieceKind::Control),
                ("</s>", PieceKind::Control),
            ];
            let mut pieces: Vec<Piece> = first.into_iter().map(|(text, kind)| special(text, kind)).collect();
            pieces.push(special("<unk>", PieceKind::Unknown));
            pieces.extend(file.pieces.drain(..).skip(3));
            pieces.push(special("<mask>", PieceKind::Normal));
            file.pieces = pieces;
        }
        Rules::Plain | Rules::DebertaV2 | Rules::Llama => {}
    }
}

fn model(file: &SpmFile, rules: Rules) -> tokenizers::Result<ModelWrapper> {
    let fallback = file.byte_fallback || matches!(rules, Rules::Llama | Rules::Gemma);
    if file.kind == ModelKind::Unigram {
        let vocab = file
            .pieces
            .iter()
            .map(|p| (p.text.clone(), f64::from(p.score)))
            .collect();
        return Ok(Unigram::from(vocab, file.unknown(), fallback)?.into());
    }
    let numbers: HashMap<&str, u32> = file.pieces.iter().map(|p| p.text.as_str()).zip(0..).collect();
    if numbers.len() != file.pieces.len() {
        return Err("a piece that comes twice".into());
    }
    let merges = merges_of(file, &numbers);
    let vocab: Vocab = numbers.iter().map(|(text, id)| ((*text).to_owned(), *id)).collect();
    let mut builder = BPE::builder()
        .vocab_and_merges(vocab, merges)
        .fuse_unk(true)
        .byte_fallback(fallback);
    if let Some(unknown) = file.unknown() {
        builder = builder.unk_token(file.pieces[unknown].text.clone());
    }
    Ok(builder.build()?.into())
}

/// The merges of a BPE, best first. The file holds what comes out of them with a score: every way to cut a piece into two others is a merge.
///
/// Of merges with one score the one with the longer left part comes first, then the one with the longer right part, then the earlier piece: so runs of
/// spaces, whose pieces often share a score, are cut as SentencePiece cuts them.
fn merges_of(file: &SpmFile, numbers: &HashMap<&str, u32>) -> Vec<(String, String)> {
    let mut merges: Vec<Merge<'_>> = Vec::new();
    for piece in file.pieces.iter().filter(|piece| piece.kind == PieceKind::Normal) {
        let chars = piece.text.chars().count();
        for (before, (at, _)) in piece.text.char_indices().enumerate().skip(1) {
            let (left, right) = piece.text.split_at(at);
            if numbers.contains_key(left) && numbers.contains_key(right) {
                merges.push(Merge {
                    score: piece.score,
                    chars: (before, chars - before),
                    left,
                    right,
                });
            }
        }
    }
    // The sort is stable: the order of the pieces is kept.
    merges.sort_by(|x, y| y.score.total_cmp(&x.score).then(y.chars.cmp(&x.chars)));
    merges
        .into_iter()
        .map(|merge| (merge.left.to_owned(), merge.right.to_owned()))
        .collect()
}

/// A way to cut a piece into two others.
struct Merge<'a> {
    /// That of the piece.
    score: f32,
    /// Characters of the two parts.
    chars: (usize, usize),
    left: &'a str,
    right: &'a str,
}

/// How a text is normalised, split into words, and decoded.
fn surround(
    tokenizer: &mut tokenizers::Tokenizer,
    file: &SpmFile,
    config: &FolderConfig,
    rules: Rules,
) -> tokenizers::Result<()> {
    let prefix = config.flag("add_prefix_space").unwrap_or(file.add_dummy_prefix);
    let replace = |regex: &str, by: &str| json!({ "type": "Replace", "pattern": { "Regex": regex }, "content": by });
    let escape = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE });
    let strip = json!({ "type": "Strip", "strip_left": true, "strip_right": true });
    let scheme = |prefix_with: &'static str| if prefix { prefix_with } else { "never" };
    let metaspace = |scheme: &str, split: bool| json!({ "type": "Metaspace", "replacement": SPACE, "prepend_scheme": scheme, "split": split });
    let prepend = json!({ "type": "Prepend", "prepend": SPACE });
    let legacy = config.flag("legacy").unwrap_or(true);
    let (before, behind, words) = match rules {
        Rules::DebertaV2 => {
            let lower = config.flag("do_lower_case").unwrap_or(false);
            let punctuation = config.flag("split_by_punct").unwrap_or(false);
            let mut before = vec![strip];
            if lower {
                before.insert(0, json!({ "type": "Lowercase" }));
            }
            let mut words = vec![metaspace(scheme("always"), true)];
            if punctuation {
                words.insert(0, json!({ "type": "Punctuation", "behavior": "Isolated" }));
            }
            (before, vec![replace(" {2,}", " ")], words)
        }
        // Words without the spaces between them: the mark of a word's beginning then covers no character.
        Rules::XlmRoberta => {
            let words = vec![json!({ "type": "WhitespaceSplit" }), metaspace(scheme("always"), true)];
            (vec![], vec![], words)
        }
        Rules::Llama if legacy => {
            let before = if prefix { vec![prepend, escape] } else { vec![escape] };
            return set(tokenizer, Vec::new(), before, Vec::new(), fallback_decoder(prefix));
        }
        Rules::Llama => {
            let words = vec![metaspace(scheme("first"), false)];
            return set(tokenizer, Vec::new(), Vec::new(), words, fallback_decoder(prefix));
        }
        Rules::Gemma => return set(tokenizer, Vec::new(), vec![escape], Vec::new(), fallback_decoder(false)),
        Rules::Plain if file.remove_extra_whitespaces => {
            let behind = vec![strip, replace(" {2,}", " ")];
            (vec![], behind, vec![metaspace(scheme("always"), !crosses_words(file))])
        }
        // A text may begin with a space of its own, which Metaspace would take for the prefix.
        Rules::Plain => {
            let behind = if prefix { vec![prepend, escape] } else { vec![escape] };
            (vec![], behind, vec![])
        }
    };
    let decoder = if file.byte_fallback || words.is_empty() {
        fallback_decoder(prefix)
    } else {
        metaspace(scheme("always"), true)
    };
    let mut normalizers: Vec<NormalizerWrapper> = parts(before)?;
    if !file.charsmap.is_empty() {
        let table = Precompiled::from(&file.charsmap).map_err(|error| error.to_string())?;
        normalizers.push(table.into());
    }
    set(tokenizer, normalizers, behind, words, decoder)
}

fn set(
    tokenizer: &mut tokenizers::Tokenizer,
    mut normalizers: Vec<NormalizerWrapper>,
    further: Vec<Value>,
    words: Vec<Value>,
    decoder: Value,
) -> tokenizers::Result<()> {
    normalizers.extend(parts(further)?);
    if !normalizers.is_empty() {
        tokenizer.with_normalizer(Some(Sequence::new(normalizers)))?;
    }
    if !words.is_empty() {
        let words: PreTokenizerWrapper = part(json!({ "type": "Sequence", "pretokenizers": words }))?;
        tokenizer.with_pre_tokenizer(Some(words));
    }
    tokenizer.with_decoder(Some(part::<DecoderWrapper>(decoder)?));
    Ok(())
}

fn parts(values: Vec<Value>) -> tokenizers::Result<Vec<NormalizerWrapper>> {
    values.into_iter().map(part).collect()
}

/// Restores spaces, joins bytes, and removes the space before the first word.
fn fallback_decoder(prefix: bool) -> Value {
    let mut decoders = vec![
        json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    if prefix {
        decoders.push(json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 }));
    }
    json!({ "type": "Sequence", "decoders": decoders })
}

/// Whether a piece crosses the end of a word: then a text must not be split at its spaces.
fn crosses_words(file: &SpmFile) -> bool {
    let learned = |piece: &&Piece| piece.kind == PieceKind::Normal;
    let inner = |piece: &Piece| piece.text.char_indices().any(|(at, c)| c == SPACE && at > 0);
    file.pieces.iter().filter(learned).any(inner)
}

/// What a model adds around its texts.
fn finish(tokenizer: &mut tokenizers::Tokenizer, config: &FolderConfig, rules: Rules) -> tokenizers::Result<()> {
    let named = |name: &str| -> tokenizers::Result<String> {
        let token = config.special(name, rules.roles()).map(|token| token.content);
        Ok(token.ok_or_else(|| format!("there is no {name}"))?)
    };
    let processor = match rules {
        Rules::Plain => return Ok(()),
        Rules::DebertaV2 => bert_template(tokenizer, &named("cls_token")?, &named("sep_token")?)?,
        Rules::XlmRoberta => {
            let (cls, sep) = (named("cls_token")?, named("sep_token")?);
            let single = format!("{cls}:0 $A:0 {sep}:0");
            let pair = format!("{single} {sep}:0 $B:0 {sep}:0");
            template(tokenizer, &single, &pair)?
        }
        Rules::Llama | Rules::Gemma => {
            let asked = |flag: &str, by_default: bool, name: &str| {
                let wanted = config.flag(flag).unwrap_or(by_default);
                wanted.then(|| named(name)).transpose()
            };
            let begin = asked("add_bos_token", true, "bos_token")?;
            let end = asked("add_eos_token", false, "eos_token")?;
            begin_end_template(tokenizer, begin.as_deref(), end.as_deref())?
        }
    };
    tokenizer.with_post_processor(Some(processor));
    Ok(())
}

fn unsupported(class: &str) -> Error {
    Error::new(Code::Unsupported, format!("the SentencePiece file of a {class} is not supported"))
        .expected("a tokenizer.json, or the unigram or BPE of a DebertaV2Tokenizer, LlamaTokenizer, GemmaTokenizer or XLMRobertaTokenizer")
        .received(class)
        .hint("write its tokenizer.json with transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)")
}
