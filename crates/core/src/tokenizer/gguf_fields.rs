//! A tokenizer as fields of a GGUF file.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Tokenizer;
use super::gguf::ROLE_IDS;
use super::words::name_of;
use crate::code::Code;
use crate::error::{Error, Result};

/// Types of tokens in the file.
const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;
const BYTE: i32 = 6;

impl Tokenizer {
    /// The fields that describe this tokenizer in a GGUF file, as JSON: `[{"key", "type", "value"}, …]`. The vocabulary is filled up to `size` tokens, the rows of the
    /// model's embedding.
    ///
    /// # Errors
    /// [`Code::Unsupported`] for a tokenizer that llama.cpp has no name for, or one with more tokens than `size`.
    pub fn gguf_fields(&self, size: usize) -> Result<String> {
        let text = serde_json::to_string(&self.inner).map_err(|e| unsupported(&e.to_string()))?;
        let json: Value = serde_json::from_str(&text).map_err(|e| unsupported(&e.to_string()))?;
        if json["model"]["type"] != "BPE" {
            return Err(unsupported(&format!("a model of kind {}", json["model"]["type"])));
        }
        let mut fields = Vec::new();
        let mut put = |key: &str, kind: &str, value: Value| {
            fields.push(json!({ "key": format!("tokenizer.ggml.{key}"), "type": kind, "value": value }));
        };
        let is_pieces = json["model"]["byte_fallback"] == true;
        let (tokens, mut kinds) = self.tokens(&json, size)?;
        if is_pieces {
            put("model", "string", json!("llama"));
            put("pre", "string", json!("default"));
            mark_bytes(&tokens, &mut kinds, &json);
        } else {
            let name =
                name_of(&json).ok_or_else(|| unsupported(&format!("the pre-tokenizer {}", json["pre_tokenizer"])))?;
            put("model", "string", json!("gpt2"));
            put("pre", "string", json!(name));
        }
        let merges = merges_of(&json)?;
        if is_pieces {
            put("scores", "f32[]", json!(scores(&tokens, &merges)));
            put("add_space_prefix", "bool", json!(has_prefix(&json)));
        } else {
            put(
                "merges",
                "string[]",
                merges.iter().map(|(a, b)| format!("{a} {b}")).collect(),
            );
        }
        put("tokens", "string[]", json!(tokens));
        put("token_type", "i32[]", json!(kinds));
        for (role, key) in ROLE_IDS {
            let token = self.roles.iter().find(|(name, _)| name == role).map(|(_, token)| token);
            if let Some(id) = token.and_then(|token| self.inner.token_to_id(token)) {
                put(key, "u32", json!(id));
            }
        }
        let (begins, ends) = self.adds(&json);
        put("add_bos_token", "bool", json!(begins));
        put("add_eos_token", "bool", json!(ends));
        Ok(Value::from(fields).to_string())
    }

    /// The tokens by id with their types; gaps and the rows behind them get names that no text has.
    fn tokens(&self, json: &Value, size: usize) -> Result<(Vec<String>, Vec<i32>)> {
        let vocab: BTreeMap<u32, String> = self
            .inner
            .get_vocab(true)
            .into_iter()
            .map(|(text, id)| (id, text))
            .collect();
        let count = vocab.last_key_value().map_or(0, |(id, _)| *id as usize + 1);
        if count > size {
            return Err(Error::new(
                Code::Unsupported,
                "the tokenizer has more tokens than the model has rows for them",
            )
            .expected(format!("at most {size} tokens"))
            .received(format!("{count}"))
            .hint("give the tokenizer of this model"));
        }
        let mut tokens: Vec<String> = (0..size).map(|id| format!("[PAD{id}]")).collect();
        let mut kinds = vec![UNUSED; size];
        for (id, text) in vocab {
            tokens[id as usize] = text;
            kinds[id as usize] = NORMAL;
        }
        for token in json["added_tokens"].as_array().into_iter().flatten() {
            let id = token["id"].as_u64().unwrap_or(u64::MAX) as usize;
            if let Some(kind) = kinds.get_mut(id) {
                *kind = if token["special"] == true {
                    CONTROL
                } else {
                    USER_DEFINED
                };
            }
        }
        Ok((tokens, kinds))
    }

    /// Whether a begin and an end token are added to a text.
    fn adds(&self, json: &Value) -> (bool, bool) {
        let processors = match json["post_processor"]["type"].as_str() {
            Some("Sequence") => json["post_processor"]["processors"]
                .as_array()
                .cloned()
                .unwrap_or_default(),
            _ => vec![json["post_processor"].clone()],
        };
        let template = processors.iter().find(|each| each["type"] == "TemplateProcessing");
        let single = template.and_then(|template| template["single"].as_array());
        let is_special = |piece: Option<&Value>| piece.is_some_and(|piece| piece.get("SpecialToken").is_some());
        let ends = |pieces: &Vec<Value>| (is_special(pieces.first()), is_special(pieces.last()));
        single.map_or((false, false), ends)
    }
}

fn merges_of(json: &Value) -> Result<Vec<(String, String)>> {
    let list = json["model"]["merges"]
        .as_array()
        .ok_or_else(|| unsupported("no merges"))?;
    let pair = |merge: &Value| -> Option<(String, String)> {
        if let Some(text) = merge.as_str() {
            return text.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        }
        Some((merge[0].as_str()?.to_owned(), merge[1].as_str()?.to_owned()))
    };
    let merges: Option<Vec<_>> = list.iter().map(pair).collect();
    merges.ok_or_else(|| unsupported("merges that are not pairs"))
}

/// The tokens of single bytes, and the one for unknown text.
fn mark_bytes(tokens: &[String], kinds: &mut [i32], json: &Value) {
    let unknown = json["model"]["unk_token"].as_str();
    for (text, kind) in tokens.iter().zip(kinds) {
        if Some(text.as_str()) == unknown {
            *kind = UNKNOWN;
        } else if text.len() == 6 && text.starts_with("<0x") && text.ends_with('>') {
            *kind = BYTE;
        }
    }
}

/// Minus the place of the first merge that makes a token: better merges come first. Tokens that no merge makes are never asked.
fn scores(tokens: &[String], merges: &[(String, String)]) -> Vec<f32> {
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, (a, b)) in merges.iter().enumerate() {
        places.entry(format!("{a}{b}")).or_insert(place);
    }
    tokens
        .iter()
        .map(|text| places.get(text).map_or(0.0, |&place| -(place as f32)))
        .collect()
}

/// Whether a text gets a space before its first word.
fn has_prefix(json: &Value) -> bool {
    let text = json["normalizer"].to_string() + &json["pre_tokenizer"].to_string();
    text.contains("\"Prepend\"")
        || text.contains("\"prepend_scheme\":\"first\"")
        || text.contains("\"prepend_scheme\":\"always\"")
}

fn unsupported(received: &str) -> Error {
    let shown: String = received.chars().take(300).collect();
    Error::new(Code::Unsupported, "this tokenizer cannot be written to a GGUF file")
        .expected("a byte-level BPE of GPT-2, SmolLM, Qwen2, Llama 3, Mistral Nemo or GPT-4o, or a BPE of SentencePiece with bytes")
        .received(shown)
        .hint("write the model without a tokenizer, or take the fields from a GGUF file of the same model")
}
