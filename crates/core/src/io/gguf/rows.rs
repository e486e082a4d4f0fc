//! The order of rows in the projections of queries and keys.
//!
//! llama.cpp turns neighbouring features of a head together (Llama, Mistral), Hugging Face those of the two halves of a head. So the rows of these two projections
//! lie in another order in a file: row `(h, i, j)` of the file, i the pair and j the place in it, is row `(h, j, i)` of the model.

use crate::code::Code;
use crate::error::{Error, Result};

/// The order that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadRows {
    /// That of the model, from that of a file.
    Halves,
    /// That of a file, from that of the model.
    Pairs,
}

/// The bytes of a weight whose rows are put in the other order. Rows of blocks are moved whole.
///
/// # Errors
/// [`Code::Shape`] when the rows are no heads of an even size.
pub fn reorder_heads(bytes: &[u8], rows: usize, heads: usize, to: HeadRows) -> Result<Vec<u8>> {
    if heads == 0 || !rows.is_multiple_of(2 * heads) || rows > 0 && !bytes.len().is_multiple_of(rows) {
        return Err(
            Error::new(Code::Shape, "the rows of a projection are no heads of an even size")
                .expected(format!("a multiple of {}, twice the number of heads", 2 * heads))
                .received(format!("{rows} rows"))
                .hint("the number of heads in the metadata does not belong to these weights"),
        );
    }
    let mut out = crate::memory::host_vec(bytes.len(), "a projection of queries or keys")?;
    if rows == 0 || bytes.is_empty() {
        return Ok(out);
    }
    let (width, half) = (bytes.len() / rows, rows / heads / 2);
    for row in 0..rows {
        let (head, at) = (row / (2 * half), row % (2 * half));
        let from = match to {
            HeadRows::Halves => 2 * (at % half) + at / half,
            HeadRows::Pairs => at / 2 + half * (at % 2),
        };
        let from = head * 2 * half + from;
        out.extend_from_slice(&bytes[from * width..][..width]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_undo_each_other() {
        let rows: Vec<u8> = (0..12).flat_map(|row| [row, row]).collect();
        let halves = reorder_heads(&rows, 12, 2, HeadRows::Halves).unwrap();
        let order: Vec<u8> = halves.iter().copied().step_by(2).collect();
        assert_eq!(order, [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
        assert_eq!(reorder_heads(&halves, 12, 2, HeadRows::Pairs).unwrap(), rows);
        assert_eq!(
            reorder_heads(&rows, 12, 4, HeadRows::Pairs).unwrap_err().code(),
            Code::Shape
        );
        assert_eq!(
            reorder_heads(&rows, 12, 0, HeadRows::Pairs).unwrap_err().code(),
            Code::Shape
        );
    }
}
