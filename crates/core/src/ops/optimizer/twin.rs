//! The steps in candle's tensor operations.

use candle_core::Tensor;

use super::{Adam, NlgAdam, Plan, Sgd, Update, starts};
use crate::error::Result;
use crate::ops::context::Twin;
use crate::ops::twins::{CHUNK_BYTES, chunks};

/// Runs `formula(update, [param, grad, state…])` for chunks of each parameter and writes them and their state where they lie before the next ones: a step takes
/// the memory of some chunks, not of all parameters.
fn twin_step<U: Update>(
    twin: &Twin<'_>,
    formula: impl Fn(&U, &[Tensor]) -> candle_core::Result<Vec<Tensor>>,
) -> Result<Vec<Tensor>> {
    let lengths = twin.lists();
    let starts = starts(&lengths);
    let plan = Plan::<U>::read(twin.reader(), lengths[0], twin.signature.name)?;
    for i in 0..lengths[0] {
        let indexes: Vec<usize> = plan.roles(i, &starts).map(|(_, index)| index).collect();
        for (start, len) in chunks(twin.tensor(i).elem_count(), size_of::<f32>(), CHUNK_BYTES) {
            let roles = indexes.iter().map(|&index| twin.part(index, start, len));
            let roles = roles.collect::<Result<Vec<Tensor>>>()?;
            // The gradient, the second role, is only read.
            let targets = indexes.iter().enumerate().filter(|(role, _)| *role != 1);
            for ((_, &index), tensor) in targets.zip(formula(plan.update(i), &roles)?) {
                twin.change_from(index, start, &tensor)?;
            }
        }
    }
    Ok(Vec::new())
}

/// The larger of two; NaN in either is kept.
fn larger(a: &Tensor, b: &Tensor) -> candle_core::Result<Tensor> {
    a.ge(b)?.where_cond(a, b)
}

/// Twin of `adamwStep`.
pub fn adamw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_step(twin, |Adam { args, .. }: &Adam, roles| {
        let (p, m, v) = (&roles[0], &roles[2], &roles[3]);
        let g = directed(
            &roles[1],
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

/// The gradient to follow: negated when maximising, with weight decay added when that is not decoupled.
fn directed(g: &Tensor, p: &Tensor, maximize: bool, decay: f64) -> candle_core::Result<Tensor> {
    let g = if maximize { g.neg()? } else { g.clone() };
    if decay == 0.0 { Ok(g) } else { g + (p * decay)? }
}

/// Twin of `nlgAdamwStep`.
pub fn nlg_adamw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_step(twin, |NlgAdam(args): &NlgAdam, roles| {
        let t = args.step as f64;
        let correction = if args.correct_bias {
            (1.0 - args.beta2.powf(t)).sqrt() / (1.0 - args.beta1.powf(t))
        } else {
            1.0
        };
        let [p, g, m, v] = [0, 1, 2, 3].map(|i| &roles[i]);
        let m = (m * args.beta1)?.add(&(g * (1.0 - args.beta1))?)?;
        let v = (v * args.beta2)?.add(&(g.sqr()? * (1.0 - args.beta2))?)?;
        let change = ((&m / (v.sqrt()? + args.eps)?)? * (args.lr * correction))?;
        let moved = (p - change)?;
        Ok(vec![(moved * (1.0 - args.lr * args.weight_decay))?, m, v])
    })
}

/// Twin of `sgdStep`.
pub fn sgd_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    twin_step(twin, |Sgd { args, first }: &Sgd, roles| {
        let p = &roles[0];
        let g = directed(&roles[1], p, args.maximize, args.weight_decay)?;
        let Some(buffer) = roles.get(2) else {
            return Ok(vec![(p - (g * args.lr)?)?]);
        };
        let buffer = if *first {
            g.clone()
        } else {
            ((buffer * args.momentum)? + (&g * (1.0 - args.dampening))?)?
        };
        let direction = if args.nesterov {
            (g + (&buffer * args.momentum)?)?
        } else {
            buffer.clone()
        };
        Ok(vec![(p - (direction * args.lr)?)?, buffer])
    })
}
