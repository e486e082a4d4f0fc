//! Numbers in blocks ([`Dtype::blocks`]): which ops read them, and how they are made and widened.

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use kernels::WeightRef;
use kernels::blocks::{BlockKind, BlockRef};
use kernels::par;
use rayon::prelude::*;

use super::row::OpRow;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::shape::Shape;

/// Values of a task that makes or widens blocks.
const TASK: usize = 1 << 14;

/// Refuses an op that would read blocks as numbers, or give them.
///
/// # Errors
/// [`Code::Dtype`].
pub fn check(row: &'static OpRow, inputs: &[Option<&Meta>], attrs: &[f64], promised: &[Meta]) -> Result<()> {
    for (meta, i) in inputs.iter().zip(row.signature.bits(attrs)) {
        if let Some(meta) = meta
            && meta.dtype.blocks().is_some()
            && row.blocks >> i & 1 == 0
        {
            let name = row.signature.inputs.get(i).map_or("an input", |input| input.name);
            return Err(
                Error::new(Code::Dtype, format!("{} does not work on blocks", row.signature.name))
                    .expected("numbers, such as f32")
                    .received(format!("{name} {} {}", meta.shape, meta.dtype))
                    .hint("layers and embeddings read a weight in blocks; for anything else widen it with .to('f32')"),
            );
        }
    }
    match promised.iter().find(|meta| meta.dtype.blocks().is_some()) {
        Some(meta) if !row.gives_blocks => Err(Error::new(
            Code::Dtype,
            format!("{} does not make blocks", row.signature.name),
        )
        .expected("f32, f64, bf16, f16, i64, u8 or bool")
        .received(meta.dtype.name())
        .hint(format!(
            "make the tensor in f32, and convert it with .to('{}')",
            meta.dtype
        ))),
        Some(meta) => check_rows(&meta.shape, meta.dtype),
        None => Ok(()),
    }
}

/// Checks that rows are whole blocks.
///
/// # Errors
/// [`Code::Shape`].
pub fn check_rows(shape: &Shape, dtype: Dtype) -> Result<()> {
    let Some(kind) = dtype.blocks() else { return Ok(()) };
    if shape.rank() > 0 && shape.last().is_multiple_of(kind.len()) {
        return Ok(());
    }
    Err(
        Error::new(Code::Shape, format!("rows of this length cannot be stored as {dtype}"))
            .expected(format!("a last dimension that is a multiple of {}", kind.len()))
            .received(shape.to_string())
            .hint(if kind.len() > 32 {
                "q8_0, q5_0 and q4_0 have blocks of 32 values"
            } else {
                "keep such a tensor in f32, bf16 or f16"
            }),
    )
}

/// Widens blocks, as many as `out` takes.
pub fn widen_blocks(kind: BlockKind, bytes: &[u8], out: &mut [f32]) {
    let blocks = WeightRef::<f32>::Blocks(BlockRef::new(kind, bytes));
    par::rows_mut(out, kind.len(), (TASK / kind.len()).max(1), |start, out| {
        blocks.row(start * kind.len(), out.len(), out);
    });
}

/// Rounds numbers to blocks, which fill `out`. The blocks are those of candle, whose rounding is ggml's.
///
/// # Errors
/// candle's.
pub fn round_to_blocks(kind: BlockKind, numbers: &[f32], out: &mut [u8]) -> Result<()> {
    let blocks = (TASK / kind.len()).max(1);
    out.par_chunks_mut(blocks * kind.bytes())
        .zip(numbers.par_chunks(blocks * kind.len()))
        .try_for_each(|(out, numbers)| {
            let numbers = Tensor::from_slice(numbers, numbers.len(), &Device::Cpu)?;
            let blocks = QTensor::quantize(&numbers, ggml(kind))?;
            let data: Cow<'_, [u8]> = blocks.data()?;
            out.copy_from_slice(&data);
            Ok(())
        })
}

fn ggml(kind: BlockKind) -> GgmlDType {
    match kind {
        BlockKind::Q4_0 => GgmlDType::Q4_0,
        BlockKind::Q4_1 => GgmlDType::Q4_1,
        BlockKind::Q5_0 => GgmlDType::Q5_0,
        BlockKind::Q5_1 => GgmlDType::Q5_1,
        BlockKind::Q8_0 => GgmlDType::Q8_0,
        BlockKind::Q2K => GgmlDType::Q2K,
        BlockKind::Q3K => GgmlDType::Q3K,
        BlockKind::Q4K => GgmlDType::Q4K,
        BlockKind::Q5K => GgmlDType::Q5K,
        BlockKind::Q6K => GgmlDType::Q6K,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_candles_numbers() {
        let numbers: Vec<f32> = (0..2048)
            .map(|i| ((i * 37 % 101) as f32 - 50.0) / 64.0 + (i as f32 * 0.1).sin())
            .collect();
        for kind in BlockKind::ALL {
            let mut bytes = vec![0u8; numbers.len() / kind.len() * kind.bytes()];
            round_to_blocks(kind, &numbers, &mut bytes).unwrap();
            let mut wide = vec![f32::NAN; numbers.len()];
            widen_blocks(kind, &bytes, &mut wide);
            let tensor = Tensor::from_slice(&numbers, numbers.len(), &Device::Cpu).unwrap();
            let candles = QTensor::quantize(&tensor, ggml(kind)).unwrap();
            assert_eq!(&*candles.data().unwrap(), &bytes[..], "{kind:?}");
            let want: Vec<f32> = candles.dequantize(&Device::Cpu).unwrap().to_vec1().unwrap();
            assert_eq!(wide, want, "{kind:?}");
            let worst = wide
                .iter()
                .zip(&numbers)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f32::max);
            let most = [0.25, 0.25, 0.12, 0.12, 0.02, 1.2, 0.6, 0.3, 0.15, 0.08][kind as usize];
            assert!(worst < most, "{kind:?} {worst}");
        }
    }
}
