//! Text of a growing sequence of ids: what can be shown at once, never part of a character.

use std::sync::Arc;

use crate::code::Code;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// A character has at most 4 bytes, so bytes that have not become one after this many tokens never will.
const MOST_PENDING: usize = 8;

/// Turns ids into text one at a time. The pieces joined are the text that [`Tokenizer::decode`] gives for all ids.
pub struct DecodeStream {
    tokenizer: Arc<Tokenizer>,
    skip_special: bool,
    state: State,
}

enum State {
    /// Byte-level vocabularies: the bytes of a character that is not complete yet.
    Bytes(Vec<u8>),
    /// Any other decoder: the last ids, of which the first `shown` have been given out already. They stay as context,
    /// because a decoder may treat the first token of a text in its own way.
    Window { ids: Vec<u32>, shown: usize },
}

impl DecodeStream {
    /// A stream at its beginning.
    pub fn new(tokenizer: Arc<Tokenizer>, skip_special: bool) -> Self {
        let byte_level = tokenizer.is_byte_level();
        let state = if byte_level {
            State::Bytes(Vec::new())
        } else {
            State::Window {
                ids: Vec::new(),
                shown: 0,
            }
        };
        DecodeStream {
            tokenizer,
            skip_special,
            state,
        }
    }

    /// Takes the next id and gives the text that it completes, if any.
    ///
    /// # Errors
    /// [`Code::Index`] for an id that the vocabulary lacks; the stream goes on as if it had not been given.
    pub fn push(&mut self, id: u32) -> Result<Option<String>> {
        let token = self
            .tokenizer
            .id_to_token(id)
            .ok_or_else(|| self.tokenizer.unknown_id(id))?;
        if self.skip_special && self.tokenizer.is_special(id) {
            return Ok(None);
        }
        let text = match &mut self.state {
            State::Bytes(pending) => {
                pending.extend(token_bytes(&token));
                take_characters(pending)
            }
            State::Window { .. } => self.push_to_window(id)?,
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// What is left at the end: bytes that never became a character, as U+FFFD.
    pub fn finish(&mut self) -> Result<String> {
        match &mut self.state {
            State::Bytes(pending) => Ok(String::from_utf8_lossy(&std::mem::take(pending)).into_owned()),
            State::Window { ids, shown } => {
                let (ids, shown) = (std::mem::take(ids), std::mem::take(shown));
                new_text(&self.tokenizer, &ids, shown)
            }
        }
    }

    fn push_to_window(&mut self, id: u32) -> Result<String> {
        let State::Window { ids, shown } = &mut self.state else {
            return Err(Error::new(Code::Internal, "a byte stream has no window"));
        };
        ids.push(id);
        let text = new_text(&self.tokenizer, ids, *shown)?;
        if text.is_empty() || text.ends_with(char::REPLACEMENT_CHARACTER) && ids.len() - *shown < MOST_PENDING {
            return Ok(String::new());
        }
        ids.drain(..*shown);
        *shown = ids.len();
        Ok(text)
    }
}

/// The text that the ids after the first `shown` add.
fn new_text(tokenizer: &Tokenizer, ids: &[u32], shown: usize) -> Result<String> {
    let before = tokenizer.decode(&ids[..shown], false)?;
    let all = tokenizer.decode(ids, false)?;
    let same = before
        .chars()
        .zip(all.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum::<usize>();
    Ok(all[same..].to_owned())
}

/// The bytes that a token of a byte-level vocabulary stands for; a token outside its alphabet stands for itself.
fn token_bytes(token: &str) -> Vec<u8> {
    token
        .chars()
        .map(byte_of)
        .collect::<Option<Vec<u8>>>()
        .unwrap_or_else(|| token.as_bytes().to_vec())
}

/// GPT-2's alphabet: printable bytes are themselves, the others follow in order from U+0100 on.
///
/// Source: `bytes_to_unicode` in OpenAI's encoder.py.
fn byte_of(c: char) -> Option<u8> {
    let code = u32::from(c);
    let byte = match code {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => code,
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7f,
        0x143 => 0xad,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// Takes everything out of `pending` except the bytes of a character that may still be completed.
fn take_characters(pending: &mut Vec<u8>) -> String {
    let incomplete = pending
        .utf8_chunks()
        .last()
        .map_or(0, |chunk| incomplete_tail(chunk.invalid()));
    let rest = pending.split_off(pending.len() - incomplete);
    String::from_utf8_lossy(&std::mem::replace(pending, rest)).into_owned()
}

/// Length of the bytes when they are the beginning of a character, else 0.
fn incomplete_tail(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() == 0 => bytes.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_every_byte_once() {
        let mut bytes: Vec<u8> = (0..0x200).filter_map(char::from_u32).filter_map(byte_of).collect();
        assert_eq!(bytes.len(), 256);
        bytes.sort_unstable();
        assert!(bytes.iter().enumerate().all(|(i, &b)| i == usize::from(b)));
        assert_eq!(token_bytes("Ġa"), b" a");
        assert_eq!(token_bytes("日"), "日".as_bytes());
    }

    #[test]
    fn bytes_one_at_a_time_give_the_text_of_all_of_them() {
        for bytes in [
            "aé日😀\u{fffd}".as_bytes(),
            b"\xff\xe6\x97",
            b"\xe6a\xf0\x9f\x98",
            b"\x80\x80\xc3\xa9\xc3",
            b"",
        ] {
            let mut pending = Vec::new();
            let mut text = String::new();
            for &byte in bytes {
                pending.push(byte);
                text += &take_characters(&mut pending);
                assert!(pending.len() < 4);
            }
            text += &String::from_utf8_lossy(&pending);
            assert_eq!(text, String::from_utf8_lossy(bytes));
        }
    }
}
