//! An embedding with its low-rank update in one op.

use candle_core::Tensor;
use kernels::cpu::embedding::{self as kernel, EmbeddingDims, EmbeddingOptions};
use kernels::cpu::gemm::{GemmDims, GemmOperands, GemmOutput, gemm};
use kernels::cpu::lora::{LoraEmbeddingDims, LoraFactors, LoraOutputs, lora_embedding};

use super::super::elementwise::wide;
use super::super::embedding::{added, check_ids, forget, frequencies, padding, select};
use super::super::linear::{Weight, product, rows};
use super::super::{ids, table};
use super::wants;
use crate::error::Result;
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::row::{Needs, Save};
use crate::shape::Shape;
use crate::storage::Element;

const WEIGHT: usize = 0;
const IDS: usize = 1;
const A: usize = 2;
const B: usize = 3;
/// The hidden output for backward.
const H: usize = 1;

// ---- forward --------------------------------------------------------------------------------------------------------

/// `weight (num, dim)`, ids, `a (R, num)`, `b (dim, R)` → `(..., dim)` and, for backward, `h (ids, R)`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.weight_dtype(WEIGHT)?.wide();
    check_ids(context, IDS)?;
    let (weight, ids, a, b) = (
        context.shape(WEIGHT),
        context.shape(IDS),
        context.shape(A),
        context.shape(B),
    );
    let &[num, dim] = weight.dims() else {
        return Err(context.shape_error("weight (num, dim)"));
    };
    let mut attrs = context.reader();
    attrs.number();
    padding(&mut attrs, num)?;
    for i in [A, B] {
        context.want_dtype(i, dtype)?;
    }
    let r = b.last();
    if b.dims() != [dim, r] || a.dims() != [r, num] {
        return Err(context.shape_error(format!("a (r, {num}) and b ({dim}, r) with one r")));
    }
    let mut dims = ids.dims().to_vec();
    dims.push(dim);
    Ok(Metas::from_iter([
        Meta::new(Shape::new(&dims), dtype),
        Meta::new(Shape::new(&[ids.numel(), r]), dtype),
    ]))
}

/// `y = W[ids] + scaling · h Bᵀ` with `h = Aᵀ[ids]`.
///
/// Source: loralib `Embedding.forward`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let scaling = exec.reader().number();
    let (num, dim) = (exec.shape(WEIGHT).dims()[0], exec.shape(WEIGHT).dims()[1]);
    let r = exec.shape(B).dims()[1];
    float!(exec.out(0).dtype, T => {
        let (mut y, mut h) = (exec.alloc::<T>(0)?, exec.alloc::<T>(H)?);
        let (ids, a, b) = (exec.read::<i64>(IDS)?, exec.read::<T>(A)?, exec.read::<T>(B)?);
        let weight = Weight::read(exec, WEIGHT)?;
        let factors = LoraFactors { a: &a, b: &b, scaling: scaling as T };
        lora_embedding(
            LoraEmbeddingDims { num, dim, r },
            factors,
            weight.values(),
            &ids,
            LoraOutputs { h: &mut h, y: &mut y },
        )?;
        Ok(outputs([T::wrap(y), T::wrap(h)]))
    })
}

/// Twin of `loraEmbedding`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let scaling = twin.reader().number();
    let ids = ids::checked_ids(twin, IDS, twin.tensor(WEIGHT).dim(0)?)?.flatten_all()?;
    let base = select(twin.tensor(WEIGHT), &ids)?; // (ids, dim)
    let h = select_columns(twin.tensor(A), &ids)?; // (ids, R)
    let update = (product(&h, &twin.tensor(B).t()?)? * scaling)?;
    Ok(vec![(base + update)?.reshape(twin.out(0).shape.dims())?, h])
}

/// Columns by id, as rows.
fn select_columns(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    if ids.elem_count() == 0 || table.dim(0)? == 0 {
        return Ok(Tensor::zeros(
            (ids.elem_count(), table.dim(0)?),
            table.dtype(),
            table.device(),
        )?);
    }
    Ok(table.index_select(ids, 1)?.t()?.contiguous()?)
}

// ---- backward -------------------------------------------------------------------------------------------------------

/// The ids for every table; B and h, which are small, for the factors.
pub fn save(needs: Needs) -> Save {
    let factors = needs.input(A) || needs.input(B);
    Save {
        inputs: Needs::when(needs.input(WEIGHT) || factors, &[IDS]) | Needs::when(factors, &[B]),
        outputs: Needs::when(factors, &[H]),
    }
}

/// `dW` as in a plain embedding; `dA` and `dB` as below.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (scaling, padding, by_frequency) = (attrs.number(), attrs.number(), attrs.number());
    let num = back.shape(WEIGHT).dims()[0] as f64;
    let dy = wide(back, back.dy())?;
    if back.needs(WEIGHT) {
        let dw = back.op(
            &table::EMBEDDING_BACKWARD,
            &[dy, back.input(IDS)],
            &[num, padding, by_frequency],
        )?;
        back.set(WEIGHT, dw);
    }
    let wanted = |i: usize, bit: u32| if back.needs(i) { bit } else { 0 };
    let needs = wanted(A, wants::DA) | wanted(B, wants::DB);
    if needs == 0 {
        return Ok(());
    }
    let inputs = [dy, back.input(IDS), back.input(B), back.output(H)];
    let attrs = [scaling, padding, by_frequency, num, f64::from(needs)];
    let grads = back.ops(&table::LORA_EMBEDDING_BACKWARD, &inputs, &attrs)?;
    for (i, grad) in [A, B].into_iter().zip(grads) {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

const GRAD_DY: usize = 0;
const GRAD_B: usize = 2;
const GRAD_H: usize = 3;

struct GradOptions {
    scaling: f64,
    padding: Option<usize>,
    by_frequency: bool,
    num: usize,
    needs: u32,
}

fn grad_options(mut attrs: AttrReader<'_>) -> Result<GradOptions> {
    let scaling = attrs.number();
    let mut for_padding = attrs;
    attrs.number();
    let (by_frequency, num, needs) = (attrs.bool(), attrs.size()?, attrs.number() as u32);
    Ok(GradOptions {
        scaling,
        padding: padding(&mut for_padding, num)?,
        by_frequency,
        num,
        needs,
    })
}

/// `da (R, num)` and `db (dim, R)`; what is not wanted is empty.
pub fn grad_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let GradOptions { num, needs, .. } = grad_options(context.reader())?;
    let b = context.shape(GRAD_B);
    let a = Shape::new(&[b.last(), num]);
    let dtype = context.dtype(GRAD_DY).wide();
    let wanted = |bit: u32, shape: Shape| Meta::new(if needs & bit != 0 { shape } else { Shape::new(&[0]) }, dtype);
    Ok(Metas::from_iter([wanted(wants::DA, a), wanted(wants::DB, b.clone())]))
}

/// `dA[:, id] = Σ dh` over the positions of each id, with `dh = scaling · dy B`; `dB = scaling · dyᵀ h`.
///
/// The padding id adds nothing to A, and `scaleGradByFreq` applies to A only, as in torch.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let GradOptions {
        scaling,
        padding,
        by_frequency,
        num,
        needs,
    } = grad_options(exec.reader())?;
    let (dim, r) = (exec.shape(GRAD_B).dims()[0], exec.shape(GRAD_B).dims()[1]);
    float!(exec.out(0).dtype, T => {
        let (dy, ids, b, h) = (exec.read::<T>(GRAD_DY)?, exec.read::<i64>(IDS)?, exec.read::<T>(GRAD_B)?, exec.read::<T>(GRAD_H)?);
        let (mut da, mut db) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let n = ids.len();
        if needs & wants::DA != 0 {
            let mut dh = exec.scratch::<T>(n * r)?;
            let operands = GemmOperands {
                a: &dy,
                a_strides: (dim as isize, 1),
                b: &b,
                b_strides: (r as isize, 1),
                alpha: scaling as T,
                beta: 0.0,
            };
            gemm(GemmDims { m: n, k: dim, n: r }, operands, GemmOutput { c: &mut dh, row_stride: r })?;
            let options = EmbeddingOptions { padding_idx: padding, scale_by_freq: by_frequency };
            kernel::embedding_t_backward(EmbeddingDims { num, dim: r }, &ids, &dh, options, &mut da)?;
            exec.give(dh);
        }
        if needs & wants::DB != 0 {
            let operands = GemmOperands {
                a: &dy,
                a_strides: (1, dim as isize),
                b: &h,
                b_strides: (r as isize, 1),
                alpha: scaling as T,
                beta: 0.0,
            };
            gemm(GemmDims { m: dim, k: n, n: r }, operands, GemmOutput { c: &mut db, row_stride: r })?;
        }
        Ok(outputs([T::wrap(da), T::wrap(db)]))
    })
}

/// Twin of `loraEmbeddingBackward`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let GradOptions {
        scaling,
        padding,
        by_frequency,
        num,
        needs,
    } = grad_options(twin.reader())?;
    let dy = (rows(twin.tensor(GRAD_DY))? * scaling)?; // (ids, dim)
    let ids = ids::checked_ids(twin, IDS, num)?.flatten_all()?;
    let nothing = Tensor::zeros(0, dy.dtype(), dy.device())?;
    let da = if needs & wants::DA != 0 {
        let dh = product(&dy, twin.tensor(GRAD_B))?; // (ids, R)
        sum_by_id(&dh, &ids, num, padding, by_frequency)?.t()?.contiguous()?
    } else {
        nothing.clone()
    };
    let db = if needs & wants::DB != 0 {
        product(&dy.t()?, twin.tensor(GRAD_H))?
    } else {
        nothing
    };
    Ok(vec![da, db])
}

/// Rows summed by id (num, R), divided by how often the id occurs where asked; 0 for the padding id.
fn sum_by_id(rows: &Tensor, ids: &Tensor, num: usize, padding: Option<usize>, by_frequency: bool) -> Result<Tensor> {
    let zeros = Tensor::zeros((num, rows.dim(1)?), rows.dtype(), rows.device())?;
    if rows.elem_count() == 0 {
        return Ok(zeros);
    }
    let mut sum = added(zeros, ids, rows)?;
    if by_frequency {
        sum = sum.broadcast_div(&frequencies(ids, num, rows.dtype())?)?;
    }
    if let Some(row) = padding {
        forget(&sum, row)?;
    }
    Ok(sum)
}
