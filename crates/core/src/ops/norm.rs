//! Layer norm and RMS norm over the last dimension.
//!
//! The statistics of the rows are hidden outputs, so that backward needs no second pass for them.
//! `needs` of the gradient ops is a bit mask of what is wanted (1 dx, 2 dweight, 4 dbias); the others are empty.

use candle_core::Tensor;
use kernels::cpu::layer_norm::{
    self as layer_kernel, LayerNormGradients, LayerNormOperands, LayerNormOutputs, LayerNormSaved, NormDims,
};
use kernels::cpu::rms_norm::{self as rms_kernel, RmsNormGradients, RmsNormOperands, RmsNormOutputs, RmsNormSaved};

use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, outputs};
use super::row::{Needs, Save};
use super::table;
use super::twins::sum_keep;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::float;
use crate::meta::{Id, Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

/// Bit of a wanted gradient, by the index of its input.
fn wants(needs: f64, i: usize) -> bool {
    needs as u32 >> i & 1 == 1
}

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// Checks `x (…, n)` and its parameters `(n)`, which have x's dtype, or a half type where x is f32 (a bf16 base).
fn check(context: &ShapeContext<'_>, parameters: &[usize]) -> Result<Dtype> {
    let (x, dtype) = (context.shape(0), context.same_float(&[0])?);
    if x.rank() == 0 {
        return Err(context.shape_error("x with at least one dimension, the last one is normalised"));
    }
    for &i in parameters {
        let Some(meta) = context.inputs[i] else { continue };
        if meta.shape.dims() != [x.last()] {
            return Err(context
                .shape_error(format!(
                    "{} ({},), as wide as the last dimension of x",
                    context.name(i),
                    x.last()
                ))
                .hint("build the layer with the width of its input"));
        }
        if !(dtype == Dtype::F32 && meta.dtype.is_half()) {
            context.want_dtype(i, dtype)?;
        }
    }
    Ok(dtype)
}

/// One number per row.
fn statistic(x: &Shape, dtype: Dtype) -> Meta {
    Meta::new(Shape::new(&x.dims()[..x.rank() - 1]), dtype.wide())
}

/// `layerNorm(x, weight?, bias?, eps)` gives y, and hidden mean and 1/√(var + eps) of each row.
pub fn layer_norm_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dtype, x) = (check(context, &[1, 2])?, context.shape(0));
    Ok(Metas::from_iter([
        Meta::new(x.clone(), dtype),
        statistic(x, dtype),
        statistic(x, dtype),
    ]))
}

/// `rmsNorm(x, weight?, eps)` gives y, and hidden 1/√(mean(x²) + eps) of each row.
pub fn rms_norm_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dtype, x) = (check(context, &[1])?, context.shape(0));
    Ok(Metas::from_iter([Meta::new(x.clone(), dtype), statistic(x, dtype)]))
}

/// Shapes of the wanted gradients of x and `parameters` vectors.
fn gradients(context: &ShapeContext<'_>, parameters: usize) -> Result<Metas> {
    let (dy, x, dtype) = (context.shape(0), context.shape(1), context.dtype(0));
    if dy != x {
        return Err(context.shape_error("dy and x of one shape"));
    }
    let needs = context.reader().number();
    let of = |i: usize, shape: Shape| Meta::new(if wants(needs, i) { shape } else { Shape::new(&[0]) }, dtype);
    Ok((0..=parameters)
        .map(|i| of(i, if i == 0 { x.clone() } else { Shape::new(&[x.last()]) }))
        .collect())
}

/// dx, dweight, dbias.
pub fn layer_norm_backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    gradients(context, 2)
}

/// dx, dweight.
pub fn rms_norm_backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    gradients(context, 1)
}

// ---- layer norm -----------------------------------------------------------------------------------------------------

/// x and the statistics, and the weight for dx; the bias, so that the output can be recomputed. The gradient of the bias needs none of them.
pub fn layer_norm_save(needs: Needs) -> Save {
    let rows = needs.input(0) || needs.input(1);
    Save {
        inputs: Needs::when(rows, &[0]) | Needs::when(needs.input(0), &[1, 2]),
        outputs: Needs::when(rows, &[1, 2]),
    }
}

/// CPU forward of `layerNorm`.
pub fn layer_norm(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, n, eps) = (exec.shape(0).rows(), exec.shape(0).last(), exec.reader().number());
    float!(exec.dtype(0), T => {
        let (mut y, mut mean, mut rstd) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?, exec.alloc::<T>(2)?);
        let (x, w, b) = (exec.read::<T>(0)?, exec.read_optional::<T>(1)?, exec.read_optional::<T>(2)?);
        let operands = LayerNormOperands { x: &x, w: w.as_deref(), b: b.as_deref() };
        let written = LayerNormOutputs { y: &mut y, mean: &mut mean, rstd: &mut rstd };
        layer_kernel::layer_norm(NormDims { rows, n }, operands, eps, written)?;
        Ok(outputs([T::wrap(y), T::wrap(mean), T::wrap(rstd)]))
    })
}

/// CPU forward of `layerNormBackward(dy, x, weight?, mean, rstd, needs)`.
pub fn layer_norm_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, n, needs) = (exec.shape(1).rows(), exec.shape(1).last(), exec.reader().number());
    float!(exec.dtype(0), T => {
        let (mut dx, mut dw, mut db) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?, exec.alloc::<T>(2)?);
        let (dy, x, w) = (exec.read::<T>(0)?, exec.read::<T>(1)?, exec.read_optional::<T>(2)?);
        let (mean, rstd) = (exec.read::<T>(3)?, exec.read::<T>(4)?);
        let saved = LayerNormSaved { x: &x, w: w.as_deref(), mean: &mean, rstd: &rstd };
        let gradients = LayerNormGradients {
            dx: wanted(needs, 0, &mut dx),
            dw: wanted(needs, 1, &mut dw),
            db: wanted(needs, 2, &mut db),
        };
        layer_kernel::layer_norm_backward(NormDims { rows, n }, saved, &dy, gradients)?;
        Ok(outputs([T::wrap(dx), T::wrap(dw), T::wrap(db)]))
    })
}

fn wanted<T>(needs: f64, i: usize, out: &mut [T]) -> Option<&mut [T]> {
    wants(needs, i).then_some(out)
}

/// With x̂ = (x - mean) · rstd and g = dy · weight: `dx = rstd · (g - mean(g) - x̂ · mean(g·x̂))`, `dw = Σ dy·x̂`,
/// `db = Σ dy`.
pub fn layer_norm_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    if !back.needs(0) && !back.needs(1) {
        return back.set_reduced(2, dy);
    }
    let inputs = [dy, back.input(0), back.input_or_none(1), back.output(1), back.output(2)];
    record(back, &table::LAYER_NORM_BACKWARD, &inputs, 3)
}

/// Records a gradient op with the mask of what is wanted, and sets its outputs as gradients.
fn record(back: &mut Back<'_>, row: &'static super::row::OpRow, inputs: &[Id], count: usize) -> Result<()> {
    let mask = (0..count)
        .filter(|&i| back.needs(i))
        .fold(0u32, |mask, i| mask | 1 << i);
    let grads = back.ops(row, inputs, &[f64::from(mask)])?;
    for (i, &grad) in grads.iter().enumerate() {
        if back.needs(i) {
            back.set(i, grad);
        }
    }
    Ok(())
}

// ---- RMS norm -------------------------------------------------------------------------------------------------------

/// x and the statistic, and the weight for dx.
pub fn rms_norm_save(needs: Needs) -> Save {
    Save {
        inputs: 0b01 | Needs::when(needs.input(0), &[1]),
        outputs: 0b10,
    }
}

/// CPU forward of `rmsNorm`.
pub fn rms_norm(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, n, eps) = (exec.shape(0).rows(), exec.shape(0).last(), exec.reader().number());
    float!(exec.dtype(0), T => {
        let (mut y, mut rstd) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (x, w) = (exec.read::<T>(0)?, exec.read_optional::<T>(1)?);
        let operands = RmsNormOperands { x: &x, w: w.as_deref() };
        rms_kernel::rms_norm(NormDims { rows, n }, operands, eps, RmsNormOutputs { y: &mut y, rstd: &mut rstd })?;
        Ok(outputs([T::wrap(y), T::wrap(rstd)]))
    })
}

/// CPU forward of `rmsNormBackward(dy, x, weight?, rstd, needs)`.
pub fn rms_norm_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, n, needs) = (exec.shape(1).rows(), exec.shape(1).last(), exec.reader().number());
    float!(exec.dtype(0), T => {
        let (mut dx, mut dw) = (exec.alloc::<T>(0)?, exec.alloc::<T>(1)?);
        let (dy, x, w) = (exec.read::<T>(0)?, exec.read::<T>(1)?, exec.read_optional::<T>(2)?);
        let rstd = exec.read::<T>(3)?;
        let saved = RmsNormSaved { x: &x, w: w.as_deref(), rstd: &rstd };
        let gradients = RmsNormGradients { dx: wanted(needs, 0, &mut dx), dw: wanted(needs, 1, &mut dw) };
        rms_kernel::rms_norm_backward(NormDims { rows, n }, saved, &dy, gradients)?;
        Ok(outputs([T::wrap(dx), T::wrap(dw)]))
    })
}

/// With x̂ = x · rstd and g = dy · weight: `dx = rstd · (g - x̂ · mean(g·x̂))`, `dw = Σ dy·x̂`.
pub fn rms_norm_backward(back: &mut Back<'_>) -> Result<()> {
    let inputs = [back.dy(), back.input(0), back.input_or_none(1), back.output(1)];
    record(back, &table::RMS_NORM_BACKWARD, &inputs, 2)
}

// ---- twins ----------------------------------------------------------------------------------------------------------

fn row_mean(x: &Tensor) -> Result<Tensor> {
    let last = x.rank() - 1;
    Ok((sum_keep(x, &[last])? / x.dim(last)? as f64)?)
}

/// A statistic without its last dimension of size 1, or with it restored.
fn without_last(x: &Tensor) -> Result<Tensor> {
    Ok(x.squeeze(x.rank() - 1)?)
}

fn scaled(x: &Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
    Ok(match weight {
        Some(w) => x.broadcast_mul(w)?,
        None => x.clone(),
    })
}

/// Twin of `layerNorm`.
pub fn layer_norm_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let mean = row_mean(x)?;
    let centred = x.broadcast_sub(&mean)?;
    let rstd = (row_mean(&centred.sqr()?)? + twin.reader().number())?.sqrt()?.recip()?;
    let mut y = scaled(&centred.broadcast_mul(&rstd)?, twin.optional(1))?;
    if let Some(bias) = twin.optional(2) {
        y = y.broadcast_add(bias)?;
    }
    Ok(vec![y, without_last(&mean)?, without_last(&rstd)?])
}

/// Twin of `rmsNorm`.
pub fn rms_norm_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let rstd = (row_mean(&x.sqr()?)? + twin.reader().number())?.sqrt()?.recip()?;
    let y = scaled(&x.broadcast_mul(&rstd)?, twin.optional(1))?;
    Ok(vec![y, without_last(&rstd)?])
}

/// Sum over all dimensions but the last: what a parameter gets.
fn over_rows(x: &Tensor) -> Result<Tensor> {
    let n = x.dim(x.rank() - 1)?;
    let rows: usize = x.dims()[..x.rank() - 1].iter().product();
    Ok(x.reshape((rows, n))?.sum(0)?)
}

fn empty(like: &Tensor) -> Result<Tensor> {
    Ok(Tensor::zeros(0, like.dtype(), like.device())?)
}

/// Twin of `layerNormBackward`.
pub fn layer_norm_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, x, needs) = (twin.tensor(0), twin.tensor(1), twin.reader().number());
    let (mean, rstd) = (
        twin.tensor(3).unsqueeze(x.rank() - 1)?,
        twin.tensor(4).unsqueeze(x.rank() - 1)?,
    );
    let unit = x.broadcast_sub(&mean)?.broadcast_mul(&rstd)?;
    let g = scaled(dy, twin.optional(2))?;
    let along = unit.broadcast_mul(&row_mean(&(&g * &unit)?)?)?;
    let dx = (g.broadcast_sub(&row_mean(&g)?)? - along)?.broadcast_mul(&rstd)?;
    Ok(vec![
        if wants(needs, 0) { dx } else { empty(dy)? },
        if wants(needs, 1) {
            over_rows(&(dy * &unit)?)?
        } else {
            empty(dy)?
        },
        if wants(needs, 2) { over_rows(dy)? } else { empty(dy)? },
    ])
}

/// Twin of `rmsNormBackward`.
pub fn rms_norm_grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, x, needs) = (twin.tensor(0), twin.tensor(1), twin.reader().number());
    let rstd = twin.tensor(3).unsqueeze(x.rank() - 1)?;
    let unit = x.broadcast_mul(&rstd)?;
    let g = scaled(dy, twin.optional(2))?;
    let dx = (&g - unit.broadcast_mul(&row_mean(&(&g * &unit)?)?)?)?.broadcast_mul(&rstd)?;
    Ok(vec![
        if wants(needs, 0) { dx } else { empty(dy)? },
        if wants(needs, 1) {
            over_rows(&(dy * &unit)?)?
        } else {
            empty(dy)?
        },
    ])
}
