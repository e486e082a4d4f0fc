//! Text to token ids and back: the `tokenizers` crate behind the engine's errors.

mod byte_level;
mod config;
mod decode_stream;
mod encode;
mod gguf;
mod gguf_fields;
mod load;
mod parts;
mod rows;
mod sentencepiece;
mod spm_file;
mod train;
mod wordpiece;
mod words;

pub use decode_stream::DecodeStream;
pub use encode::{EncodeOptions, Encoded, Tokenizer};
pub use rows::{Padding, RowOptions, Rows, Truncation, TruncationStrategy};
pub use train::train_byte_level_bpe;

#[cfg(test)]
mod file_tests;
#[cfg(test)]
mod tests;
