//! Batches of a tokenizer across N-API: conversions only.

use std::sync::Arc;

use engine::tokenizer::{EncodeOptions, Padding, RowOptions, Rows, Tokenizer, Truncation, TruncationStrategy};
use napi::ScopedTask;
use napi::bindgen_prelude::{AsyncTask, Env, Result, Uint32ArraySlice};
use napi_derive::napi;

use crate::tokenizer::{NativeTokenizer, guarded};

/// How texts become rows.
#[napi(object)]
pub struct NativeRowOptions {
    /// Put rows into the template of the model.
    pub add_special_tokens: bool,
    /// Read special tokens in the texts as text.
    pub special_as_text: bool,
    /// Most tokens of a row; absent for no limit.
    pub max_length: Option<u32>,
    /// `longest_first`, `only_first` or `only_second`.
    pub truncation: String,
    /// Drop the beginning of long texts.
    pub truncate_left: bool,
    /// Tokens that the windows of a long text share; absent for the first window alone.
    pub stride: Option<u32>,
    /// The padding token; absent for no padding.
    pub pad_id: Option<u32>,
    /// Length to pad to; absent for the longest row.
    pub pad_length: Option<u32>,
    /// The length is rounded up to a multiple of this.
    pub pad_to_multiple_of: u32,
    /// Pad before the text.
    pub pad_left: bool,
}

#[napi]
impl NativeTokenizer {
    /// Rows of a batch, off the main thread: lengths, ids, types, attention mask, mask of special tokens, first and last unit of each token in turn, and
    /// the number of the text that each row comes from.
    #[napi(catch_unwind, ts_return_type = "Promise<Uint32Array[]>")]
    pub fn encode_rows(
        &self,
        texts: Vec<String>,
        pairs: Option<Vec<String>>,
        options: NativeRowOptions,
    ) -> AsyncTask<RowsTask> {
        AsyncTask::new(RowsTask {
            tokenizer: Arc::clone(&self.inner),
            texts,
            pairs,
            options: row_options(&options),
        })
    }
}

/// Encoding of a batch on libuv's pool.
pub struct RowsTask {
    tokenizer: Arc<Tokenizer>,
    texts: Vec<String>,
    pairs: Option<Vec<String>>,
    options: RowOptions,
}

impl<'task> ScopedTask<'task> for RowsTask {
    type Output = Rows;
    type JsValue = Vec<Uint32ArraySlice<'task>>;

    fn compute(&mut self) -> Result<Self::Output> {
        guarded(|| {
            self.tokenizer
                .encode_rows(&self.texts, self.pairs.as_deref(), self.options)
        })
    }

    fn resolve(&mut self, env: &'task Env, rows: Self::Output) -> Result<Self::JsValue> {
        let offsets: Vec<u32> = rows.offsets.iter().flat_map(|&(start, end)| [start, end]).collect();
        [
            &rows.lengths,
            &rows.ids,
            &rows.type_ids,
            &rows.attention_mask,
            &rows.special_tokens_mask,
            &offsets,
            &rows.samples,
        ]
        .into_iter()
        .map(|list| Uint32ArraySlice::copy_from(env, list))
        .collect()
    }
}

fn row_options(options: &NativeRowOptions) -> RowOptions {
    let strategy = match options.truncation.as_str() {
        "only_first" => TruncationStrategy::OnlyFirst,
        "only_second" => TruncationStrategy::OnlySecond,
        _ => TruncationStrategy::LongestFirst,
    };
    RowOptions {
        encode: EncodeOptions {
            add_special_tokens: options.add_special_tokens,
            special_as_text: options.special_as_text,
        },
        truncation: options.max_length.map(|max_length| Truncation {
            max_length: max_length as usize,
            strategy,
            left: options.truncate_left,
            stride: options.stride.map(|stride| stride as usize),
        }),
        padding: options.pad_id.map(|id| Padding {
            id,
            length: options.pad_length.map(|length| length as usize),
            multiple_of: options.pad_to_multiple_of as usize,
            left: options.pad_left,
        }),
    }
}
