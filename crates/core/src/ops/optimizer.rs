//! Optimizer steps and gradient clipping: many tensors in one op, all or nothing.
//!
//! The inputs are lists, flattened; list k holds the tensors of all parameters in one role. Everything that is written is
//! borrowed, and everything that can fail is checked, before the first number changes.

use std::cell::{Ref, RefMut};

use candle_core::{DType, Tensor};
use kernels::Float;
use kernels::cpu::optimizer::{self as kernel, AdamArgs, NlgAdamArgs, SgdArgs};
use kernels::cpu::reduce::sum_squares;
use kernels::{isa, par};
use rayon::prelude::*;
use smallvec::SmallVec;

use super::create::one;
use super::row::{AttrReader, Meta, Metas, ShapeContext};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::exec::{Exec, Outputs, Twin, output};
use crate::float;
use crate::shape::Shape;
use crate::storage::Element;

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// Place of the first tensor of each list.
fn starts(lengths: &[usize]) -> SmallVec<[usize; 6]> {
    lengths
        .iter()
        .scan(0, |next, &n| {
            let start = *next;
            *next += n;
            Some(start)
        })
        .collect()
}

/// Lists of parameters, gradients and state: one length (AMSGrad's maxima and SGD's buffers may be absent), and per place one shape and the
/// parameter's dtype, widened for gradient and state.
pub fn step_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (lengths, inputs) = (context.lists(), context.row.inputs);
    let (starts, count) = (starts(&lengths), lengths[0]);
    for (k, &length) in lengths.iter().enumerate() {
        let absent = length == 0 && matches!(inputs[k].name, "vmax" | "buffers");
        if length != count && !absent {
            return Err(Error::new(Code::Shape, format!("{}: the lists differ in length", context.row.name))
                .expected(format!("{count} tensors in {}, one for each parameter", inputs[k].name))
                .received(length.to_string()));
        }
    }
    for i in 0..count {
        let param = context.meta(i);
        if !param.dtype.is_float() {
            return Err(Error::new(Code::Dtype, format!("{}: parameter {i} is no floating-point tensor", context.row.name))
                .received(param.dtype.name()));
        }
        for k in (1..lengths.len()).filter(|&k| lengths[k] > 0) {
            let meta = context.meta(starts[k] + i);
            if meta.shape != param.shape || meta.dtype != param.dtype.wide() {
                let code = if meta.shape == param.shape { Code::Dtype } else { Code::Shape };
                return Err(Error::new(code, format!("{}: {} does not fit parameter {i}", context.row.name, inputs[k].name))
                    .expected(format!("{} {}", param.shape, param.dtype.wide()))
                    .received(format!("{} {}", meta.shape, meta.dtype)));
            }
        }
    }
    check_numbers(context)?;
    Ok(Metas::new())
}

/// No option is NaN, and a step number counts from 1.
fn check_numbers(context: &ShapeContext<'_>) -> Result<()> {
    let mut reader = context.reader();
    for attr in context.row.attrs {
        let value = reader.number();
        let fits = if attr.name == "step" { value >= 1.0 && value.fract() == 0.0 } else { !value.is_nan() };
        if !fits {
            return Err(Error::new(Code::Option, format!("{}: {} has no usable value", context.row.name, attr.name))
                .expected(if attr.name == "step" { "a whole number from 1" } else { "a number" })
                .received(value.to_string()));
        }
    }
    Ok(())
}

fn check_gradients(context: &ShapeContext<'_>, count: usize) -> Result<()> {
    match (0..count).find(|&i| !context.dtype(i).is_float()) {
        None => Ok(()),
        Some(i) => Err(Error::new(Code::Dtype, format!("{}: gradient {i} is no floating-point tensor", context.row.name))
            .received(context.dtype(i).name())),
    }
}

/// `globalNorm(grads)`: a scalar, f64 where all gradients are.
pub fn norm_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let count = context.inputs.len();
    check_gradients(context, count)?;
    let all_f64 = count > 0 && (0..count).all(|i| context.dtype(i) == Dtype::F64);
    Ok(one(Meta::new(Shape::new(&[]), if all_f64 { Dtype::F64 } else { Dtype::F32 })))
}

/// `clipScale(grads, norm, maxNorm)` and `clipValue(grads, value)`.
pub fn clip_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let count = context.lists()[0];
    check_gradients(context, count)?;
    if let Some(norm) = context.inputs.get(count).copied().flatten()
        && (norm.shape.numel() != 1 || !norm.dtype.is_float())
    {
        return Err(Error::new(Code::Shape, format!("{}: the norm is no floating-point scalar", context.row.name))
            .expected("the result of globalNorm")
            .received(format!("{} {}", norm.shape, norm.dtype)));
    }
    let limit = context.reader().number();
    if limit >= 0.0 {
        return Ok(Metas::new());
    }
    Err(Error::new(Code::Option, format!("{}: the limit has no usable value", context.row.name))
        .expected("a number that is not negative")
        .received(limit.to_string()))
}

// ---- steps ----------------------------------------------------------------------------------------------------------

/// One parameter with everything that its update reads and writes.
struct Job<'a, T> {
    param: &'a mut [T],
    grad: &'a [T],
    /// Moments, then the AMSGrad maximum; or the momentum buffer; or nothing.
    state: SmallVec<[&'a mut [T]; 3]>,
}

/// An update formula, for f32 and f64.
trait Update: Sync {
    fn apply<T: Float>(&self, job: Job<'_, T>) -> kernels::Result<()>;
}

struct Borrowed<'a, T> {
    param: RefMut<'a, [T]>,
    grad: Ref<'a, [T]>,
    state: SmallVec<[RefMut<'a, [T]>; 3]>,
}

fn borrow<'a, T: Element>(exec: &Exec<'a>, dtype: Dtype) -> Result<Vec<Borrowed<'a, T>>> {
    let lengths = exec.lists();
    let starts = starts(&lengths);
    let of_type = (0..lengths[0]).filter(|&i| exec.dtype(i) == dtype);
    of_type
        .map(|i| {
            let state = (2..lengths.len()).filter(|&k| lengths[k] > 0);
            Ok(Borrowed {
                param: exec.write(i)?,
                grad: exec.read(starts[1] + i)?,
                state: state.map(|k| exec.write(starts[k] + i)).collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn step(exec: &mut Exec<'_>, update: &impl Update) -> Result<Outputs> {
    let mut single = borrow::<f32>(exec, Dtype::F32)?;
    let mut double = borrow::<f64>(exec, Dtype::F64)?;
    update_all(&mut single, update)?;
    update_all(&mut double, update)?;
    Ok(Outputs::new())
}

fn update_all<T: Element + Float>(borrowed: &mut [Borrowed<'_, T>], update: &impl Update) -> Result<()> {
    let jobs: Vec<Job<'_, T>> = borrowed
        .iter_mut()
        .map(|b| Job { param: &mut b.param, grad: &b.grad, state: b.state.iter_mut().map(|s| &mut **s).collect() })
        .collect();
    let elements = jobs.iter().map(|job| job.param.len()).sum();
    each(jobs, elements, |job| update.apply(job))
}

/// Runs all jobs in one parallel loop; a small total stays on this thread. A job of many elements splits further by itself.
fn each<J: Send>(jobs: Vec<J>, elements: usize, run: impl Fn(J) -> kernels::Result<()> + Send + Sync) -> Result<()> {
    if elements <= par::INLINE_WORK {
        return Ok(jobs.into_iter().try_for_each(run)?);
    }
    let average = elements / jobs.len().max(1);
    Ok(jobs.into_par_iter().with_min_len(par::grain(average)).try_for_each(run)?)
}

struct Adam(AdamArgs);

impl Adam {
    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, beta1, beta2) = (attrs.number(), attrs.number(), attrs.number());
        let (eps, weight_decay, t) = (attrs.number(), attrs.number(), attrs.size()? as u64);
        let (decoupled, maximize) = (attrs.bool(), attrs.bool());
        let args = AdamArgs { lr, beta1, beta2, eps, weight_decay, bias1: 1.0, bias2: 1.0, decoupled, maximize };
        Ok(Adam(args.at_step(t)))
    }
}

impl Update for Adam {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        let [m, v, rest @ ..] = &mut job.state[..] else { return Err(short("adamw")) };
        kernel::adamw(job.param, job.grad, m, v, rest.first_mut().map(|vmax| &mut **vmax), self.0)
    }
}

struct NlgAdam(NlgAdamArgs);

impl NlgAdam {
    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, beta1, beta2) = (attrs.number(), attrs.number(), attrs.number());
        let (eps, weight_decay, step) = (attrs.number(), attrs.number(), attrs.size()? as u64);
        Ok(NlgAdam(NlgAdamArgs { lr, beta1, beta2, eps, weight_decay, step, correct_bias: attrs.bool() }))
    }
}

impl Update for NlgAdam {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        let [m, v, ..] = &mut job.state[..] else { return Err(short("nlg_adamw")) };
        kernel::nlg_adamw(job.param, job.grad, m, v, self.0)
    }
}

struct Sgd {
    args: SgdArgs,
    first: bool,
}

impl Sgd {
    fn read(mut attrs: AttrReader<'_>) -> Self {
        let (lr, momentum, dampening) = (attrs.number(), attrs.number(), attrs.number());
        let (nesterov, weight_decay, first, maximize) = (attrs.bool(), attrs.number(), attrs.bool(), attrs.bool());
        Sgd { args: SgdArgs { lr, momentum, dampening, nesterov, weight_decay, maximize }, first }
    }
}

impl Update for Sgd {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        kernel::sgd(job.param, job.grad, job.state.first_mut().map(|buffer| &mut **buffer), self.first, self.args)
    }
}

fn short(kernel: &'static str) -> kernels::Error {
    kernels::Error::new(kernel, "a moment is missing")
}

/// CPU forward of `adamwStep`.
pub fn adamw(exec: &mut Exec<'_>) -> Result<Outputs> {
    let update = Adam::read(exec.reader())?;
    step(exec, &update)
}

/// CPU forward of `nlgAdamwStep`.
pub fn nlg_adamw(exec: &mut Exec<'_>) -> Result<Outputs> {
    let update = NlgAdam::read(exec.reader())?;
    step(exec, &update)
}

/// CPU forward of `sgdStep`.
pub fn sgd(exec: &mut Exec<'_>) -> Result<Outputs> {
    let update = Sgd::read(exec.reader());
    step(exec, &update)
}

// ---- clipping -------------------------------------------------------------------------------------------------------

/// A gradient, to read or to change.
enum Floats<A, B> {
    Single(A),
    Double(B),
}

/// CPU forward of `globalNorm`: squares are summed in f64, per tensor in fixed chunks, then in the order of the list.
pub fn global_norm(exec: &mut Exec<'_>) -> Result<Outputs> {
    let held = (0..exec.len()).map(|i| {
        Ok(match exec.dtype(i) {
            Dtype::F64 => Floats::Double(exec.read::<f64>(i)?),
            _ => Floats::Single(exec.read::<f32>(i)?),
        })
    });
    let held = held.collect::<Result<Vec<_>>>()?;
    let mut sums = vec![0f64; held.len()];
    let jobs: Vec<_> = held
        .iter()
        .map(|grad| match grad {
            Floats::Single(g) => Floats::Single(&**g),
            Floats::Double(g) => Floats::Double(&**g),
        })
        .zip(&mut sums)
        .collect();
    let elements = (0..exec.len()).map(|i| exec.shape(i).numel()).sum();
    each(jobs, elements, |(grad, sum)| {
        *sum = match grad {
            Floats::Single(g) => sum_squares(g),
            Floats::Double(g) => sum_squares(g),
        };
        Ok(())
    })?;
    let norm = sums.iter().sum::<f64>().sqrt();
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        y.fill(norm as T);
        Ok(output(y))
    })
}

/// A change of each number of a gradient, for f32 and f64.
trait Change: Sync {
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
    let jobs: Vec<_> = held
        .iter_mut()
        .map(|grad| match grad {
            Floats::Single(g) => Floats::Single(&mut **g),
            Floats::Double(g) => Floats::Double(&mut **g),
        })
        .collect();
    let elements = (0..count).map(|i| exec.shape(i).numel()).sum();
    each(jobs, elements, |grad| {
        match grad {
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

/// CPU forward of `clipScale`: nothing is touched unless the norm is too large, or NaN, which spreads as in torch.
pub fn clip_scale(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (norm, limit) = (exec.lists()[0], exec.reader().number());
    // In the norm's precision and torch's order: `maxNorm / (norm + 1e-6)` is a reciprocal, then a product.
    let scale = float!(exec.dtype(norm), T => Ok(f64::from((exec.read::<T>(norm)?[0] + 1e-6).recip() * limit as T)))?;
    if scale >= 1.0 { Ok(Outputs::new()) } else { change_all(exec, &Scale(scale)) }
}

struct Clamp(f64);

impl Change for Clamp {
    fn apply<T: Float>(&self, grad: &mut [T]) {
        let (low, high) = (T::from_f64(-self.0), T::from_f64(self.0));
        par::flat_mut(grad, |_, grad| {
            isa::dispatch(
                #[inline(always)]
                || grad.iter_mut().for_each(|g| *g = g.max_nan(low).min_nan(high)),
            )
        });
    }
}

/// CPU forward of `clipValue`; NaN stays NaN.
pub fn clip_value(exec: &mut Exec<'_>) -> Result<Outputs> {
    let limit = exec.reader().number();
    change_all(exec, &Clamp(limit))
}

// ---- twins: the changed tensors, list by list -----------------------------------------------------------------------

/// Runs `formula([param, grad, state…])` for each parameter and lays its results out by list.
fn twin_step(twin: &Twin<'_>, formula: impl Fn(&[&Tensor]) -> candle_core::Result<Vec<Tensor>>) -> Result<Vec<Tensor>> {
    let lengths = twin.lists();
    let starts = starts(&lengths);
    let mut changed: Vec<Vec<Tensor>> = Vec::new();
    for i in 0..lengths[0] {
        let roles: Vec<&Tensor> = (0..lengths.len()).filter(|&k| lengths[k] > 0).map(|k| twin.tensor(starts[k] + i)).collect();
        for (k, tensor) in formula(&roles)?.into_iter().enumerate() {
            if changed.len() <= k {
                changed.push(Vec::new());
            }
            changed[k].push(tensor);
        }
    }
    Ok(changed.into_iter().flatten().collect())
}

/// The larger of two; NaN in either stays.
fn larger(a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
    a.ge(b)?.where_cond(a, b)
}

/// Twin of `adamwStep`.
pub fn adamw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let Adam(args) = Adam::read(twin.reader())?;
    twin_step(twin, |roles| {
        let (p, m, v) = (roles[0], roles[2], roles[3]);
        let g = directed(roles[1], p, args.maximize, if args.decoupled { 0.0 } else { args.weight_decay })?;
        let m = (m * args.beta1)?.add(&(&g * (1.0 - args.beta1))?)?;
        let v = (v * args.beta2)?.add(&(g.sqr()? * (1.0 - args.beta2))?)?;
        let vmax = roles.get(4).map(|vmax| larger(vmax, &v)).transpose()?;
        let root = (vmax.as_ref().unwrap_or(&v).sqrt()? * (1.0 / args.bias2.sqrt()))?;
        let change = ((&m / (root + args.eps)?)? * (args.lr / args.bias1))?;
        let shrink = if args.decoupled { 1.0 - args.lr * args.weight_decay } else { 1.0 };
        let p = ((p * shrink)? - change)?;
        Ok([p, m, v].into_iter().chain(vmax).collect())
    })
}

/// The gradient to follow: reversed for a maximum, with weight decay in it where that is not decoupled.
fn directed(g: &Tensor, p: &Tensor, maximize: bool, decay: f64) -> candle_core::Result<Tensor> {
    let g = if maximize { g.neg()? } else { g.clone() };
    if decay == 0.0 { Ok(g) } else { g + (p * decay)? }
}

/// Twin of `nlgAdamwStep`.
pub fn nlg_adamw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let NlgAdam(args) = NlgAdam::read(twin.reader())?;
    let t = args.step as f64;
    let correction =
        if args.correct_bias { (1.0 - args.beta2.powf(t)).sqrt() / (1.0 - args.beta1.powf(t)) } else { 1.0 };
    twin_step(twin, |roles| {
        let [p, g, m, v] = [roles[0], roles[1], roles[2], roles[3]];
        let m = (m * args.beta1)?.add(&(g * (1.0 - args.beta1))?)?;
        let v = (v * args.beta2)?.add(&(g.sqr()? * (1.0 - args.beta2))?)?;
        let change = ((&m / (v.sqrt()? + args.eps)?)? * (args.lr * correction))?;
        let moved = (p - change)?;
        Ok(vec![(moved * (1.0 - args.lr * args.weight_decay))?, m, v])
    })
}

/// Twin of `sgdStep`.
pub fn sgd_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let Sgd { args, first } = Sgd::read(twin.reader());
    twin_step(twin, |roles| {
        let p = roles[0];
        let g = directed(roles[1], p, args.maximize, args.weight_decay)?;
        let Some(buffer) = roles.get(2) else {
            return Ok(vec![(p - (g * args.lr)?)?]);
        };
        let buffer =
            if first { g.clone() } else { ((*buffer * args.momentum)? + (&g * (1.0 - args.dampening))?)? };
        let direction = if args.nesterov { (g + (&buffer * args.momentum)?)? } else { buffer.clone() };
        Ok(vec![(p - (direction * args.lr)?)?, buffer])
    })
}

/// Twin of `globalNorm`.
pub fn global_norm_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut sum = Tensor::zeros((), DType::F64, twin.device())?;
    for i in 0..twin.len() {
        sum = (sum + twin.tensor(i).to_dtype(DType::F64)?.sqr()?.sum_all()?)?;
    }
    Ok(vec![sum.sqrt()?.to_dtype(twin.out(0).dtype.candle())?])
}

/// Twin of `clipScale`. A comparison with NaN is false, so that NaN is kept on every device.
pub fn clip_scale_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let count = twin.lists()[0];
    let scale = ((twin.tensor(count) + 1e-6)?.recip()? * twin.reader().number())?.reshape(())?;
    let scale = scale.ge(1.0)?.where_cond(&scale.ones_like()?, &scale)?;
    (0..count)
        .map(|i| {
            let grad = twin.tensor(i);
            Ok(grad.broadcast_mul(&scale.to_dtype(grad.dtype())?)?)
        })
        .collect()
}

/// Twin of `clipValue`.
pub fn clip_value_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let limit = twin.reader().number();
    (0..twin.lists()[0])
        .map(|i| {
            let grad = twin.tensor(i);
            let high = super::twins::full_like(grad, limit)?;
            let below = grad.gt(&high)?.where_cond(&high, grad)?;
            let low = high.neg()?;
            Ok(below.lt(&low)?.where_cond(&low, &below)?)
        })
        .collect()
}
