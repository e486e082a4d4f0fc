//! The interface of the code of one instruction set, and the factors, panels and tiles that it takes.

use half::{bf16, f16};

use crate::blocks::RawBlocks;

/// The values of a factor as they are stored.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
    F32(*const f32),
    Bf16(*const bf16),
    F16(*const f16),
    /// Contiguous along K or along the lines. They are widened before the packing of an instruction set sees them.
    Blocks(RawBlocks),
}

/// One factor of a product. A line is a row of A or a column of B: the values that are multiplied along K.
#[derive(Clone, Copy)]
pub(crate) struct Factor {
    pub numbers: Numbers,
    /// Elements from a line to the next.
    pub line: usize,
    /// Elements from a step along K to the next.
    pub k: usize,
}

/// What an element of C starts from, before the sums are added.
#[derive(Clone, Copy)]
pub(crate) enum Start {
    /// 0; C is not read.
    Zero,
    /// The old value, times this.
    Scaled(f32),
    /// One value per column; C is not read.
    Bias(*const f32),
}

/// A tile of C: `c = start + alpha · (product of the panels)`.
#[derive(Clone, Copy)]
pub(in super::super) struct Tile {
    pub c: *mut f32,
    pub c_rs: usize,
    pub rows: usize,
    pub columns: usize,
    pub alpha: f32,
    pub start: Start,
}

/// Lines to be packed: panel after panel of W lines; in a panel, one step along K after the other, each of W units of 32 bits.
#[derive(Clone, Copy)]
pub(in super::super) struct Lines {
    pub first: usize,
    pub count: usize,
    /// First index along K and how many.
    pub k0: usize,
    pub k_len: usize,
    /// Units from one panel to the next.
    pub panel: usize,
}

/// Copies lines of a factor into panels. Missing lines of the last panel are zeros or, in A's panels, left unwritten. Where a unit holds
/// two values, the second one of an odd last step is 0.
///
/// # Safety
/// The factor has these lines, and `out` is large enough for their panels.
pub(in super::super) type Pack = unsafe fn(&Factor, Lines, out: *mut f32);

/// The code of one instruction set.
pub(in super::super) struct Kernel {
    /// Lines of a panel of A, and most rows of a tile.
    pub mr: usize,
    /// Lines of a panel of B, and most columns of a tile.
    pub nr: usize,
    /// Values along K in a step of the first pair of factors; the second pair has one f32 in a step.
    pub per_step: usize,
    /// At most so many steps are summed before they are added to C. It determines the bits.
    pub kc: usize,
    /// For the first and the second pair of factors.
    pub pack_a: [Pack; 2],
    pub pack_b: [Pack; 2],
    /// One tile from a panel of A and one of B, which have `steps` of the first and then of the second pair of factors.
    ///
    /// # Safety
    /// The panels have these steps; no other thread touches the tile, whose rows and columns are at most MR and NR.
    pub tile: unsafe fn(steps: [usize; 2], a: *const f32, b: *const f32, tile: &Tile),
}

/// Longest chain of additions in f32. The rounding error of a sum grows with its chains, and a sum of several chains costs a few instructions more. At 64 the logits of a
/// model whose activations are as large as 2e4 (SmolLM2-135M) are within 1e-4 of those in f64; at 256 some were 2e-4 from them (`npm run proof:peft`).
#[cfg(target_arch = "x86_64")]
const CHAIN: usize = 64;

/// The lengths of the chains in which k products are summed, nearly equal.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn chains(k: usize) -> impl Iterator<Item = usize> {
    let len = k.div_ceil(k.div_ceil(CHAIN).max(1)).max(1);
    (0..k).step_by(len).map(move |at| len.min(k - at))
}
