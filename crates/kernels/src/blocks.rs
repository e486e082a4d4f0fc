//! Weights in blocks, as GGUF files hold them: a few bits for each value, and scales for each block of 32 or 256 values.
//!
//! The formulas are those of ggml's reference (`dequantize_row_*`), in its order of operations, so that a value has its bits.

mod codes;
mod k_quants;
mod legacy;

pub use codes::{Codes, Steps};
pub use k_quants::{Q2K, Q3K, Q4K, Q5K, Q6K};
pub use legacy::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};

use half::f16;

use crate::half_bits::f16_to_f32;
use crate::isa;

/// How the values of a block are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the format's own and say it all")]
pub enum BlockKind {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

/// One way to store a block.
pub trait Block {
    /// Values of a block.
    const LEN: usize;
    /// Bytes of a block.
    const BYTES: usize;

    /// Values `32 group..` of a block, which has [`Block::BYTES`] bytes. For callers inside [`isa::dispatch`].
    fn group(block: &[u8], group: usize, out: &mut [f32; GROUP]);

    /// All values of a block: `out` takes [`Block::LEN`] of them.
    #[inline(always)]
    fn widen(block: &[u8], out: &mut [f32]) {
        let (groups, _) = out[..Self::LEN].as_chunks_mut();
        for (i, group) in groups.iter_mut().enumerate() {
            Self::group(block, i, group);
        }
    }
}

/// Values that are widened at least: each block is a whole number of such groups.
pub const GROUP: usize = 32;

/// Calls the body with the type of a kind: `with_block!(kind, B => …)`.
macro_rules! with_block {
    ($kind:expr, $B:ident => $body:expr) => {
        match $kind {
            $crate::blocks::BlockKind::Q4_0 => {
                type $B = $crate::blocks::Q4_0;
                $body
            }
            $crate::blocks::BlockKind::Q4_1 => {
                type $B = $crate::blocks::Q4_1;
                $body
            }
            $crate::blocks::BlockKind::Q5_0 => {
                type $B = $crate::blocks::Q5_0;
                $body
            }
            $crate::blocks::BlockKind::Q5_1 => {
                type $B = $crate::blocks::Q5_1;
                $body
            }
            $crate::blocks::BlockKind::Q8_0 => {
                type $B = $crate::blocks::Q8_0;
                $body
            }
            $crate::blocks::BlockKind::Q2K => {
                type $B = $crate::blocks::Q2K;
                $body
            }
            $crate::blocks::BlockKind::Q3K => {
                type $B = $crate::blocks::Q3K;
                $body
            }
            $crate::blocks::BlockKind::Q4K => {
                type $B = $crate::blocks::Q4K;
                $body
            }
            $crate::blocks::BlockKind::Q5K => {
                type $B = $crate::blocks::Q5K;
                $body
            }
            $crate::blocks::BlockKind::Q6K => {
                type $B = $crate::blocks::Q6K;
                $body
            }
        }
    };
}
pub(crate) use with_block;

impl BlockKind {
    /// Every kind.
    pub const ALL: [BlockKind; 10] = [
        BlockKind::Q4_0,
        BlockKind::Q4_1,
        BlockKind::Q5_0,
        BlockKind::Q5_1,
        BlockKind::Q8_0,
        BlockKind::Q2K,
        BlockKind::Q3K,
        BlockKind::Q4K,
        BlockKind::Q5K,
        BlockKind::Q6K,
    ];

    /// Values of a block. Rows are whole blocks.
    pub fn len(self) -> usize {
        with_block!(self, B => B::LEN)
    }

    /// Never: a block has values.
    pub fn is_empty(self) -> bool {
        false
    }

    /// Bytes of a block.
    pub fn bytes(self) -> usize {
        with_block!(self, B => B::BYTES)
    }
}

/// Values that are stored in blocks: `len` of them from `start` on, which need not lie on the edges of blocks.
#[derive(Clone, Copy, Debug)]
pub struct BlockRef<'a> {
    kind: BlockKind,
    bytes: &'a [u8],
    start: usize,
    len: usize,
}

impl<'a> BlockRef<'a> {
    /// All values of these blocks. Bytes behind the last whole block are not used.
    pub fn new(kind: BlockKind, bytes: &'a [u8]) -> Self {
        let len = bytes.len() / kind.bytes() * kind.len();
        BlockRef {
            kind,
            bytes,
            start: 0,
            len,
        }
    }

    /// How they are stored.
    pub fn kind(&self) -> BlockKind {
        self.kind
    }

    /// Number of values.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are no values.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The `len` values from `start`.
    ///
    /// # Panics
    /// When they are not inside; kernels check their shapes first.
    #[inline]
    pub fn slice(&self, start: usize, len: usize) -> BlockRef<'a> {
        assert!(start + len <= self.len, "a range outside of the blocks");
        BlockRef {
            start: self.start + start,
            len,
            ..*self
        }
    }

    /// The bytes of the blocks from the one that value `start` begins; whole blocks are asked for.
    pub(crate) fn blocks_from(&self, start: usize) -> &'a [u8] {
        let at = self.start + start;
        debug_assert!(at.is_multiple_of(self.kind.len()));
        &self.bytes[at / self.kind.len() * self.kind.bytes()..]
    }

    /// Widens all values into the front of `out`. For callers inside [`isa::dispatch`].
    #[inline(always)]
    pub(crate) fn widen(&self, out: &mut [f32]) {
        with_block!(self.kind, B => widen::<B>(self.bytes, self.start, &mut out[..self.len]))
    }

    /// Without the lifetime.
    pub(crate) fn raw(&self) -> RawBlocks {
        RawBlocks {
            kind: self.kind,
            bytes: self.bytes,
            start: self.start,
            len: self.len,
        }
    }

    /// One value.
    pub fn get(&self, index: usize) -> f32 {
        let mut value = [0.0];
        let one = self.slice(index, 1);
        isa::dispatch(
            #[inline(always)]
            || one.widen(&mut value),
        );
        value[0]
    }
}

/// A [`BlockRef`] without its lifetime, for products on raw pointers.
#[derive(Clone, Copy)]
pub(crate) struct RawBlocks {
    kind: BlockKind,
    bytes: *const [u8],
    start: usize,
    len: usize,
}

impl RawBlocks {
    /// The blocks again.
    ///
    /// # Safety
    /// The bytes still live.
    pub(crate) unsafe fn get<'a>(self) -> BlockRef<'a> {
        BlockRef {
            kind: self.kind,
            // SAFETY: as promised by the caller; they were a slice in `BlockRef::raw`.
            bytes: unsafe { &*self.bytes },
            start: self.start,
            len: self.len,
        }
    }
}

/// The values from `start` on, as many as `out` takes.
#[inline(always)]
fn widen<B: Block>(bytes: &[u8], start: usize, out: &mut [f32]) {
    let block = |i: usize| &bytes[i * B::BYTES..(i + 1) * B::BYTES];
    let mut part = [0.0; GROUP];
    let (mut at, mut out) = (start, out);
    while !out.is_empty() {
        let (i, inside) = (at / B::LEN, at % B::LEN);
        let n = if inside == 0 && out.len() >= B::LEN {
            B::widen(block(i), out);
            B::LEN
        } else {
            B::group(block(i), inside / GROUP, &mut part);
            let skip = inside % GROUP;
            let n = (GROUP - skip).min(out.len());
            out[..n].copy_from_slice(&part[skip..skip + n]);
            n
        };
        at += n;
        out = &mut out[n..];
    }
}

/// The f16 at byte `at` of a block.
#[inline(always)]
fn half_at(block: &[u8], at: usize) -> f32 {
    f16_to_f32(f16::from_le_bytes([block[at], block[at + 1]]))
}

#[cfg(test)]
pub(crate) mod tests;
