//! The gradients of the low-rank update, which the dense layer and the update on a finished product share.

use candle_core::Tensor;
use kernels::cpu::linear::{Layout, LinearWeight};
use kernels::cpu::lora::{self as kernel, LoraDims, LoraFactors, LoraGradients, LoraOperands};
use smallvec::SmallVec;

use super::super::linear::{Weight, Wide, layout, out_in, product, rows, times};
use super::super::{own, table};
use super::{Blocks, blocks, dropout, dropout_blocks, offsets, wants};
use crate::error::Result;
use crate::float;
use crate::meta::{Id, Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use crate::ops::cost::Shapes;
use crate::shape::Shape;
use crate::storage::Element;

const DY: usize = 0;
const X: usize = 1;
const A: usize = 2;
const B: usize = 3;
const H: usize = 4;
/// The weight of the base, when dx is that of the whole layer.
const WEIGHT: usize = 5;

struct Options {
    scaling: f64,
    p: f64,
    blocks: Blocks,
    needs: u32,
    layout: Layout,
}

fn options(mut attrs: AttrReader<'_>, n: usize) -> Result<Options> {
    let (scaling, p, blocks) = (attrs.number(), attrs.number(), blocks(attrs.dims(), n)?);
    Ok(Options {
        scaling,
        p,
        blocks,
        needs: attrs.number() as u32,
        layout: layout(&mut attrs)?,
    })
}

/// Records the gradient op of a layer with x, A and B at these inputs and h at output 1, and sets the gradients.
///
/// `given` holds scaling, p and blocks; `base` is the weight of a dense layer and its layout: dx then includes its share.
pub(super) fn record(
    back: &mut Back<'_>,
    [x, a, b]: [usize; 3],
    dy: Id,
    base: Option<(usize, f64)>,
    mut given: SmallVec<[f64; 12]>,
) -> Result<()> {
    let mut needs = 0;
    for (i, bit) in [(x, wants::DX), (a, wants::DA), (b, wants::DB)] {
        needs |= if back.needs(i) { bit } else { 0 };
    }
    if needs == 0 {
        return Ok(());
    }
    let (weight, layout) = base
        .filter(|_| back.needs(x))
        .map_or((0, 0.0), |(i, layout)| (back.input(i), layout));
    given.extend([f64::from(needs), layout]);
    let saved_x = if back.needs(a) { back.input(x) } else { 0 };
    let saved_h = if back.needs(b) { back.output(1) } else { 0 };
    let inputs = [dy, saved_x, back.input(a), back.input(b), saved_h, weight];
    let grads = back.replay(&table::LORA_BACKWARD, &inputs, &given, back.rng())?;
    for (i, grad) in [x, a, b].into_iter().zip(grads) {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

/// `dx (..., K)`, `da (G·R, K)`, `db (Σlen, R)`; what is not wanted is empty.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let Options { needs, .. } = options(context.reader(), context.shape(DY).last())?;
    let (dy, a, b) = (context.meta(DY), context.shape(A), context.shape(B));
    let outputs = [
        (wants::DX, dy.shape.with_last(a.last())),
        (wants::DA, a.clone()),
        (wants::DB, b.clone()),
    ];
    let empty = Shape::new(&[0]);
    Ok(outputs
        .into_iter()
        .map(|(bit, shape)| Meta::new(if needs & bit != 0 { shape } else { empty.clone() }, dy.dtype.wide()))
        .collect())
}

/// The random blocks of the forward pass.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    let mut attrs = context.reader();
    attrs.number();
    let x = context.shape(DY).rows() * context.shape(A).last();
    Ok(dropout_blocks(attrs.number(), x))
}

/// Multiplications of `loraBackward`. A layer's dx is two products: over its weight, and over A.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    let (dx, weight) = match shapes.numel(WEIGHT) {
        Some(weight) => (1.0, weight),
        None => (0.0, 0.0),
    };
    let rows = shapes.numel(DY)? / shapes.last(DY)?;
    Some(rows * (weight + (1.0 + dx) * shapes.numel(A)? + 2.0 * shapes.numel(B)?))
}

/// Only what is wanted is computed. x may be missing when dA is not wanted, h when dB is not.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (m, n) = (exec.shape(DY).rows(), exec.shape(DY).last());
    let (k, r) = (exec.shape(A).last(), exec.shape(B).last());
    let Options {
        scaling,
        p,
        blocks,
        needs,
        layout,
    } = options(exec.reader(), n)?;
    let drop = dropout(p, exec.rng());
    float!(exec.out(0).dtype, T => {
        let (dy, a, b) = (exec.read::<T>(DY)?, exec.read::<T>(A)?, exec.read::<T>(B)?);
        let x = Wide::<T>::read_or_blank(exec, X, m * k)?;
        let h = Wide::<T>::read_or_blank(exec, H, m * blocks.len() * r)?;
        let (mut da, mut db) = (exec.alloc::<T>(1)?, exec.alloc::<T>(2)?);
        let mut dx = exec.alloc::<T>(0)?;
        let dims = LoraDims { m, k, n, r, blocks: &blocks };
        let operands = LoraOperands {
            x: &x,
            factors: LoraFactors { a: &a, b: &b, scaling: scaling as T },
            dropout: drop,
        };
        let mut gradients = LoraGradients {
            dx: None,
            da: (needs & wants::DA != 0).then_some(&mut da[..]),
            db: (needs & wants::DB != 0).then_some(&mut db[..]),
        };
        if exec.has(WEIGHT) {
            let weight = Weight::read(exec, WEIGHT)?;
            let weight = LinearWeight { values: weight.factor(exec.precision()), layout };
            gradients.dx = Some(&mut dx);
            kernel::lora_linear_backward(dims, operands, weight, &h, &dy, gradients)?;
        } else {
            kernels::par::fill(&mut dx, 0.0);
            gradients.dx = (needs & wants::DX != 0).then_some(&mut dx[..]);
            kernel::lora_update_backward(dims, operands, &h, &dy, gradients)?;
        }
        x.give(exec);
        h.give(exec);
        Ok(outputs([T::wrap(dx), T::wrap(da), T::wrap(db)]))
    })
}

/// Twin of `loraBackward`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dy = rows(&twin.wide(DY)?)?; // (M, N)
    let Options {
        scaling,
        p,
        blocks,
        needs,
        layout,
    } = options(twin.reader(), dy.dim(1)?)?;
    let (a, b) = (twin.tensor(A), twin.tensor(B));
    let (m, r) = (dy.dim(0)?, b.dim(1)?);
    let dropped = |x: Tensor| -> Result<Tensor> {
        Ok(if p > 0.0 {
            own::dropped(&x, p, twin.rng(), 0)?
        } else {
            x
        })
    };
    let (mut dh, mut db) = (Vec::new(), Vec::new());
    for (i, first, block) in offsets(&blocks) {
        let dy = dy.narrow(1, block.start, block.len)?; // (M, len)
        dh.push((product(&dy, &b.narrow(0, first, block.len)?)? * scaling)?);
        if needs & wants::DB != 0 {
            let h = twin.wide(H)?.narrow(1, i * r, r)?; // (M, R)
            db.push((product(&dy.t()?, &h)? * scaling)?);
        }
    }
    let dh = joined(&dh, 1, &[m, blocks.len() * r], &dy)?;
    let nothing = zeros(&dy, &[0])?;
    let dx = if needs & wants::DX != 0 {
        let mut dx = dropped(product(&dh, a)?)?;
        if let Some(weight) = twin.optional(WEIGHT) {
            dx = (dx + times(&dy, &out_in(weight, layout)?)?)?;
        }
        dx.reshape(twin.out(0).shape.dims())?
    } else {
        nothing.clone()
    };
    let da = if needs & wants::DA != 0 {
        product(&dh.t()?, &dropped(rows(&twin.wide(X)?)?)?)?
    } else {
        nothing.clone()
    };
    let db = if needs & wants::DB != 0 {
        joined(&db, 0, b.dims(), &dy)?
    } else {
        nothing
    };
    Ok(vec![dx, da, db])
}

fn zeros(like: &Tensor, dims: &[usize]) -> Result<Tensor> {
    Ok(Tensor::zeros(dims, like.dtype(), like.device())?)
}

/// The parts one after the other; candle cannot concatenate an empty list.
fn joined(parts: &[Tensor], dim: usize, full: &[usize], like: &Tensor) -> Result<Tensor> {
    if full.contains(&0) {
        return zeros(like, full);
    }
    let parts: Vec<&Tensor> = parts.iter().filter(|part| part.elem_count() > 0).collect();
    Ok(Tensor::cat(&parts, dim)?)
}
