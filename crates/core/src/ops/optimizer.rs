//! Optimizer steps, and clipping in [`clip`]: many tensors in one op, all or nothing.
//!
//! The inputs are lists, flattened; list k holds the tensors of all parameters in one role. Everything that is written is
//! borrowed, and everything that can fail is checked, before the first number changes.

use std::cell::{Ref, RefMut};

use candle_core::Tensor;
use kernels::Float;
use kernels::cpu::optimizer::{self as kernel, AdamArgs, NlgAdamArgs, SgdArgs};
use kernels::par;
use rayon::prelude::*;
use smallvec::SmallVec;

use super::row::{AttrReader, Metas, ShapeContext};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::exec::{Exec, Outputs, Twin};
use crate::storage::Element;

mod clip;

pub use clip::{
    clip_scale, clip_scale_twin, clip_shape, clip_value, clip_value_twin, global_norm, global_norm_twin, norm_shape,
};

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

/// Lists of parameters, gradients and state: one length (AMSGrad's maxima and SGD's buffers may be absent), and per place
/// one shape and the parameter's dtype, widened for gradient and state.
pub fn step_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (lengths, inputs) = (context.lists(), context.row.inputs);
    let (starts, count) = (starts(&lengths), lengths[0]);
    for (k, &length) in lengths.iter().enumerate() {
        let absent = length == 0 && matches!(inputs[k].name, "vmax" | "buffers");
        if length != count && !absent {
            return Err(
                Error::new(Code::Shape, format!("{}: the lists differ in length", context.row.name))
                    .expected(format!("{count} tensors in {}, one for each parameter", inputs[k].name))
                    .received(length.to_string())
                    .hint("please report this"),
            );
        }
    }
    for i in 0..count {
        let param = context.meta(i);
        if !param.dtype.is_float() {
            return Err(Error::new(
                Code::Dtype,
                format!("{}: parameter {i} is no floating-point tensor", context.row.name),
            )
            .received(param.dtype.name())
            .expected("f32, f64, bf16 or f16")
            .hint("train floating-point parameters only"));
        }
        for k in (1..lengths.len()).filter(|&k| lengths[k] > 0) {
            let meta = context.meta(starts[k] + i);
            if meta.shape != param.shape || meta.dtype != param.dtype.wide() {
                let code = if meta.shape == param.shape {
                    Code::Dtype
                } else {
                    Code::Shape
                };
                return Err(Error::new(
                    code,
                    format!("{}: {} does not fit parameter {i}", context.row.name, inputs[k].name),
                )
                .expected(format!("{} {}", param.shape, param.dtype.wide()))
                .received(format!("{} {}", meta.shape, meta.dtype))
                .hint("load the state of an optimizer over the same parameters, and gradients of their shape"));
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
        let fits = if attr.name == "step" {
            value >= 1.0 && value.fract() == 0.0
        } else {
            !value.is_nan()
        };
        if !fits {
            return Err(Error::new(
                Code::Option,
                format!("{}: {} has no usable value", context.row.name, attr.name),
            )
            .expected(if attr.name == "step" {
                "a whole number from 1"
            } else {
                "a number"
            })
            .received(value.to_string())
            .hint("set it to a number"));
        }
    }
    Ok(())
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
        .map(|b| Job {
            param: &mut b.param,
            grad: &b.grad,
            state: b.state.iter_mut().map(|s| &mut **s).collect(),
        })
        .collect();
    let elements = jobs.iter().map(|job| job.param.len()).sum();
    each(jobs, elements, |job| update.apply(job))
}

/// Runs all jobs in one parallel loop; a small total stays on this thread. A job of many elements splits by itself.
fn each<J: Send>(jobs: Vec<J>, elements: usize, run: impl Fn(J) -> kernels::Result<()> + Send + Sync) -> Result<()> {
    if elements <= par::INLINE_WORK {
        return Ok(jobs.into_iter().try_for_each(run)?);
    }
    let average = elements / jobs.len().max(1);
    Ok(jobs
        .into_par_iter()
        .with_min_len(par::grain(average))
        .try_for_each(run)?)
}

struct Adam(AdamArgs);

impl Adam {
    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, beta1, beta2) = (attrs.number(), attrs.number(), attrs.number());
        let (eps, weight_decay, t) = (attrs.number(), attrs.number(), attrs.size()? as u64);
        let (decoupled, maximize) = (attrs.bool(), attrs.bool());
        let args = AdamArgs {
            lr,
            beta1,
            beta2,
            eps,
            weight_decay,
            bias1: 1.0,
            bias2: 1.0,
            decoupled,
            maximize,
        };
        Ok(Adam(args.at_step(t)))
    }
}

impl Update for Adam {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        let [m, v, rest @ ..] = &mut job.state[..] else {
            return Err(short("adamw"));
        };
        kernel::adamw(
            job.param,
            job.grad,
            m,
            v,
            rest.first_mut().map(|vmax| &mut **vmax),
            self.0,
        )
    }
}

struct NlgAdam(NlgAdamArgs);

impl NlgAdam {
    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, beta1, beta2) = (attrs.number(), attrs.number(), attrs.number());
        let (eps, weight_decay, step) = (attrs.number(), attrs.number(), attrs.size()? as u64);
        Ok(NlgAdam(NlgAdamArgs {
            lr,
            beta1,
            beta2,
            eps,
            weight_decay,
            step,
            correct_bias: attrs.bool(),
        }))
    }
}

impl Update for NlgAdam {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        let [m, v, ..] = &mut job.state[..] else {
            return Err(short("nlg_adamw"));
        };
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
        Sgd {
            args: SgdArgs {
                lr,
                momentum,
                dampening,
                nesterov,
                weight_decay,
                maximize,
            },
            first,
        }
    }
}

impl Update for Sgd {
    fn apply<T: Float>(&self, mut job: Job<'_, T>) -> kernels::Result<()> {
        kernel::sgd(
            job.param,
            job.grad,
            job.state.first_mut().map(|buffer| &mut **buffer),
            self.first,
            self.args,
        )
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

// ---- twins: the changed tensors, list by list -----------------------------------------------------------------------

/// Runs `formula([param, grad, state…])` for each parameter and lays its results out by list.
fn twin_step(twin: &Twin<'_>, formula: impl Fn(&[&Tensor]) -> candle_core::Result<Vec<Tensor>>) -> Result<Vec<Tensor>> {
    let lengths = twin.lists();
    let starts = starts(&lengths);
    let mut changed: Vec<Vec<Tensor>> = Vec::new();
    for i in 0..lengths[0] {
        let roles: Vec<&Tensor> = (0..lengths.len())
            .filter(|&k| lengths[k] > 0)
            .map(|k| twin.tensor(starts[k] + i))
            .collect();
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
        let g = directed(
            roles[1],
            p,
            args.maximize,
            if args.decoupled { 0.0 } else { args.weight_decay },
        )?;
        let m = (m * args.beta1)?.add(&(&g * (1.0 - args.beta1))?)?;
        let v = (v * args.beta2)?.add(&(g.sqr()? * (1.0 - args.beta2))?)?;
        let vmax = roles.get(4).map(|vmax| larger(vmax, &v)).transpose()?;
        let root = (vmax.as_ref().unwrap_or(&v).sqrt()? * (1.0 / args.bias2.sqrt()))?;
        let change = ((&m / (root + args.eps)?)? * (args.lr / args.bias1))?;
        let shrink = if args.decoupled {
            1.0 - args.lr * args.weight_decay
        } else {
            1.0
        };
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
    let correction = if args.correct_bias {
        (1.0 - args.beta2.powf(t)).sqrt() / (1.0 - args.beta1.powf(t))
    } else {
        1.0
    };
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
        let buffer = if first {
            g.clone()
        } else {
            ((*buffer * args.momentum)? + (&g * (1.0 - args.dampening))?)?
        };
        let direction = if args.nesterov {
            (g + (&buffer * args.momentum)?)?
        } else {
            buffer.clone()
        };
        Ok(vec![(p - (direction * args.lr)?)?, buffer])
    })
}
