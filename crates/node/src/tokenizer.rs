//! Tokenizers across N-API: conversions only. Long work runs on libuv's pool, where a panic would end the process, so
//! each task catches its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use engine::code::Code;
use engine::error::Error;
use engine::tokenizer::{DecodeStream, EncodeOptions, Tokenizer, train_byte_level_bpe};
use napi::ScopedTask;
use napi::bindgen_prelude::{AsyncTask, Env, Result, Task, Uint32ArraySlice};
use napi_derive::napi;

use crate::error::to_napi;

/// A vocabulary with its rules; immutable.
#[napi]
pub struct NativeTokenizer {
    pub(crate) inner: Arc<Tokenizer>,
}

/// Ids with their offsets in the text.
#[napi(object)]
pub struct NativeEncoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// First unit and one past the last of each token, one after the other, in UTF-16 code units.
    pub offsets: Vec<u32>,
    /// Whether the token is a special one.
    pub special: Vec<bool>,
}

#[napi]
impl NativeTokenizer {
    /// Reads a tokenizer.json.
    #[napi(factory, catch_unwind)]
    pub fn from_file(path: String) -> Result<Self> {
        wrap(Tokenizer::from_file(Path::new(&path)))
    }

    /// Reads the tokenizer of a model folder.
    #[napi(factory, catch_unwind)]
    pub fn from_folder(folder: String) -> Result<Self> {
        wrap(Tokenizer::from_folder(Path::new(&folder)))
    }

    /// Reads GPT-2's vocabulary and merges.
    #[napi(factory, catch_unwind)]
    pub fn from_vocab_and_merges(vocab: String, merges: String) -> Result<Self> {
        wrap(Tokenizer::from_vocab_and_merges(Path::new(&vocab), Path::new(&merges)))
    }

    /// The same off the main thread: of one path to a file or a folder, or of vocabulary and merges.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeTokenizer>")]
    pub fn open(paths: Vec<String>, is_folder: bool) -> AsyncTask<OpenTask> {
        AsyncTask::new(OpenTask { paths, is_folder })
    }

    /// Learns a byte-level BPE.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeTokenizer>")]
    pub fn train(texts: Vec<String>, vocab_size: u32, special_tokens: Vec<String>) -> AsyncTask<TrainTask> {
        AsyncTask::new(TrainTask {
            texts,
            vocab_size: vocab_size as usize,
            special_tokens,
        })
    }

    /// Ids of a short text, synchronously.
    #[napi(catch_unwind)]
    pub fn encode(&self, text: String, add_special_tokens: bool, special_as_text: bool) -> Result<Vec<u32>> {
        self.inner
            .encode(
                &text,
                EncodeOptions {
                    add_special_tokens,
                    special_as_text,
                },
            )
            .map_err(to_napi)
    }

    /// Ids of a short text with their offsets, synchronously.
    #[napi(catch_unwind)]
    pub fn encode_with_offsets(
        &self,
        text: String,
        add_special_tokens: bool,
        special_as_text: bool,
    ) -> Result<NativeEncoded> {
        let options = EncodeOptions {
            add_special_tokens,
            special_as_text,
        };
        let encoded = self.inner.encode_with_offsets(&text, options).map_err(to_napi)?;
        let offsets = encoded
            .offsets
            .into_iter()
            .flat_map(|(start, end)| [start, end])
            .collect();
        Ok(NativeEncoded {
            ids: encoded.ids,
            offsets,
            special: encoded.special,
        })
    }

    /// Ids of each text, off the main thread.
    #[napi(catch_unwind, ts_return_type = "Promise<Uint32Array[]>")]
    pub fn encode_batch(
        &self,
        texts: Vec<String>,
        add_special_tokens: bool,
        special_as_text: bool,
    ) -> AsyncTask<EncodeTask> {
        let options = EncodeOptions {
            add_special_tokens,
            special_as_text,
        };
        AsyncTask::new(EncodeTask {
            tokenizer: Arc::clone(&self.inner),
            texts,
            options,
        })
    }

    /// What each special token is for: role and token in turn.
    #[napi(catch_unwind)]
    pub fn roles(&self) -> Vec<String> {
        let roles = self.inner.roles().iter();
        roles.flat_map(|(role, token)| [role.clone(), token.clone()]).collect()
    }

    /// The fields that describe it in a GGUF file, as JSON, with a vocabulary filled up to `size` tokens.
    #[napi(catch_unwind)]
    pub fn gguf_fields(&self, size: u32) -> Result<String> {
        self.inner.gguf_fields(size as usize).map_err(to_napi)
    }

    /// The text of ids.
    #[napi(catch_unwind)]
    pub fn decode(&self, ids: Vec<u32>, skip_special_tokens: bool) -> Result<String> {
        self.inner.decode(&ids, skip_special_tokens).map_err(to_napi)
    }

    /// A stream that turns ids into text one at a time.
    #[napi(catch_unwind)]
    pub fn decode_stream(&self, skip_special_tokens: bool) -> NativeDecodeStream {
        let stream = DecodeStream::new(Arc::clone(&self.inner), skip_special_tokens);
        NativeDecodeStream {
            inner: Mutex::new(stream),
        }
    }

    /// The id of a token.
    #[napi(catch_unwind)]
    pub fn token_to_id(&self, token: String) -> Option<u32> {
        self.inner.token_to_id(&token)
    }

    /// The token of an id.
    #[napi(catch_unwind)]
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Number of tokens.
    #[napi(catch_unwind)]
    pub fn vocab_size(&self) -> u32 {
        // Ids are u32, so there are never more tokens.
        u32::try_from(self.inner.vocab_size()).unwrap_or(u32::MAX)
    }

    /// Texts of the special tokens, by id.
    #[napi(catch_unwind)]
    pub fn special_tokens(&self) -> Vec<String> {
        self.inner
            .special_tokens()
            .into_iter()
            .map(|(token, _)| token)
            .collect()
    }

    /// Writes tokenizer.json to a path.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn save(&self, path: String) -> AsyncTask<SaveTask> {
        AsyncTask::new(SaveTask {
            tokenizer: Arc::clone(&self.inner),
            path,
            folder: false,
        })
    }

    /// Writes tokenizer.json, vocab.json and merges.txt into a folder.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn save_folder(&self, folder: String) -> AsyncTask<SaveTask> {
        AsyncTask::new(SaveTask {
            tokenizer: Arc::clone(&self.inner),
            path: folder,
            folder: true,
        })
    }
}

/// Ids to text, one at a time.
#[napi]
pub struct NativeDecodeStream {
    inner: Mutex<DecodeStream>,
}

#[napi]
impl NativeDecodeStream {
    /// The text that the id completes; empty while a character is not complete.
    #[napi(catch_unwind)]
    pub fn push(&self, id: u32) -> Result<String> {
        let mut stream = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        stream.push(id).map(Option::unwrap_or_default).map_err(to_napi)
    }

    /// What is left at the end.
    #[napi(catch_unwind)]
    pub fn finish(&self) -> Result<String> {
        let mut stream = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        stream.finish().map_err(to_napi)
    }
}

/// Encoding on libuv's pool.
pub struct EncodeTask {
    tokenizer: Arc<Tokenizer>,
    texts: Vec<String>,
    options: EncodeOptions,
}

impl<'task> ScopedTask<'task> for EncodeTask {
    type Output = Vec<Vec<u32>>;
    type JsValue = Vec<Uint32ArraySlice<'task>>;

    fn compute(&mut self) -> Result<Self::Output> {
        guarded(|| self.tokenizer.encode_batch(&self.texts, self.options))
    }

    fn resolve(&mut self, env: &'task Env, output: Self::Output) -> Result<Self::JsValue> {
        output.iter().map(|ids| Uint32ArraySlice::copy_from(env, ids)).collect()
    }
}

/// Reading on libuv's pool.
pub struct OpenTask {
    paths: Vec<String>,
    is_folder: bool,
}

impl Task for OpenTask {
    type Output = Tokenizer;
    type JsValue = NativeTokenizer;

    fn compute(&mut self) -> Result<Self::Output> {
        guarded(|| match &self.paths[..] {
            [vocab, merges] => Tokenizer::from_vocab_and_merges(Path::new(vocab), Path::new(merges)),
            [folder] if self.is_folder => Tokenizer::from_folder(Path::new(folder)),
            paths => Tokenizer::from_file(Path::new(&paths.concat())),
        })
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(NativeTokenizer {
            inner: Arc::new(output),
        })
    }
}

/// Training on libuv's pool.
pub struct TrainTask {
    texts: Vec<String>,
    vocab_size: usize,
    special_tokens: Vec<String>,
}

impl Task for TrainTask {
    type Output = Tokenizer;
    type JsValue = NativeTokenizer;

    fn compute(&mut self) -> Result<Self::Output> {
        guarded(|| train_byte_level_bpe(&self.texts, self.vocab_size, &self.special_tokens))
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> Result<Self::JsValue> {
        Ok(NativeTokenizer {
            inner: Arc::new(output),
        })
    }
}

/// Writing on libuv's pool.
pub struct SaveTask {
    tokenizer: Arc<Tokenizer>,
    path: String,
    folder: bool,
}

impl Task for SaveTask {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<Self::Output> {
        let path = Path::new(&self.path);
        guarded(|| {
            if self.folder {
                self.tokenizer.save_folder(path)
            } else {
                self.tokenizer.save(path)
            }
        })
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> Result<()> {
        Ok(())
    }
}

fn wrap(tokenizer: engine::error::Result<Tokenizer>) -> Result<NativeTokenizer> {
    Ok(NativeTokenizer {
        inner: Arc::new(tokenizer.map_err(to_napi)?),
    })
}

/// Runs the body of a task; a panic becomes the library's own error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> engine::error::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(to_napi),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a text");
            Err(to_napi(Error::new(Code::Internal, "the tokenizer failed").source(text)))
        }
    }
}
