//! What the code of one instruction set offers, and how it is told of factors, panels and tiles.

use half::{bf16, f16};

/// Numbers of a factor, where and as they lie.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
    F32(*const f32),
    Bf16(*const bf16),
    F16(*const f16),
}

/// One factor of a product. A line is a row of A or a column of B: what meets one line of the other factor along K.
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
    /// Itself, times this.
    Scaled(f32),
    /// One number a column; C is not read.
    Bias(*const f32),
}

/// A tile of C: `c = start + alpha · (what the panels give)`.
#[derive(Clone, Copy)]
pub(in super::super) struct Tile {
    pub c: *mut f32,
    pub c_rs: usize,
    pub rows: usize,
    pub columns: usize,
    pub alpha: f32,
    pub start: Start,
}

/// Where lines go: panel after panel of W lines, in a panel one step along K after the other, W units of 32 bits each.
#[derive(Clone, Copy)]
pub(in super::super) struct Lines {
    pub first: usize,
    pub count: usize,
    /// First place along K and how many.
    pub k0: usize,
    pub k_len: usize,
    /// Units from a panel to the next.
    pub panel: usize,
}

/// Copies lines of a factor into panels. Lines that fill up the last panel are zeros or, in A's panels, left out. Where a unit holds two
/// numbers, the second one of an odd last step is 0.
///
/// # Safety
/// The factor has these lines, and `out` has room for their panels.
pub(in super::super) type Pack = unsafe fn(&Factor, Lines, out: *mut f32);

/// The code of one instruction set.
pub(in super::super) struct Kernel {
    /// Lines of a panel of A, and most rows of a tile.
    pub mr: usize,
    /// Lines of a panel of B, and most columns of a tile.
    pub nr: usize,
    /// Numbers along K in a step of the first pair of factors; the second pair has one f32 in a step.
    pub per_step: usize,
    /// Longest chain of additions: at most so many steps are summed before they are added to C. It decides the bits.
    pub kc: usize,
    /// For the first and the second pair of factors.
    pub pack_a: [Pack; 2],
    pub pack_b: [Pack; 2],
    /// One tile from a panel of A and one of B, with so many steps of the first and then of the second pair of factors.
    ///
    /// # Safety
    /// The panels have these steps; nobody else touches the tile, whose rows and columns are at most MR and NR.
    pub tile: unsafe fn(steps: [usize; 2], a: *const f32, b: *const f32, tile: &Tile),
}
