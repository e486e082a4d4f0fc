//! Optimizer steps, and clipping in [`clip`]: many tensors in one op, all or nothing.
//!
//! The inputs are flattened lists; list k holds the tensors of all parameters in one role. Everything that is written is
//! borrowed, and everything that can fail is checked, before the first value changes.

use std::cell::{Ref, RefMut};
use std::slice::ChunksMut;

use kernels::Float;
use kernels::cpu::optimizer::{self as kernel, AdamArgs, NlgAdamArgs, SgdArgs};
use smallvec::SmallVec;

use super::attrs::AttrReader;
use super::context::{Exec, Outputs, ShapeContext};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::meta::Metas;
use crate::storage::Element;

mod clip;
mod parts;
mod twin;

pub use clip::{
    clip_scale, clip_scale_twin, clip_shape, clip_value, clip_value_twin, global_norm, global_norm_twin, norm_shape,
    zero_grads, zero_grads_twin, zero_shape,
};
use parts::{PART, each};
pub use twin::{adamw_twin, nlg_adamw_twin, sgd_twin};

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// Index of the first tensor of each list.
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

/// Lists of parameters, gradients and state: one length (AMSGrad's maxima and SGD's buffers may be absent), and at each index
/// one shape and the parameter's dtype, widened for gradient and state.
pub fn step_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (lengths, inputs) = (context.lists(), context.signature.inputs);
    let (starts, count) = (starts(&lengths), lengths[0]);
    for (k, &length) in lengths.iter().enumerate() {
        let absent = length == 0 && matches!(inputs[k].name, "vmax" | "buffers");
        if length != count && !absent {
            return Err(Error::new(
                Code::Shape,
                format!("{}: the lists differ in length", context.signature.name),
            )
            .expected(format!("{count} tensors in {}, one for each parameter", inputs[k].name))
            .received(length.to_string())
            .hint("please report this"));
        }
    }
    for i in 0..count {
        let param = context.meta(i);
        if !param.dtype.is_float() {
            return Err(Error::new(
                Code::Dtype,
                format!(
                    "{}: parameter {i} is not a floating-point tensor",
                    context.signature.name
                ),
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
                    format!(
                        "{}: {} does not fit parameter {i}",
                        context.signature.name, inputs[k].name
                    ),
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
    for attr in context.signature.attrs {
        let value = reader.number();
        let fits = if attr.name == "step" {
            value >= 1.0 && value.fract() == 0.0
        } else {
            !value.is_nan()
        };
        if !fits {
            return Err(Error::new(
                Code::Option,
                format!("{}: {} has an invalid value", context.signature.name, attr.name),
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

/// A part of a parameter with everything that its update reads and writes.
struct Job<'a, T> {
    param: &'a mut [T],
    grad: &'a [T],
    /// Moments, then the AMSGrad maximum; or the momentum buffer; or nothing.
    state: SmallVec<[&'a mut [T]; 3]>,
}

/// An update formula, for f32 and f64.
trait Update: Sync {
    fn apply<T: Float>(&self, job: &mut Job<'_, T>) -> kernels::Result<()>;
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
    let mut jobs = Vec::new();
    let mut elements = 0;
    for b in borrowed {
        elements += b.param.len();
        let mut state: SmallVec<[ChunksMut<'_, T>; 3]> = b.state.iter_mut().map(|s| s.chunks_mut(PART)).collect();
        for (param, grad) in b.param.chunks_mut(PART).zip(b.grad.chunks(PART)) {
            // The shape rule promised that state is as long as its parameter.
            let state = state.iter_mut().filter_map(ChunksMut::next).collect();
            jobs.push(Job { param, grad, state });
        }
    }
    each(&mut jobs, elements, |job| update.apply(job))
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
    fn apply<T: Float>(&self, job: &mut Job<'_, T>) -> kernels::Result<()> {
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
    fn apply<T: Float>(&self, job: &mut Job<'_, T>) -> kernels::Result<()> {
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
    fn apply<T: Float>(&self, job: &mut Job<'_, T>) -> kernels::Result<()> {
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
