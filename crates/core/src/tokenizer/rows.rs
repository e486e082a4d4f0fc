//! Many texts, or pairs of them, as rows of one batch: truncated, put into the model's template, and padded to one length.

use rayon::prelude::*;
use tokenizers::utils::truncation::{TruncationDirection, TruncationParams, truncate_encodings};
use tokenizers::{Encoding, Model, OffsetType, PostProcessor, PreTokenizer};

use crate::code::Code;
use crate::error::{Error, Result};
use crate::tokenizer::encode::{EncodeOptions, PARALLEL_BYTES, Tokenizer, Utf16, encode_error, ruled};

pub use tokenizers::utils::truncation::TruncationStrategy;

/// How long rows are truncated.
#[derive(Clone, Copy, Debug)]
pub struct Truncation {
    /// Most tokens of a row, including those of the template.
    pub max_length: usize,
    /// Which of two texts is truncated.
    pub strategy: TruncationStrategy,
    /// Drop the beginning of a text instead of its end.
    pub left: bool,
    /// What is cut off becomes rows of its own, each of which begins with this many tokens of the one before; none for no such rows.
    pub stride: Option<usize>,
}

/// How short rows are padded.
#[derive(Clone, Copy, Debug)]
pub struct Padding {
    /// The padding token.
    pub id: u32,
    /// Length to pad to; none for that of the longest row.
    pub length: Option<usize>,
    /// The length is rounded up to a multiple of this.
    pub multiple_of: usize,
    /// Pad before the text instead of after it.
    pub left: bool,
}

/// How texts become rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowOptions {
    /// How a text is encoded.
    pub encode: EncodeOptions,
    /// None: rows are not truncated.
    pub truncation: Option<Truncation>,
    /// None: rows are not padded.
    pub padding: Option<Padding>,
}

/// Rows, one after the other in each list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Number of tokens of each row, padding included.
    pub lengths: Vec<u32>,
    /// The text that each row comes from, by its number.
    pub samples: Vec<u32>,
    /// Token ids.
    pub ids: Vec<u32>,
    /// 0 for tokens of the first text and 1 for those of the second, where the model tells them apart; 0 for padding.
    pub type_ids: Vec<u32>,
    /// 1 for tokens, 0 for padding.
    pub attention_mask: Vec<u32>,
    /// 1 for what the template added, and for padding.
    pub special_tokens_mask: Vec<u32>,
    /// Offsets of each token in its own text, first unit and one past the last in UTF-16 code units; (0, 0) for tokens of neither text.
    pub offsets: Vec<(u32, u32)>,
}

impl Tokenizer {
    /// Encodes a batch; long ones run on the caller's rayon pool.
    ///
    /// # Errors
    /// [`Code::Option`] when the second texts are not as many as the first, when a row cannot be cut as asked, when the windows of a stride would not
    /// advance, or as for [`Tokenizer::encode`]: the first
    /// in the order of the rows.
    pub fn encode_rows<S: AsRef<str> + Sync>(
        &self,
        texts: &[S],
        pairs: Option<&[S]>,
        options: RowOptions,
    ) -> Result<Rows> {
        if let Some(pairs) = pairs.filter(|pairs| pairs.len() != texts.len()) {
            return Err(Error::new(Code::Option, "the second texts do not go with the first")
                .expected(format!("{} second texts", texts.len()))
                .received(pairs.len().to_string())
                .hint("give one second text for each first one"));
        }
        let second = |i: usize| pairs.map(|pairs| pairs[i].as_ref());
        let bytes: usize = texts
            .iter()
            .chain(pairs.into_iter().flatten())
            .map(|t| t.as_ref().len())
            .sum();
        let row = |i: usize| self.row(texts[i].as_ref(), second(i), options);
        let rows: Vec<Result<Vec<Row>>> = if bytes < PARALLEL_BYTES || texts.len() < 2 {
            (0..texts.len()).map(row).collect()
        } else {
            crate::platform::lower_default_pool();
            (0..texts.len()).into_par_iter().map(row).collect()
        };
        Ok(collect(
            &rows.into_iter().collect::<Result<Vec<Vec<Row>>>>()?,
            options.padding,
        ))
    }

    /// The row of a text, and those of what was cut off.
    fn row(&self, text: &str, pair: Option<&str>, options: RowOptions) -> Result<Vec<Row>> {
        let rules = self.rules(options.encode);
        let first = ruled(|| tokens(rules, text, 0), encode_error)?;
        let second = pair
            .map(|pair| ruled(|| tokens(rules, pair, 1), encode_error))
            .transpose()?;
        let special = options.encode.add_special_tokens;
        let (first, second) = match options.truncation {
            Some(truncation) => {
                let added = rules
                    .get_post_processor()
                    .map_or(0, |p| p.added_tokens(second.is_some()));
                cut(first, second, truncation, if special { added } else { 0 })?
            }
            None => (first, second),
        };
        let encoding = ruled(|| rules.post_process(first, second, special), encode_error)?;
        let all = std::iter::once(&encoding).chain(encoding.get_overflowing());
        Ok(all.map(|each| Row::new(each, text, pair)).collect())
    }
}

/// The tokens of one text, before a template. The crate's own function truncates and pads by settings of the whole tokenizer.
fn tokens(rules: &tokenizers::Tokenizer, text: &str, type_id: u32) -> tokenizers::Result<Encoding> {
    let mut words = rules
        .get_added_vocabulary()
        .extract_and_normalize(rules.get_normalizer(), text);
    if let Some(pre_tokenizer) = rules.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut words)?;
    }
    rules.get_model().tokenize_in_pretokenized(&mut words, None)?;
    words.into_encoding(None, type_id, OffsetType::Byte)
}

fn cut(
    first: Encoding,
    second: Option<Encoding>,
    truncation: Truncation,
    added: usize,
) -> Result<(Encoding, Option<Encoding>)> {
    let refuse = |received: String| {
        Error::new(Code::Option, "a row cannot be truncated to maxLength")
            .expected(format!("room for the text in {} tokens", truncation.max_length))
            .received(received)
            .hint("raise maxLength, or choose another way to truncate")
    };
    let Some(length) = truncation.max_length.checked_sub(added) else {
        return Err(refuse(format!("{added} tokens that the template adds")));
    };
    let lengths = format!(
        "{} and {} tokens",
        first.len(),
        second.as_ref().map_or(0, Encoding::len)
    );
    let params = TruncationParams {
        direction: if truncation.left {
            TruncationDirection::Left
        } else {
            TruncationDirection::Right
        },
        max_length: length,
        strategy: truncation.strategy,
        stride: 0,
    };
    let cut = |first, second, params: &TruncationParams| {
        truncate_encodings(first, second, params).map_err(|error| refuse(format!("{lengths}: {error}")))
    };
    let before = (first.len(), second.as_ref().map_or(0, Encoding::len));
    let Some(stride) = truncation.stride else {
        let (mut first, mut second) = cut(first, second, &params)?;
        // Otherwise the template would be applied to the truncated parts as well.
        first.take_overflowing();
        if let Some(second) = &mut second {
            second.take_overflowing();
        }
        return Ok((first, second));
    };
    // How long the parts get does not depend on the stride, and windows that do not advance would never end.
    let (one, two) = cut(first.clone(), second.clone(), &params)?;
    let after = (one.len(), two.as_ref().map_or(0, Encoding::len));
    let stands_still = |before: usize, after: usize| after < before && after <= stride;
    if stands_still(before.0, after.0) || stands_still(before.1, after.1) {
        return Err(Error::new(Code::Option, "the windows of a row do not advance")
            .expected(format!(
                "a stride below the {} and {} tokens of a window",
                after.0, after.1
            ))
            .received(format!("a stride of {stride}"))
            .hint("lower stride, raise maxLength, or choose another way to truncate"));
    }
    cut(first, second, &TruncationParams { stride, ..params })
}

/// One row before padding.
struct Row {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    special: Vec<u32>,
    offsets: Vec<(u32, u32)>,
}

impl Row {
    fn new(encoding: &Encoding, text: &str, pair: Option<&str>) -> Self {
        let units = [Some(text), pair].map(|text| text.map(Utf16::new));
        let sequences = encoding.get_sequence_ids();
        let offsets = encoding
            .get_offsets()
            .iter()
            .zip(&sequences)
            .map(|(&offset, &sequence)| {
                let text = sequence.and_then(|sequence| units.get(sequence)?.as_ref());
                text.map_or((0, 0), |text| text.range(offset))
            });
        Row {
            ids: encoding.get_ids().to_vec(),
            type_ids: encoding.get_type_ids().to_vec(),
            special: encoding.get_special_tokens_mask().to_vec(),
            offsets: offsets.collect(),
        }
    }
}

fn collect(texts: &[Vec<Row>], padding: Option<Padding>) -> Rows {
    let rows = || {
        texts
            .iter()
            .zip(0..)
            .flat_map(|(rows, text)| rows.iter().map(move |row| (row, text)))
    };
    let longest = rows().map(|(row, _)| row.ids.len()).max().unwrap_or(0);
    let width = padding.map_or(0, |padding| {
        padding
            .length
            .unwrap_or(longest)
            .next_multiple_of(padding.multiple_of.max(1))
    });
    let mut all = Rows::default();
    for (row, text) in rows() {
        let len = row.ids.len();
        let fill = width.saturating_sub(len);
        let (before, behind) = match padding {
            Some(padding) if padding.left => (fill, 0),
            _ => (0, fill),
        };
        let id = padding.map_or(0, |padding| padding.id);
        extend(&mut all.ids, before, &row.ids, behind, id);
        extend(&mut all.type_ids, before, &row.type_ids, behind, 0);
        extend(&mut all.attention_mask, before, &vec![1; len], behind, 0);
        extend(&mut all.special_tokens_mask, before, &row.special, behind, 1);
        extend(&mut all.offsets, before, &row.offsets, behind, (0, 0));
        // Ids are u32, and so is the number of them that a batch can be made of.
        all.lengths.push(u32::try_from(len + fill).unwrap_or(u32::MAX));
        all.samples.push(text);
    }
    all
}

fn extend<T: Copy>(all: &mut Vec<T>, before: usize, row: &[T], behind: usize, filler: T) {
    all.extend(std::iter::repeat_n(filler, before));
    all.extend_from_slice(row);
    all.extend(std::iter::repeat_n(filler, behind));
}
