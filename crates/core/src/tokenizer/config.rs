//! The files beside a vocabulary: `tokenizer_config.json`, `special_tokens_map.json`, `added_tokens.json`, and the model's `config.json`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::io::FileBytes;

/// The roles of special tokens, in the order in which transformers adds those that a vocabulary lacks.
const ROLES: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

/// A special token that goes with a kind of tokenizer.
#[derive(Clone, Copy)]
pub(super) struct Role {
    /// One of [`ROLES`].
    pub name: &'static str,
    pub token: &'static str,
    /// A vocabulary that lacks it gets it.
    pub always: bool,
}

/// A [`Role`] whose token lies in the vocabulary.
pub(super) const fn role(name: &'static str, token: &'static str) -> Role {
    Role {
        name,
        token,
        always: false,
    }
}

/// The configuration of a tokenizer's folder; files that are not there say nothing.
#[derive(Default)]
pub(super) struct FolderConfig {
    config: Map<String, Value>,
    specials: Map<String, Value>,
    added: Map<String, Value>,
    model: Map<String, Value>,
    folder: PathBuf,
}

impl FolderConfig {
    /// Reads the files.
    ///
    /// # Errors
    /// [`Code::Format`] for one that is not a JSON object, [`Code::File`] for one that cannot be read.
    pub fn read(folder: &Path) -> Result<Self> {
        Ok(FolderConfig {
            config: read_object(&folder.join("tokenizer_config.json"))?,
            specials: read_object(&folder.join("special_tokens_map.json"))?,
            added: read_object(&folder.join("added_tokens.json"))?,
            model: read_object(&folder.join("config.json"))?,
            folder: folder.to_owned(),
        })
    }

    /// What a file says of its tokenizer itself.
    pub fn of_file(path: &Path, config: Map<String, Value>) -> Self {
        FolderConfig {
            config,
            folder: path.to_owned(),
            ..FolderConfig::default()
        }
    }

    /// The class in transformers that reads the folder, without `Fast`; none where a file names only the base class.
    pub fn class(&self) -> Option<&str> {
        let class = self.config.get("tokenizer_class")?.as_str()?;
        let class = class.strip_suffix("Fast").unwrap_or(class);
        (class != "PreTrainedTokenizer").then_some(class)
    }

    /// `model_type` of the model in the same folder.
    pub fn model_type(&self) -> Option<&str> {
        self.model.get("model_type")?.as_str()
    }

    /// A switch of `tokenizer_config.json`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.config.get(name)?.as_bool()
    }

    /// The token of a role, as the files name it or as `defaults` do.
    pub fn special(&self, name: &str, defaults: &[Role]) -> Option<AddedToken> {
        let stated = self.config.get(name).or_else(|| self.specials.get(name));
        match stated {
            Some(value) => special_token(value),
            None => defaults
                .iter()
                .find(|role| role.name == name)
                .map(|role| AddedToken::from(role.token, true)),
        }
    }

    /// Makes the special tokens of the files and of `defaults` known to a tokenizer. Gives the role and the text of each.
    ///
    /// # Errors
    /// [`Code::Format`] when a file gives a new token an id that is not the next one.
    pub fn add_tokens(
        &self,
        tokenizer: &mut tokenizers::Tokenizer,
        defaults: &[Role],
    ) -> Result<Vec<(String, String)>> {
        for (id, token) in self.numbered()? {
            self.add_numbered(tokenizer, id, token)?;
        }
        let mut roles = Vec::new();
        for name in ROLES {
            let Some(token) = self.special(name, defaults) else {
                continue;
            };
            let stated = self.config.contains_key(name) || self.specials.contains_key(name);
            let wanted = stated || defaults.iter().any(|role| role.name == name && role.always);
            if wanted || tokenizer.token_to_id(&token.content).is_some() {
                roles.push((name.to_owned(), token.content.clone()));
                self.add(tokenizer, token)?;
            }
        }
        for list in ["additional_special_tokens", "extra_special_tokens"] {
            let tokens = self.config.get(list).or_else(|| self.specials.get(list));
            for value in tokens.and_then(Value::as_array).into_iter().flatten() {
                if let Some(token) = special_token(value) {
                    self.add(tokenizer, token)?;
                }
            }
        }
        Ok(roles)
    }

    /// `added_tokens_decoder` and `added_tokens.json`, by id.
    fn numbered(&self) -> Result<Vec<(u32, AddedToken)>> {
        let mut tokens = Vec::new();
        let decoder = self.config.get("added_tokens_decoder").and_then(Value::as_object);
        for (id, value) in decoder.into_iter().flatten() {
            let token = added_token(value).ok_or_else(|| self.bad("added_tokens_decoder", value))?;
            tokens.push((id.parse().map_err(|_| self.bad("added_tokens_decoder", value))?, token));
        }
        for (text, id) in &self.added {
            let number = id.as_u64().and_then(|id| u32::try_from(id).ok());
            // The file says nothing of special tokens: those are found by their roles.
            let token = AddedToken::from(text.as_str(), false).normalized(false);
            tokens.push((number.ok_or_else(|| self.bad("added_tokens.json", id))?, token));
        }
        tokens.sort_by_key(|(id, _)| *id);
        Ok(tokens)
    }

    fn add_numbered(&self, tokenizer: &mut tokenizers::Tokenizer, id: u32, token: AddedToken) -> Result<()> {
        let text = token.content.clone();
        self.add(tokenizer, token)?;
        match tokenizer.token_to_id(&text) {
            Some(given) if given == id => Ok(()),
            given => Err(self.format(
                format!("the token {text:?} has another id than the files say"),
                format!("the id {id}"),
                given.map_or_else(|| "no id".to_owned(), |given| format!("the id {given}")),
            )),
        }
    }

    /// Adds a token, unless it is an added one already: what a tokenizer.json says of it counts.
    fn add(&self, tokenizer: &mut tokenizers::Tokenizer, token: AddedToken) -> Result<()> {
        let known = tokenizer
            .get_added_vocabulary()
            .get_vocab()
            .get(&token.content)
            .copied();
        let decoder = tokenizer.get_added_vocabulary().get_added_tokens_decoder();
        let is_known = known.is_some_and(|id| decoder.get(&id).is_some_and(|old| old.special || !token.special));
        if is_known {
            return Ok(());
        }
        let text = token.content.clone();
        let added = if token.special {
            tokenizer.add_special_tokens([token])
        } else {
            tokenizer.add_tokens([token])
        };
        added.map(|_| ()).map_err(|e| {
            self.format(
                format!("the token {text:?} cannot be added"),
                "a token".to_owned(),
                e.to_string(),
            )
        })
    }

    fn bad(&self, part: &str, value: &Value) -> Error {
        self.format(
            format!("{part} holds no tokens with their ids"),
            "tokens and whole numbers".to_owned(),
            value.to_string().chars().take(100).collect(),
        )
    }

    fn format(&self, what: String, expected: String, received: String) -> Error {
        Error::new(Code::Format, format!("{}: {what}", self.folder.display()))
            .expected(expected)
            .received(received)
            .hint("download the tokenizer files of the model again, all from one version")
    }
}

/// A special token as the files write it: a text, or an object with its rules.
fn special_token(value: &Value) -> Option<AddedToken> {
    match value {
        Value::String(text) if !text.is_empty() => Some(AddedToken::from(text.as_str(), true)),
        Value::Object(_) => added_token(value).map(|token| token.special(true)),
        _ => None,
    }
}

fn added_token(value: &Value) -> Option<AddedToken> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    let text = value.get("content")?.as_str().filter(|text| !text.is_empty())?;
    let special = flag("special").unwrap_or(false);
    Some(
        AddedToken::from(text, special)
            .single_word(flag("single_word").unwrap_or(false))
            .lstrip(flag("lstrip").unwrap_or(false))
            .rstrip(flag("rstrip").unwrap_or(false))
            .normalized(flag("normalized").unwrap_or(!special)),
    )
}

fn read_object(path: &Path) -> Result<Map<String, Value>> {
    if !path.is_file() {
        return Ok(Map::new());
    }
    let bytes = FileBytes::read(path)?;
    let text = bytes.as_ref().strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes.as_ref());
    let bad = |received: String| {
        Error::new(Code::Format, format!("{} is not usable", path.display()))
            .expected("a JSON object")
            .received(received)
            .hint("download the file again")
    };
    match serde_json::from_slice(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(bad("other JSON".to_owned())),
        Err(error) => Err(bad(error.to_string())),
    }
}
