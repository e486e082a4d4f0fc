//! Parts of tokenizers, as a tokenizer.json writes them.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokenizers::{PostProcessorWrapper, Tokenizer};

/// A part from its JSON.
pub(super) fn part<T: DeserializeOwned>(value: Value) -> tokenizers::Result<T> {
    Ok(serde_json::from_value(value)?)
}

/// The id of a special token.
///
/// # Errors
/// When the vocabulary lacks it.
pub(super) fn special_id(tokenizer: &Tokenizer, token: &str) -> tokenizers::Result<u32> {
    let id = tokenizer.token_to_id(token);
    Ok(id.ok_or_else(|| format!("the vocabulary lacks the special token {token}"))?)
}

/// What a model adds around one text and around two: words of `$A`, `$B` and special tokens, each with the type of its tokens (`[CLS]:0 $A:0 [SEP]:0`).
///
/// # Errors
/// When the vocabulary lacks one of the tokens.
pub(super) fn template(tokenizer: &Tokenizer, single: &str, pair: &str) -> tokenizers::Result<PostProcessorWrapper> {
    let mut tokens = Map::new();
    let mut pieces = |text: &str| -> tokenizers::Result<Vec<Value>> {
        text.split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| -> tokenizers::Result<Value> {
                let (name, kind) = word.rsplit_once(':').ok_or("a piece of a template has no type")?;
                let kind: u32 = kind.parse()?;
                if matches!(name, "$A" | "$B") {
                    return Ok(json!({ "Sequence": { "id": &name[1..], "type_id": kind } }));
                }
                let id = special_id(tokenizer, name)?;
                tokens.insert(name.to_owned(), json!({ "id": name, "ids": [id], "tokens": [name] }));
                Ok(json!({ "SpecialToken": { "id": name, "type_id": kind } }))
            })
            .collect()
    };
    let (single, pair) = (pieces(single)?, pieces(pair)?);
    part(json!({ "type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens }))
}

/// BERT's: `[CLS] A [SEP] B [SEP]`, the second text with tokens of type 1.
pub(super) fn bert_template(tokenizer: &Tokenizer, cls: &str, sep: &str) -> tokenizers::Result<PostProcessorWrapper> {
    let single = format!("{cls}:0 $A:0 {sep}:0");
    let pair = format!("{single} $B:1 {sep}:1");
    template(tokenizer, &single, &pair)
}

/// A begin token before each text and an end token behind it, where they are asked for.
pub(super) fn begin_end_template(
    tokenizer: &Tokenizer,
    begin: Option<&str>,
    end: Option<&str>,
) -> tokenizers::Result<PostProcessorWrapper> {
    let text = |name: &str, kind: u32| {
        let words = [begin, Some(name), end].into_iter().flatten();
        words.map(|word| format!("{word}:{kind}")).collect::<Vec<_>>().join(" ")
    };
    let single = text("$A", 0);
    template(tokenizer, &single, &format!("{single} {}", text("$B", 1)))
}
