//! Merging the low-rank update into a copy of the base weight.

use candle_core::Tensor;
use half::{bf16, f16};
use kernels::cpu::convert;
use kernels::cpu::linear::{Layout, LinearWeight};
use kernels::cpu::lora::{self as kernel, LoraDims, LoraFactors, WeightMut};

use super::super::blocks::round_to_blocks;
use super::super::create::one;
use super::super::linear::{Weight, layout, product, sizes};
use super::super::twins::wide;
use super::{Blocks, blocks, check_factors, offsets, spread};
use crate::dtype::Dtype;
use crate::error::Result;
use crate::float;
use crate::meta::Metas;
use crate::ops::attrs::AttrReader;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::cost::Shapes;
use crate::shape::Shape;
use crate::storage::Element;

const WEIGHT: usize = 0;
const A: usize = 1;
const B: usize = 2;

struct Options {
    scaling: f64,
    layout: Layout,
    blocks: Blocks,
}

fn options(mut attrs: AttrReader<'_>, weight: &Shape) -> Result<Options> {
    let (scaling, layout) = (attrs.number(), layout(&mut attrs)?);
    let (n, _) = sizes(weight, layout);
    Ok(Options {
        scaling,
        layout,
        blocks: blocks(attrs.dims(), n)?,
    })
}

/// The weight's own shape and dtype. An embedding (num, dim) is a weight in layout (in, out).
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.weight_dtype(WEIGHT)?;
    let weight = context.meta(WEIGHT);
    if weight.shape.rank() != 2 {
        return Err(context.shape_error("weight (out, in) or (in, out)"));
    }
    let Options { layout, blocks, .. } = options(context.reader(), &weight.shape)?;
    let (_, k) = sizes(&weight.shape, layout);
    check_factors(context, (A, B), WEIGHT, &blocks, k)?;
    Ok(one(weight.clone()))
}

/// Multiplications of `loraMerge`: the rank for each element of the weight.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.numel(WEIGHT)? * shapes.last(B)?)
}

/// `W + scaling · B A` in the layout of W, rounded once to its dtype; W itself is not changed.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let Options {
        scaling,
        layout,
        blocks,
    } = options(exec.reader(), exec.shape(WEIGHT))?;
    let ((n, k), r) = (sizes(exec.shape(WEIGHT), layout), exec.shape(B).dims()[1]);
    float!(exec.dtype(WEIGHT).wide(), T => {
        let weight = Weight::<T>::read(exec, WEIGHT)?;
        let (a, b) = (exec.read::<T>(A)?, exec.read::<T>(B)?);
        let dims = LoraDims { m: 0, k, n, r, blocks: &blocks };
        let factors = LoraFactors { a: &a, b: &b, scaling: scaling as T };
        let base = LinearWeight { values: weight.values(), layout };
        let merge = |out: WeightMut<'_, T>| kernel::lora_merge(dims, factors, base, out);
        Ok(outputs([match exec.out(0).dtype {
            Dtype::Bf16 => {
                let mut merged = exec.alloc::<bf16>(0)?;
                merge(WeightMut::Bf16(&mut merged))?;
                bf16::wrap(merged)
            }
            Dtype::F16 => {
                let mut merged = exec.alloc::<f16>(0)?;
                merge(WeightMut::F16(&mut merged))?;
                f16::wrap(merged)
            }
            dtype => {
                let mut merged = exec.scratch::<T>(n * k)?;
                merge(WeightMut::Full(&mut merged))?;
                match dtype.blocks() {
                    Some(kind) => {
                        let mut wide = exec.scratch::<f32>(n * k)?;
                        convert::cast(&merged, &mut wide)?;
                        exec.give(merged);
                        let mut rounded = exec.alloc::<u8>(0)?;
                        round_to_blocks(kind, &wide, &mut rounded)?;
                        exec.give(wide);
                        u8::wrap(rounded)
                    }
                    None => T::wrap(merged),
                }
            }
        }]))
    })
}

/// Twin of `loraMerge`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (weight, a, b) = (twin.tensor(WEIGHT), twin.tensor(A), twin.tensor(B));
    let shape = Shape::new(weight.dims());
    let Options {
        scaling,
        layout,
        blocks,
    } = options(twin.reader(), &shape)?;
    let ((n, k), r) = (sizes(&shape, layout), b.dim(1)?);
    let mut parts = Vec::new();
    for (i, first, block) in offsets(&blocks) {
        let part = product(&b.narrow(0, first, block.len)?, &a.narrow(0, i * r, r)?)?; // (len, K)
        parts.push((part * scaling)?);
    }
    let update = spread(&parts, &blocks, [n, k], 0, a)?;
    let update = if layout == Layout::OutIn {
        update
    } else {
        update.t()?.contiguous()?
    };
    Ok(vec![(wide(weight)? + update)?])
}
