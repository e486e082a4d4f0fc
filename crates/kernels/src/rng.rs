//! Philox4x32-10, a counter-based generator: value `i` of a tensor depends on seed, counter and `i` alone, so dropout
//! stores no mask and a run does not depend on threads.
//!
//! Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".

/// Blocks made at a time by the bulk functions: 16 lanes of u32 fill an AVX-512 register.
pub const LANES: usize = 16;

/// u32 values made at a time by the bulk functions.
pub const BATCH: usize = 4 * LANES;

const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// What a random tensor draws; determines how many values a block of four u32 yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Uniform or normal f32, dropout and Bernoulli masks of any type: four values per block.
    Single,
    /// Uniform or normal f64: two values per block.
    Double,
}

/// Counter blocks that `n` values use; the next tensor starts after them.
#[inline]
pub fn blocks_used(n: usize, draw: Draw) -> u64 {
    match draw {
        Draw::Single => n.div_ceil(4) as u64,
        Draw::Double => n.div_ceil(2) as u64,
    }
}

/// Block `counter` of the stream `seed`: key = seed (low, high word), counter words = (low, high, 0, 0).
#[inline(always)]
pub fn philox(seed: u64, counter: u64) -> [u32; 4] {
    let blocks = philox_lanes::<1>(seed, counter);
    [blocks[0][0], blocks[1][0], blocks[2][0], blocks[3][0]]
}

/// Blocks `counter .. counter + L`, word by word: `result[w][j]` is word w of block `counter + j`.
#[inline(always)]
pub fn philox_lanes<const L: usize>(seed: u64, counter: u64) -> [[u32; L]; 4] {
    let block = |j: usize| counter.wrapping_add(j as u64);
    let mut c = [
        std::array::from_fn(|j| block(j) as u32),
        std::array::from_fn(|j| (block(j) >> 32) as u32),
        [0u32; L],
        [0u32; L],
    ];
    let mut key = [seed as u32, (seed >> 32) as u32];
    for _ in 0..10 {
        let [c0, c1, c2, c3] = &mut c;
        for (((c0, c1), c2), c3) in c0.iter_mut().zip(c1).zip(c2).zip(c3) {
            let p0 = *c0 as u64 * MULTIPLIERS[0] as u64;
            let p1 = *c2 as u64 * MULTIPLIERS[1] as u64;
            *c0 = (p1 >> 32) as u32 ^ *c1 ^ key[0];
            *c1 = p1 as u32;
            *c2 = (p0 >> 32) as u32 ^ *c3 ^ key[1];
            *c3 = p0 as u32;
        }
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    c
}

/// The u32 values of [`LANES`] blocks from `counter`, in element order.
#[inline(always)]
pub fn batch(seed: u64, counter: u64) -> [u32; BATCH] {
    let words = philox_lanes::<LANES>(seed, counter);
    let mut out = [0u32; BATCH];
    for j in 0..LANES {
        for (w, word) in words.iter().enumerate() {
            out[4 * j + w] = word[j];
        }
    }
    out
}

/// Fills `out` with the u32 values from the start of block `counter`: value i is lane `i % 4` of block `counter + i/4`.
/// For use inside [`crate::isa::dispatch`].
#[inline(always)]
pub fn fill_u32(seed: u64, counter: u64, out: &mut [u32]) {
    let mut counter = counter;
    for chunk in out.chunks_mut(BATCH) {
        let values = batch(seed, counter);
        chunk.copy_from_slice(&values[..chunk.len()]);
        counter = counter.wrapping_add(LANES as u64);
    }
}

/// The u32 value of element `index` of the tensor that starts at block `counter`.
#[inline(always)]
pub fn element_u32(seed: u64, counter: u64, index: u64) -> u32 {
    philox(seed, counter.wrapping_add(index / 4))[(index % 4) as usize]
}

/// Uniform in [0, 1) from the upper 24 bits.
#[inline(always)]
pub fn unit_f32(u: u32) -> f32 {
    (u >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Uniform in [0, 1) from 53 bits of two lanes.
#[inline(always)]
pub fn unit_f64(low: u32, high: u32) -> f64 {
    let bits = ((high as u64) << 32 | low as u64) >> 11;
    bits as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The 24-bit threshold of dropout: an element with value `u` is kept iff `u >> 8 >= threshold(p)`, which is
/// `unit_f32(u) >= p` without rounding.
#[inline]
pub fn drop_threshold(p: f64) -> u32 {
    (p.clamp(0.0, 1.0) * 16_777_216.0).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::dispatch;
    use crate::testing::each_isa;

    #[test]
    fn philox_gives_the_published_vectors() {
        // Known answers of Random123 (kat_vectors, philox4x32 10 rounds) whose upper counter words are zero.
        assert_eq!(philox(0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    }

    #[test]
    fn bulk_values_are_the_single_ones_on_each_set() {
        each_isa(|_| {
            for n in crate::testing::SIZES {
                let counter = u64::MAX - 3;
                let mut out = vec![0; n];
                dispatch(
                    #[inline(always)]
                    || fill_u32(7, counter, &mut out),
                );
                let want: Vec<u32> = (0..n as u64).map(|i| element_u32(7, counter, i)).collect();
                assert_eq!(out, want);
            }
        });
    }

    #[test]
    fn units_stay_below_one_and_blocks_are_counted() {
        assert_eq!((unit_f32(0), unit_f64(0, 0)), (0.0, 0.0));
        assert!(unit_f32(u32::MAX) < 1.0 && unit_f64(u32::MAX, u32::MAX) < 1.0);
        assert_eq!(
            (
                blocks_used(5, Draw::Single),
                blocks_used(5, Draw::Double),
                blocks_used(0, Draw::Single)
            ),
            (2, 3, 0)
        );
        assert_eq!(
            (drop_threshold(0.0), drop_threshold(1.0), drop_threshold(0.5)),
            (0, 1 << 24, 1 << 23)
        );
    }
}
