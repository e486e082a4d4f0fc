//! The values of blocks, in any range.

use super::*;
use crate::testing::each_isa;

/// Blocks whose scales are finite numbers, and whose other bytes are anything.
pub(crate) fn sample(kind: BlockKind, count: usize) -> Vec<u8> {
    let halves: &[usize] = match kind {
        BlockKind::Q4_0 | BlockKind::Q5_0 | BlockKind::Q8_0 => &[0],
        BlockKind::Q4_1 | BlockKind::Q5_1 | BlockKind::Q4K | BlockKind::Q5K => &[0, 2],
        BlockKind::Q2K => &[80, 82],
        BlockKind::Q3K => &[108],
        BlockKind::Q6K => &[208],
    };
    let mut state = 0x1234_5678_u32;
    let mut bytes = vec![0u8; count * kind.bytes()];
    for block in bytes.chunks_exact_mut(kind.bytes()) {
        for byte in block.iter_mut() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        for &at in halves {
            let scale = f16::from_f32((f32::from(block[at]) - 100.0) / 4096.0);
            block[at..at + 2].copy_from_slice(&scale.to_le_bytes());
        }
    }
    bytes
}

fn all(blocks: BlockRef<'_>) -> Vec<f32> {
    let mut out = vec![f32::NAN; blocks.len()];
    isa::dispatch(
        #[inline(always)]
        || blocks.widen(&mut out),
    );
    out
}

#[test]
fn any_range_has_the_bits_of_the_whole() {
    each_isa(|_| {
        for kind in BlockKind::ALL {
            let bytes = sample(kind, 3);
            let blocks = BlockRef::new(kind, &bytes);
            let whole = all(blocks);
            assert_eq!(whole.len(), 3 * kind.len());
            assert!(whole.iter().all(|x| x.is_finite()), "{kind:?}");
            for (start, len) in [
                (0, 0),
                (0, 1),
                (5, 20),
                (1, kind.len()),
                (kind.len(), 7),
                (7, 2 * kind.len() + 3),
            ] {
                assert_eq!(
                    all(blocks.slice(start, len)),
                    whole[start..start + len],
                    "{kind:?} {start} {len}"
                );
            }
            assert_eq!(blocks.get(kind.len() + 3), whole[kind.len() + 3]);
        }
    });
}

#[test]
fn instruction_sets_agree_to_the_last_bits() {
    for kind in BlockKind::ALL {
        let bytes = sample(kind, 4);
        let mut results = Vec::new();
        each_isa(|_| results.push(all(BlockRef::new(kind, &bytes))));
        for other in &results[1..] {
            assert_eq!(&results[0], other, "{kind:?}");
        }
    }
}
