//! Norms and clipping of gradients, many tensors at once.

use candle_core::{DType, Tensor};
use kernels::cpu::reduce::sum_squares;
use kernels::{Float, isa};

use super::{PART, each};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, output};
use crate::ops::create::one;
use crate::ops::twins::{CHUNK_BYTES, chunks, kept, number, set};
use crate::shape::Shape;

fn check_gradients(context: &ShapeContext<'_>, count: usize) -> Result<()> {
    match (0..count).find(|&i| !context.dtype(i).is_float()) {
        None => Ok(()),
        Some(i) => Err(Error::new(
            Code::Dtype,
            format!(
                "{}: gradient {i} is not a floating-point tensor",
                context.signature.name
            ),
        )
        .received(context.dtype(i).name())
        .expected("f32, f64, bf16 or f16")
        .hint("pass gradients of floating-point parameters only")),
    }
}

/// `globalNorm(grads)`: a scalar, f64 where all gradients are.
pub fn norm_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let count = context.inputs.len();
    check_gradients(context, count)?;
    let all_f64 = count > 0 && (0..count).all(|i| context.dtype(i) == Dtype::F64);
    Ok(one(Meta::new(
        Shape::new(&[]),
        if all_f64 { Dtype::F64 } else { Dtype::F32 },
    )))
}

/// `zeroGrads(grads)`.
pub fn zero_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    check_gradients(context, context.inputs.len())?;
    Ok(Metas::new())
}

/// `clipScale(grads, norm, maxNorm)` and `clipValue(grads, value)`.
pub fn clip_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let count = context.lists()[0];
    check_gradients(context, count)?;
    if let Some(norm) = context.inputs.get(count).copied().flatten()
        && (norm.shape.numel() != 1 || !norm.dtype.is_float())
    {
        return Err(Error::new(
            Code::Shape,
            format!("{}: the norm is not a floating-point scalar", context.signature.name),
        )
        .expected("the result of globalNorm")
        .received(format!("{} {}", norm.shape, norm.dtype))
        .hint("please report this"));
    }
    let limit = context.reader().number();
    if limit >= 0.0 {
        return Ok(Metas::new());
    }
    Err(Error::new(
        Code::Option,
        format!("{}: the limit has an invalid value", context.signature.name),
    )
    .expected("a number that is not negative")
    .received(limit.to_string())
    .hint("pass a limit of 0 or more, such as 1"))
}

// ---- forward --------------------------------------------------------------------------------------------------------

/// A gradient, to read or to change.
enum Floats<A, B> {
    Single(A),
    Double(B),
}

/// CPU forward of `globalNorm`: squares are summed in f64, in fixed parts of each tensor, then in the order of the list.
pub fn global_norm(exec: &mut Exec<'_>) -> Result<Outputs> {
    let held = (0..exec.len()).map(|i| {
        Ok(match exec.dtype(i) {
            Dtype::F64 => Floats::Double(exec.read::<f64>(i)?),
            _ => Floats::Single(exec.read::<f32>(i)?),
        })
    });
    let held = held.collect::<Result<Vec<_>>>()?;
    let mut jobs = Vec::new();
    for grad in &held {
        match grad {
            Floats::Single(g) => jobs.extend(g.chunks(PART).map(|part| (Floats::Single(part), 0f64))),
            Floats::Double(g) => jobs.extend(g.chunks(PART).map(|part| (Floats::Double(part), 0f64))),
        }
    }
    let elements = (0..exec.len()).map(|i| exec.shape(i).numel()).sum();
    each(&mut jobs, elements, |(part, sum)| {
        *sum = match part {
            Floats::Single(g) => sum_squares(g),
            Floats::Double(g) => sum_squares(g),
        };
        Ok(())
    })?;
    let norm = jobs.iter().map(|(_, sum)| sum).sum::<f64>().sqrt();
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        y.fill(norm as T);
        Ok(output(y))
    })
}

/// A change of each number of a gradient, for f32 and f64.
trait Change: Sync {
    /// Changes a part, which belongs to one thread.
    fn apply<T: Float>(&self, grad: &mut [T]);
}

/// Changes the first `count` inputs.
fn change_all(exec: &mut Exec<'_>, change: &impl Change) -> Result<Outputs> {
    let count = exec.lists()[0];
    let held = (0..count).map(|i| {
        Ok(match exec.dtype(i) {
            Dtype::F64 => Floats::Double(exec.write::<f64>(i)?),
            _ => Floats::Single(exec.write::<f32>(i)?),
        })
    });
    let mut held = held.collect::<Result<Vec<_>>>()?;
    let mut jobs = Vec::new();
    for grad in &mut held {
        match grad {
            Floats::Single(g) => jobs.extend(g.chunks_mut(PART).map(Floats::Single)),
            Floats::Double(g) => jobs.extend(g.chunks_mut(PART).map(Floats::Double)),
        }
    }
    let elements = (0..count).map(|i| exec.shape(i).numel()).sum();
    each(&mut jobs, elements, |part| {
        match part {
            Floats::Single(g) => change.apply(g),
            Floats::Double(g) => change.apply(g),
        }
        Ok(())
    })?;
    Ok(Outputs::new())
}

struct Scale(f64);

impl Change for Scale {
    fn apply<T: Float>(&self, grad: &mut [T]) {
        kernels::cpu::elementwise::scale(T::from_f64(self.0), grad);
    }
}

/// CPU forward of `clipScale`: nothing is changed unless the norm is too large, or NaN, which propagates as in torch.
pub fn clip_scale(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (norm, limit) = (exec.lists()[0], exec.reader().number());
    // In the precision of the norm and in the order of torch: `maxNorm / (norm + 1e-6)` is a reciprocal, then a product.
    let scale = float!(exec.dtype(norm), T => Ok(((exec.read::<T>(norm)?[0] + 1e-6).recip() * limit as T).to_f64()))?;
    if scale >= 1.0 {
        Ok(Outputs::new())
    } else {
        change_all(exec, &Scale(scale))
    }
}

struct Clamp(f64);

impl Change for Clamp {
    fn apply<T: Float>(&self, grad: &mut [T]) {
        let (low, high) = (T::from_f64(-self.0), T::from_f64(self.0));
        isa::dispatch(
            #[inline(always)]
            || grad.iter_mut().for_each(|g| *g = g.max_nan(low).min_nan(high)),
        );
    }
}

/// CPU forward of `clipValue`; NaN stays NaN.
pub fn clip_value(exec: &mut Exec<'_>) -> Result<Outputs> {
    let limit = exec.reader().number();
    change_all(exec, &Clamp(limit))
}

struct Zero;

impl Change for Zero {
    fn apply<T: Float>(&self, grad: &mut [T]) {
        grad.fill(T::ZERO);
    }
}

/// CPU forward of `zeroGrads`.
pub fn zero_grads(exec: &mut Exec<'_>) -> Result<Outputs> {
    change_all(exec, &Zero)
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Twin of `globalNorm`: of one gradient after the other, summed in f64.
pub fn global_norm_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut sum = Tensor::zeros((), DType::F64, twin.device())?;
    for i in 0..twin.len() {
        let grad = twin.tensor(i).flatten_all()?;
        let n = grad.elem_count();
        for (start, len) in chunks(n, size_of::<f64>(), CHUNK_BYTES) {
            let part = grad.narrow(0, start, len)?.to_dtype(DType::F64)?;
            sum = (sum + part.sqr()?.sum_all()?)?;
        }
    }
    Ok(vec![sum.sqrt()?.to_dtype(twin.out(0).dtype.candle())?])
}

/// Twin of `clipScale`. A comparison with NaN is false, so that NaN is kept on every device.
pub fn clip_scale_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let count = twin.lists()[0];
    let norm = twin.wide(count)?;
    let scale = ((norm + 1e-6)?.recip()? * twin.reader().number())?.reshape(())?;
    let scale = scale.ge(1.0)?.where_cond(&scale.ones_like()?, &scale)?;
    change_twins(twin, |grad| Ok(grad.broadcast_mul(&scale.to_dtype(grad.dtype())?)?))
}

/// Twin of `clipValue`.
pub fn clip_value_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let limit = twin.reader().number();
    change_twins(twin, |grad| {
        let below = kept(&over(grad, limit)?, grad, limit)?;
        kept(&over(&below.neg()?, limit)?, &below, -limit)
    })
}

/// Changes the tensors of the first list, a chunk at a time.
fn change_twins(twin: &Twin<'_>, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Vec<Tensor>> {
    for i in 0..twin.lists()[0] {
        for (start, len) in chunks(twin.tensor(i).elem_count(), size_of::<f32>(), CHUNK_BYTES) {
            twin.change_from(i, start, &change(&twin.part(i, start, len)?)?)?;
        }
    }
    Ok(Vec::new())
}

/// 0 where `x` is above the limit; NaN is not.
fn over(x: &Tensor, limit: f64) -> Result<Tensor> {
    Ok(x.broadcast_gt(&number(x, limit)?)?.eq(0u8)?)
}

/// Twin of `zeroGrads`.
pub fn zero_grads_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    for i in 0..twin.len() {
        set(twin.tensor(i), 0.0)?;
    }
    Ok(Vec::new())
}
