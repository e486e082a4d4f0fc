//! How byte-level vocabularies split a text into words, by the names that GGUF files have for it (`tokenizer.ggml.pre`).
//!
//! Source: the rules are those of the models' own tokenizer.json; which name stands for which is llama.cpp's list.

use serde_json::{Value, json};

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How Qwen2 splits a text into words: GPT-2's rule, with one digit per word and separate line ends.
pub(super) const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const TEKKEN: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

const GPT4O: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a text is split before its bytes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// By GPT-2's rule.
    Gpt2,
    /// Digit by digit, and then by GPT-2's rule.
    Digits,
    /// By a pattern.
    Pattern(&'static str),
}

/// The words of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub split: Split,
    /// Text is composed first (NFC).
    pub composes: bool,
    /// A word that is a token stays whole, whatever the merges say.
    pub ignores_merges: bool,
    /// The begin token is added where a file says nothing of it.
    pub begins: bool,
}

const fn words(split: Split) -> Words {
    Words {
        split,
        composes: false,
        ignores_merges: false,
        begins: false,
    }
}

const QWEN2_WORDS: Words = Words {
    composes: true,
    ..words(Split::Pattern(QWEN2))
};
const LLAMA3_WORDS: Words = Words {
    ignores_merges: true,
    begins: true,
    ..words(Split::Pattern(LLAMA3))
};

/// The first name of each kind is the one that is written.
const NAMES: &[(&str, Words)] = &[
    ("gpt-2", words(Split::Gpt2)),
    ("phi-2", words(Split::Gpt2)),
    ("olmo", words(Split::Gpt2)),
    ("mpt", words(Split::Gpt2)),
    ("roberta-bpe", words(Split::Gpt2)),
    ("jina-v2-code", words(Split::Gpt2)),
    ("smollm", words(Split::Digits)),
    ("starcoder", words(Split::Digits)),
    ("refact", words(Split::Digits)),
    ("command-r", words(Split::Digits)),
    ("codeshell", words(Split::Digits)),
    ("exaone", words(Split::Digits)),
    ("qwen2", QWEN2_WORDS),
    ("deepseek-r1-qwen", QWEN2_WORDS),
    ("llama-bpe", LLAMA3_WORDS),
    ("llama3", LLAMA3_WORDS),
    ("llama-v3", LLAMA3_WORDS),
    ("falcon3", LLAMA3_WORDS),
    ("dbrx", words(Split::Pattern(LLAMA3))),
    ("smaug-bpe", words(Split::Pattern(LLAMA3))),
    (
        "tekken",
        Words {
            ignores_merges: true,
            begins: true,
            ..words(Split::Pattern(TEKKEN))
        },
    ),
    ("gpt-4o", words(Split::Pattern(GPT4O))),
];

/// The words that a name stands for.
pub(super) fn words_named(name: &str) -> Option<Words> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// The known names.
pub(super) fn word_names() -> String {
    let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

impl Words {
    /// The part of a tokenizer.json that splits a text so.
    pub fn pre_tokenizer(self) -> Value {
        let bytes = |regex: bool| json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": regex });
        let parts = match self.split {
            Split::Gpt2 => return bytes(true),
            Split::Digits => vec![json!({ "type": "Digits", "individual_digits": true }), bytes(true)],
            Split::Pattern(regex) => vec![
                json!({ "type": "Split", "pattern": { "Regex": regex }, "behavior": "Isolated", "invert": false }),
                bytes(false),
            ],
        };
        json!({ "type": "Sequence", "pretokenizers": parts })
    }
}

/// The name for the words of a tokenizer.json, if there is one.
pub(super) fn name_of(tokenizer: &Value) -> Option<&'static str> {
    let split = split_of(&tokenizer["pre_tokenizer"])?;
    let ignores_merges = tokenizer["model"]["ignore_merges"].as_bool().unwrap_or(false);
    let composes = match tokenizer["normalizer"]["type"].as_str() {
        None => false,
        Some("NFC") => true,
        Some(_) => return None,
    };
    let fits =
        |words: &Words| words.split == split && words.ignores_merges == ignores_merges && words.composes == composes;
    NAMES.iter().find(|(_, words)| fits(words)).map(|(name, _)| *name)
}

fn split_of(pre_tokenizer: &Value) -> Option<Split> {
    let parts = match pre_tokenizer["type"].as_str()? {
        "Sequence" => pre_tokenizer["pretokenizers"].as_array()?.iter().collect(),
        _ => vec![pre_tokenizer],
    };
    let (last, before) = parts.split_last()?;
    let is_plain = last["type"] == "ByteLevel" && last["add_prefix_space"] != true;
    let regex = last["use_regex"].as_bool().unwrap_or(true);
    match before {
        _ if !is_plain => None,
        [] if regex => Some(Split::Gpt2),
        [digits] if regex && digits["type"] == "Digits" && digits["individual_digits"] == true => Some(Split::Digits),
        [split] if !regex && split["type"] == "Split" && split["behavior"] == "Isolated" && split["invert"] != true => {
            let pattern = split["pattern"]["Regex"].as_str()?;
            [LLAMA3, QWEN2, TEKKEN, GPT4O]
                .into_iter()
                .find(|known| *known == pattern)
                .map(Split::Pattern)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_each_kind_comes_back() {
        for (name, words) in NAMES {
            let normalizer = if words.composes {
                json!({ "type": "NFC" })
            } else {
                Value::Null
            };
            let tokenizer = json!({ "pre_tokenizer": words.pre_tokenizer(), "normalizer": normalizer, "model": { "ignore_merges": words.ignores_merges } });
            let back = name_of(&tokenizer).and_then(words_named);
            assert!(back.is_some_and(|back| back.split == words.split), "{name}");
            let part: Result<tokenizers::PreTokenizerWrapper, _> = serde_json::from_value(words.pre_tokenizer());
            assert!(part.is_ok(), "{name}");
        }
    }
}
