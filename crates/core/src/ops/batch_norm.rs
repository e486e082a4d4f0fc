//! Batch norm with the statistics of the batch: `x (N, C, *spatial)`, one mean and variance per channel.
//!
//! The statistics are a second result, which layers average over batches; no gradient flows through it.
//! `needs` of the gradient op is a bit mask of what is wanted (1 dx, 2 dweight, 4 dbias); the others are empty.

use candle_core::Tensor;
use kernels::cpu::batch_norm::{
    self as kernel, BatchNormDims, BatchNormGradients, BatchNormOperands, BatchNormOutputs, BatchNormSaved,
};

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use super::row::{Needs, Save};
use super::table;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

fn wants(needs: f64, i: usize) -> bool {
    needs as u32 >> i & 1 == 1
}

/// `x (N, C, *spatial)` as (N, C, P).
fn dims(x: &[usize]) -> BatchNormDims {
    BatchNormDims {
        n: x[0],
        c: x[1],
        len: x[2..].iter().product(),
    }
}

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// `batchNorm(x, weight?, bias?)[eps]` gives y and `(2, C)`, means and variances (1/count).
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (x, dtype) = (context.shape(0), context.same_float(&[0])?);
    if x.rank() < 2 {
        return Err(context.shape_error("x (N, C, *spatial)"));
    }
    let BatchNormDims { n, c, len } = dims(x.dims());
    for i in [1, 2] {
        let Some(meta) = context.inputs[i] else { continue };
        if meta.shape.dims() != [c] {
            return Err(context
                .shape_error(format!("{} ({c},), one number per channel of x", context.name(i)))
                .hint("build the layer with the channels of its input"));
        }
        if !(dtype == Dtype::F32 && meta.dtype.is_half()) {
            context.want_dtype(i, dtype)?;
        }
    }
    if n * len < 2 {
        return Err(
            Error::new(Code::Shape, "batchNorm: one value per channel has no variance")
                .expected("2 or more values per channel, over samples and positions")
                .received(format!("x {x}"))
                .hint("train with larger batches, or call eval() to use the running statistics"),
        );
    }
    Ok(Metas::from_iter([
        Meta::new(x.clone(), dtype),
        Meta::new(Shape::new(&[2, c]), dtype.wide()),
    ]))
}

/// The wanted ones of dx, dweight, dbias.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dy, x, dtype) = (context.shape(0), context.shape(1), context.dtype(0));
    if dy != x {
        return Err(context.shape_error("dy and x of one shape"));
    }
    let mut attrs = context.reader();
    attrs.number();
    let needs = attrs.number();
    let channels = Shape::new(&x.dims()[1..2]);
    Ok((0..3)
        .map(|i| match (wants(needs, i), i) {
            (false, _) => Meta::new(Shape::new(&[0]), dtype),
            (true, 0) => Meta::new(x.clone(), dtype),
            (true, _) => Meta::new(channels.clone(), dtype),
        })
        .collect())
}

// ---- kernels --------------------------------------------------------------------------------------------------------

/// x and the statistics, and the weight for dx. The bias alone needs none of them.
pub fn save(needs: Needs) -> Save {
    let values = needs.input(0) || needs.input(1);
    Save {
        inputs: Needs::when(values, &[0]) | Needs::when(needs.input(0), &[1]),
        outputs: Needs::when(values, &[1]),
    }
}

/// CPU forward of `batchNorm`.
pub fn batch_norm(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dims, eps) = (dims(exec.shape(0).dims()), exec.reader().number());
    float!(exec.dtype(0), T => {
        let (mut y, mut stats) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (x, w, b) = (exec.read::<T>(0)?, exec.read_optional::<T>(1)?, exec.read_optional::<T>(2)?);
        let operands = BatchNormOperands { x: &x, w: w.as_deref(), b: b.as_deref() };
        kernel::batch_norm(dims, operands, eps, BatchNormOutputs { y: &mut y, stats: &mut stats })?;
        Ok(outputs([T::wrap(y), T::wrap(stats)]))
    })
}

/// CPU forward of `batchNormBackward(dy, x, weight?, stats)[eps, needs]`.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (dims, mut attrs) = (dims(exec.shape(1).dims()), exec.reader());
    let (eps, needs) = (attrs.number(), attrs.number());
    float!(exec.dtype(0), T => {
        let (mut dx, mut dw, mut db) = (exec.alloc::<T>(0)?, exec.scratch::<T>(dims.c)?, exec.scratch::<T>(dims.c)?);
        let (dy, x, w, stats) = (exec.read::<T>(0)?, exec.read::<T>(1)?, exec.read_optional::<T>(2)?, exec.read::<T>(3)?);
        let saved = BatchNormSaved { x: &x, w: w.as_deref(), stats: &stats };
        let gradients = BatchNormGradients {
            dx: wants(needs, 0).then_some(&mut dx[..]),
            dw: &mut dw,
            db: &mut db,
        };
        kernel::batch_norm_backward(dims, saved, eps, &dy, gradients)?;
        // dx needs both sums, whether they are wanted or not.
        dw.truncate(exec.out(1).shape.numel());
        db.truncate(exec.out(2).shape.numel());
        Ok(outputs([T::wrap(dx), T::wrap(dw), T::wrap(db)]))
    })
}

/// With x̂ = (x - mean) · rstd: `dw = Σ dy·x̂`, `db = Σ dy`, `dx = weight · rstd · (dy - mean(dy) - x̂ · mean(dy·x̂))`.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, eps) = (back.dy(), back.reader().number());
    if !back.needs(0) && !back.needs(1) {
        return bias_alone(back);
    }
    let mask = (0..3).filter(|&i| back.needs(i)).fold(0u32, |mask, i| mask | 1 << i);
    let inputs = [dy, back.input(0), back.input_or_none(1), back.output(1)];
    let grads = back.ops(&table::BATCH_NORM_BACKWARD, &inputs, &[eps, f64::from(mask)])?;
    for (i, &grad) in grads.iter().enumerate() {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

fn bias_alone(back: &mut Back<'_>) -> Result<()> {
    let (dy, rank) = (back.dy(), back.out_shape(0).rank());
    let mut attrs = vec![(rank - 1) as f64];
    attrs.extend((0..rank).filter(|&d| d != 1).map(|d| d as f64));
    attrs.push(0.0);
    let db = back.op(&table::SUM, &[dy], &attrs)?;
    back.set(2, db);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// (N, C, P) from (N, C, *spatial).
fn flat(x: &Tensor) -> Result<Tensor> {
    let dims = dims(x.dims());
    Ok(x.reshape((dims.n, dims.c, dims.len))?)
}

/// Sum over samples and positions: (1, C, 1).
fn total(x: &Tensor) -> Result<Tensor> {
    Ok(x.sum_keepdim(vec![0, 2])?)
}

/// One number per channel as (1, C, 1).
fn channels(x: &Tensor) -> Result<Tensor> {
    Ok(x.reshape((1, x.elem_count(), 1))?)
}

/// Twin of `batchNorm`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = flat(twin.tensor(0))?;
    let count = (x.dim(0)? * x.dim(2)?) as f64;
    let mean = (total(&x)? / count)?;
    let centred = x.broadcast_sub(&mean)?;
    let var = (total(&centred.sqr()?)? / count)?;
    let mut y = centred.broadcast_div(&(&var + twin.reader().number())?.sqrt()?)?;
    if let Some(weight) = twin.optional(1) {
        y = y.broadcast_mul(&channels(weight)?)?;
    }
    if let Some(bias) = twin.optional(2) {
        y = y.broadcast_add(&channels(bias)?)?;
    }
    let stats = Tensor::cat(&[mean.flatten_all()?, var.flatten_all()?], 0)?;
    Ok(vec![
        y.reshape(twin.out(0).shape.dims())?,
        stats.reshape(twin.out(1).shape.dims())?,
    ])
}

/// Twin of `batchNormBackward`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (eps, needs) = (attrs.number(), attrs.number());
    let (dy, x, stats) = (flat(twin.tensor(0))?, flat(twin.tensor(1))?, twin.tensor(3));
    let (mean, var) = (channels(&stats.get(0)?)?, channels(&stats.get(1)?)?);
    let rstd = (var + eps)?.sqrt()?.recip()?;
    let unit = x.broadcast_sub(&mean)?.broadcast_mul(&rstd)?;
    let count = (x.dim(0)? * x.dim(2)?) as f64;
    let (db, dw) = (total(&dy)?, total(&(&dy * &unit)?)?);
    let centred = dy.broadcast_sub(&(&db / count)?)?;
    let mut dx = (centred - unit.broadcast_mul(&(&dw / count)?)?)?.broadcast_mul(&rstd)?;
    if let Some(weight) = twin.optional(2) {
        dx = dx.broadcast_mul(&channels(weight)?)?;
    }
    let grads = [dx.reshape(twin.tensor(1).dims())?, dw.flatten_all()?, db.flatten_all()?];
    let nothing = Tensor::zeros(0, dy.dtype(), dy.device())?;
    Ok(grads
        .into_iter()
        .enumerate()
        .map(|(i, grad)| if wants(needs, i) { grad } else { nothing.clone() })
        .collect())
}
