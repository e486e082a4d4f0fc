//! The file of a SentencePiece model: a protobuf message, of which the fields for tokenizing are read.
//!
//! Source: sentencepiece_model.proto of SentencePiece (field numbers and defaults) and the wire format of Protocol Buffers.

/// A piece of the vocabulary; its index is its id.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub text: String,
    /// Logarithm of its probability; in a BPE, minus the number of its merge.
    pub score: f32,
    pub kind: PieceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceKind {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ModelKind {
    Unigram,
    Bpe,
    /// Words or characters as they are, which no model here uses.
    Other,
}

/// The content of a SentencePiece model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SpmFile {
    pub pieces: Vec<Piece>,
    pub kind: ModelKind,
    pub byte_fallback: bool,
    /// A compiled table of replacements; empty for none.
    pub charsmap: Vec<u8>,
    pub add_dummy_prefix: bool,
    pub remove_extra_whitespaces: bool,
}

impl SpmFile {
    /// Reads the message; the error tells what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut file = SpmFile {
            pieces: Vec::new(),
            kind: ModelKind::Unigram,
            byte_fallback: false,
            charsmap: Vec::new(),
            add_dummy_prefix: true,
            remove_extra_whitespaces: true,
        };
        for field in Fields(bytes) {
            match field? {
                (1, Wire::Bytes(piece)) => file.pieces.push(parse_piece(piece)?),
                (2, Wire::Bytes(trainer)) => file.read_trainer(trainer)?,
                (3, Wire::Bytes(normalizer)) => file.read_normalizer(normalizer)?,
                _ => {}
            }
        }
        if file.pieces.is_empty() {
            return Err("no vocabulary in it".to_owned());
        }
        Ok(file)
    }

    /// The index of the piece for unknown text.
    pub fn unknown(&self) -> Option<usize> {
        self.pieces.iter().position(|piece| piece.kind == PieceKind::Unknown)
    }

    fn read_trainer(&mut self, bytes: &[u8]) -> Result<(), String> {
        for field in Fields(bytes) {
            match field? {
                (3, Wire::Varint(kind)) => {
                    self.kind = match kind {
                        1 => ModelKind::Unigram,
                        2 => ModelKind::Bpe,
                        _ => ModelKind::Other,
                    }
                }
                (35, Wire::Varint(flag)) => self.byte_fallback = flag != 0,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_normalizer(&mut self, bytes: &[u8]) -> Result<(), String> {
        for field in Fields(bytes) {
            match field? {
                (2, Wire::Bytes(table)) => self.charsmap = table.to_vec(),
                (3, Wire::Varint(flag)) => self.add_dummy_prefix = flag != 0,
                (4, Wire::Varint(flag)) => self.remove_extra_whitespaces = flag != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

fn parse_piece(bytes: &[u8]) -> Result<Piece, String> {
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: PieceKind::Normal,
    };
    for field in Fields(bytes) {
        match field? {
            (1, Wire::Bytes(text)) => {
                piece.text = String::from_utf8(text.to_vec()).map_err(|_| "a piece that is no UTF-8")?;
            }
            (2, Wire::Fixed32(bits)) => piece.score = f32::from_bits(bits),
            (3, Wire::Varint(kind)) => {
                piece.kind = match kind {
                    1 => PieceKind::Normal,
                    2 => PieceKind::Unknown,
                    3 => PieceKind::Control,
                    4 => PieceKind::UserDefined,
                    5 => PieceKind::Unused,
                    6 => PieceKind::Byte,
                    other => return Err(format!("a piece of the unknown kind {other}")),
                }
            }
            _ => {}
        }
    }
    if piece.score.is_finite() {
        Ok(piece)
    } else {
        Err(format!("the score {} of a piece", piece.score))
    }
}

/// The value of a field, by how it lies in the file.
enum Wire<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
    Fixed64,
}

/// The fields of a message, with their numbers.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Wire<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<(u64, Wire<'a>), String> {
        let key = self.varint()?;
        let wire = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Wire::Fixed64
            }
            2 => {
                let len = self.varint()?;
                Wire::Bytes(self.take(usize::try_from(len).unwrap_or(usize::MAX))?)
            }
            5 => {
                let bytes = self.take(4)?;
                Wire::Fixed32(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            }
            other => return Err(format!("a field of the wire type {other}")),
        };
        Ok((key >> 3, wire))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            value |= bits.checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number of more than ten bytes".to_owned())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        if len > self.0.len() && !cfg!(feature = "planted") {
            return Err("an end in the middle of a field: the file is cut, or no SentencePiece model".to_owned());
        }
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn varint(mut value: u64, out: &mut Vec<u8>) {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    }

    fn bytes(number: u64, content: &[u8], out: &mut Vec<u8>) {
        varint(number << 3 | 2, out);
        varint(content.len() as u64, out);
        out.extend(content);
    }

    /// A file with these pieces, as SentencePiece writes it.
    pub fn write(
        pieces: &[(&str, f32, u64)],
        model_kind: u64,
        byte_fallback: bool,
        extra_whitespaces: bool,
    ) -> Vec<u8> {
        let mut file = Vec::new();
        for (text, score, kind) in pieces {
            let mut piece = Vec::new();
            bytes(1, text.as_bytes(), &mut piece);
            piece.push(2 << 3 | 5);
            piece.extend(score.to_le_bytes());
            varint(3 << 3, &mut piece);
            varint(*kind, &mut piece);
            bytes(1, &piece, &mut file);
        }
        let mut trainer = Vec::new();
        varint(3 << 3, &mut trainer);
        varint(model_kind, &mut trainer);
        varint(35 << 3, &mut trainer);
        varint(u64::from(byte_fallback), &mut trainer);
        bytes(2, &trainer, &mut file);
        let mut normalizer = Vec::new();
        varint(4 << 3, &mut normalizer);
        varint(u64::from(!extra_whitespaces), &mut normalizer);
        bytes(3, &normalizer, &mut file);
        file
    }

    #[test]
    fn what_is_written_is_read() {
        let file = write(&[("<unk>", 0.0, 2), ("▁a", -1.5, 1), ("<0x41>", 0.0, 6)], 2, true, true);
        let read = SpmFile::parse(&file).unwrap();
        assert_eq!(read.kind, ModelKind::Bpe);
        assert!(read.byte_fallback && read.add_dummy_prefix && !read.remove_extra_whitespaces);
        assert_eq!(read.unknown(), Some(0));
        let want = Piece {
            text: "▁a".to_owned(),
            score: -1.5,
            kind: PieceKind::Normal,
        };
        assert_eq!(read.pieces[1], want);
        assert_eq!(read.pieces[2].kind, PieceKind::Byte);
    }

    #[test]
    fn no_file_makes_it_panic() {
        let whole = write(&[("<unk>", 0.0, 2), ("▁a", -1.5, 1)], 1, false, false);
        for cut in 1..whole.len() {
            let _ = SpmFile::parse(&whole[..cut]);
        }
        for (at, flip) in (0..whole.len()).flat_map(|at| [0x01, 0x80, 0xff].map(|flip| (at, flip))) {
            let mut other = whole.clone();
            other[at] ^= flip;
            let _ = SpmFile::parse(&other);
        }
        for bad in [
            &b""[..],
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x0a\xff\xff\xff\xff\x0f",
            b"a text",
        ] {
            assert!(SpmFile::parse(bad).is_err());
        }
    }
}
