//! Optimizer steps, and clipping in [`clip`]: many tensors in one op, all or nothing.
//!
//! The inputs are flattened lists; list k holds the tensors of all parameters in one role. Parameters with options of their own stand together, and
//! `groups` holds their options: so a step of several groups is one entry of the queue. Everything that is written is borrowed, and everything that
//! can fail is checked, before the first value changes.

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

/// Shape rule of `adamwStep`.
pub fn adamw_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    step_shape::<Adam>(context)
}

/// Shape rule of `nlgAdamwStep`.
pub fn nlg_adamw_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    step_shape::<NlgAdam>(context)
}

/// Shape rule of `sgdStep`.
pub fn sgd_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    step_shape::<Sgd>(context)
}

/// Lists of parameters, gradients and state: one length (the list that only some groups need is shorter), and at each index one shape and the
/// parameter's dtype, widened for gradient and state.
fn step_shape<U: Update>(context: &ShapeContext<'_>) -> Result<Metas> {
    let (lengths, inputs, name) = (context.lists(), context.signature.inputs, context.signature.name);
    let count = lengths[0];
    let plan = Plan::<U>::read(context.reader(), count, name)?;
    for (k, &length) in lengths.iter().enumerate() {
        let wanted = if Some(k) == U::SOME { plan.some } else { count };
        if length != wanted {
            return Err(Error::new(Code::Shape, format!("{name}: the lists differ in length"))
                .expected(format!(
                    "{wanted} tensors in {}, one for each parameter",
                    inputs[k].name
                ))
                .received(length.to_string())
                .hint("please report this"));
        }
    }
    let starts = starts(&lengths);
    for i in 0..count {
        let param = context.meta(i);
        if !param.dtype.is_float() {
            return Err(Error::new(
                Code::Dtype,
                format!("{name}: parameter {i} is not a floating-point tensor"),
            )
            .received(param.dtype.name())
            .expected("f32, f64, bf16 or f16")
            .hint("train floating-point parameters only"));
        }
        for (k, index) in plan.roles(i, &starts).skip(1) {
            let meta = context.meta(index);
            if meta.shape != param.shape || meta.dtype != param.dtype.wide() {
                let code = if meta.shape == param.shape {
                    Code::Dtype
                } else {
                    Code::Shape
                };
                return Err(
                    Error::new(code, format!("{name}: {} does not fit parameter {i}", inputs[k].name))
                        .expected(format!("{} {}", param.shape, param.dtype.wide()))
                        .received(format!("{} {}", meta.shape, meta.dtype))
                        .hint("load the state of an optimizer over the same parameters, and gradients of their shape"),
                );
            }
        }
    }
    Ok(Metas::new())
}

// ---- groups ---------------------------------------------------------------------------------------------------------

/// Which options each parameter has: those of its group, read from `groups`.
struct Plan<U> {
    updates: Vec<U>,
    /// For each parameter the index of its update, and where its tensor is in the list that only some have.
    of: Vec<(usize, Option<usize>)>,
    /// Length of that list.
    some: usize,
}

impl<U: Update> Plan<U> {
    /// Reads a row for each group: the number of its parameters, then [`Update::FIELDS`].
    fn read(mut attrs: AttrReader<'_>, count: usize, op: &str) -> Result<Self> {
        let numbers = attrs.numbers();
        let mut plan = Plan {
            updates: Vec::new(),
            of: Vec::with_capacity(count),
            some: 0,
        };
        for row in numbers.chunks(1 + U::FIELDS.len()) {
            if row.len() <= U::FIELDS.len() {
                return Err(bad_groups(op, "whole rows", format!("{} numbers", numbers.len())));
            }
            for (name, &value) in U::FIELDS.iter().zip(&row[1..]) {
                check_number(op, name, value)?;
            }
            let update = U::read(AttrReader(&row[1..]))?;
            for _ in 0..AttrReader(row).size()? {
                let place = update.needs_some().then_some(plan.some);
                plan.some += usize::from(place.is_some());
                plan.of.push((plan.updates.len(), place));
            }
            plan.updates.push(update);
        }
        if plan.of.len() == count {
            Ok(plan)
        } else {
            Err(bad_groups(
                op,
                &format!("{count} parameters"),
                plan.of.len().to_string(),
            ))
        }
    }

    fn update(&self, param: usize) -> &U {
        &self.updates[self.of[param].0]
    }

    /// The lists in which a parameter has a tensor, its own first, each with the index of that tensor among all inputs.
    fn roles(&self, param: usize, starts: &[usize]) -> impl Iterator<Item = (usize, usize)> {
        let place = self.of[param].1;
        starts.iter().enumerate().filter_map(move |(k, start)| {
            let at = if Some(k) == U::SOME { place } else { Some(param) };
            at.map(|at| (k, start + at))
        })
    }
}

fn bad_groups(op: &str, expected: &str, received: String) -> Error {
    Error::new(Code::Shape, format!("{op}: the groups do not fit the parameters"))
        .expected(expected)
        .received(received)
        .hint("please report this")
}

/// No option is NaN, and a step number counts from 1.
fn check_number(op: &str, name: &str, value: f64) -> Result<()> {
    let (fits, expected) = if name == "step" {
        (value >= 1.0 && value.fract() == 0.0, "a whole number from 1")
    } else {
        (!value.is_nan(), "a number")
    };
    if fits {
        return Ok(());
    }
    Err(Error::new(Code::Option, format!("{op}: {name} has an invalid value"))
        .expected(expected)
        .received(value.to_string())
        .hint("set it to a number"))
}

// ---- steps ----------------------------------------------------------------------------------------------------------

/// A part of a parameter with everything that its update reads and writes.
struct Job<'a, T, U> {
    update: &'a U,
    param: &'a mut [T],
    grad: &'a [T],
    /// Moments, then the AMSGrad maximum; or the momentum buffer; or nothing.
    state: SmallVec<[&'a mut [T]; 3]>,
}

/// An update formula, for f32 and f64.
trait Update: Sync + Sized {
    /// The numbers of a group, in the order in which they are read.
    const FIELDS: &'static [&'static str];
    /// The list in which only some parameters have a tensor.
    const SOME: Option<usize>;

    /// Reads the numbers of a group.
    fn read(attrs: AttrReader<'_>) -> Result<Self>;

    /// Whether the parameters of this group have a tensor in that list.
    fn needs_some(&self) -> bool;

    fn apply<T: Float>(&self, param: &mut [T], grad: &[T], state: &mut [&mut [T]]) -> kernels::Result<()>;
}

struct Borrowed<'a, T> {
    index: usize,
    param: RefMut<'a, [T]>,
    grad: Ref<'a, [T]>,
    state: SmallVec<[RefMut<'a, [T]>; 3]>,
}

fn borrow<'a, T: Element, U: Update>(exec: &Exec<'a>, plan: &Plan<U>, dtype: Dtype) -> Result<Vec<Borrowed<'a, T>>> {
    let lengths = exec.lists();
    let starts = starts(&lengths);
    let of_type = (0..lengths[0]).filter(|&i| exec.dtype(i) == dtype);
    of_type
        .map(|i| {
            let state = plan.roles(i, &starts).skip(2);
            Ok(Borrowed {
                index: i,
                param: exec.write(i)?,
                grad: exec.read(starts[1] + i)?,
                state: state.map(|(_, index)| exec.write(index)).collect::<Result<_>>()?,
            })
        })
        .collect()
}

fn step<U: Update>(exec: &mut Exec<'_>) -> Result<Outputs> {
    let plan = Plan::<U>::read(exec.reader(), exec.lists()[0], exec.signature.name)?;
    let mut single = borrow::<f32, U>(exec, &plan, Dtype::F32)?;
    let mut double = borrow::<f64, U>(exec, &plan, Dtype::F64)?;
    update_all(&mut single, &plan)?;
    update_all(&mut double, &plan)?;
    Ok(Outputs::new())
}

fn update_all<T: Element + Float, U: Update>(borrowed: &mut [Borrowed<'_, T>], plan: &Plan<U>) -> Result<()> {
    let mut jobs = Vec::new();
    let mut elements = 0;
    for b in borrowed {
        elements += b.param.len();
        let update = plan.update(b.index);
        let mut state: SmallVec<[ChunksMut<'_, T>; 3]> = b.state.iter_mut().map(|s| s.chunks_mut(PART)).collect();
        for (param, grad) in b.param.chunks_mut(PART).zip(b.grad.chunks(PART)) {
            // The shape rule promised that state is as long as its parameter.
            let state = state.iter_mut().filter_map(ChunksMut::next).collect();
            jobs.push(Job {
                update,
                param,
                grad,
                state,
            });
        }
    }
    each(&mut jobs, elements, |job| {
        job.update.apply(job.param, job.grad, &mut job.state)
    })
}

struct Adam {
    args: AdamArgs,
    amsgrad: bool,
}

impl Update for Adam {
    const FIELDS: &'static [&'static str] = &[
        "lr",
        "beta1",
        "beta2",
        "eps",
        "weightDecay",
        "step",
        "decoupled",
        "maximize",
        "amsgrad",
    ];
    const SOME: Option<usize> = Some(4);

    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, beta1, beta2) = (attrs.number(), attrs.number(), attrs.number());
        let (eps, weight_decay, t) = (attrs.number(), attrs.number(), attrs.size()? as u64);
        let (decoupled, maximize, amsgrad) = (attrs.bool(), attrs.bool(), attrs.bool());
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
        Ok(Adam {
            args: args.at_step(t),
            amsgrad,
        })
    }

    fn needs_some(&self) -> bool {
        self.amsgrad
    }

    fn apply<T: Float>(&self, param: &mut [T], grad: &[T], state: &mut [&mut [T]]) -> kernels::Result<()> {
        let [m, v, rest @ ..] = state else {
            return Err(short("adamw"));
        };
        kernel::adamw(param, grad, m, v, rest.first_mut().map(|vmax| &mut **vmax), self.args)
    }
}

struct NlgAdam(NlgAdamArgs);

impl Update for NlgAdam {
    const FIELDS: &'static [&'static str] = &["lr", "beta1", "beta2", "eps", "weightDecay", "step", "correctBias"];
    const SOME: Option<usize> = None;

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

    fn needs_some(&self) -> bool {
        false
    }

    fn apply<T: Float>(&self, param: &mut [T], grad: &[T], state: &mut [&mut [T]]) -> kernels::Result<()> {
        let [m, v, ..] = state else {
            return Err(short("nlg_adamw"));
        };
        kernel::nlg_adamw(param, grad, m, v, self.0)
    }
}

struct Sgd {
    args: SgdArgs,
    first: bool,
}

impl Update for Sgd {
    const FIELDS: &'static [&'static str] = &[
        "lr",
        "momentum",
        "dampening",
        "nesterov",
        "weightDecay",
        "first",
        "maximize",
    ];
    const SOME: Option<usize> = Some(2);

    fn read(mut attrs: AttrReader<'_>) -> Result<Self> {
        let (lr, momentum, dampening) = (attrs.number(), attrs.number(), attrs.number());
        let (nesterov, weight_decay, first, maximize) = (attrs.bool(), attrs.number(), attrs.bool(), attrs.bool());
        let args = SgdArgs {
            lr,
            momentum,
            dampening,
            nesterov,
            weight_decay,
            maximize,
        };
        Ok(Sgd { args, first })
    }

    fn needs_some(&self) -> bool {
        self.args.momentum > 0.0
    }

    fn apply<T: Float>(&self, param: &mut [T], grad: &[T], state: &mut [&mut [T]]) -> kernels::Result<()> {
        let buffer = state.first_mut().map(|buffer| &mut **buffer);
        kernel::sgd(param, grad, buffer, self.first, self.args)
    }
}

fn short(kernel: &'static str) -> kernels::Error {
    kernels::Error::new(kernel, "a moment is missing")
}

/// CPU forward of `adamwStep`.
pub fn adamw(exec: &mut Exec<'_>) -> Result<Outputs> {
    step::<Adam>(exec)
}

/// CPU forward of `nlgAdamwStep`.
pub fn nlg_adamw(exec: &mut Exec<'_>) -> Result<Outputs> {
    step::<NlgAdam>(exec)
}

/// CPU forward of `sgdStep`.
pub fn sgd(exec: &mut Exec<'_>) -> Result<Outputs> {
    step::<Sgd>(exec)
}
