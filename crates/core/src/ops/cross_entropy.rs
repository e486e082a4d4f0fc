//! Cross entropy of logits and class numbers, a loss per row, with torch's options.
//!
//! With log-probabilities `lp = x - max - ln Σ e^(x - max)`, class weights w and smoothing s, the loss of a row with target t is
//! `(1 - s) · (-w[t] · lp[t]) + s / C · Σ_c (-w[c] · lp[c])`; an ignored row has loss 0 and no gradient.
//! The two parts of each row's log-sum-exp, the maximum and the logarithm, are hidden outputs, so that backward makes one pass over the logits. They
//! stay apart, since their sum would be rounded: next to logits of 100 a gradient of -6e-5 would lose some percent.

use candle_core::{DType, Tensor};
use kernels::cpu::cross_entropy::{
    self as kernel, CrossEntropyDims, CrossEntropyOperands, CrossEntropyOutputs, Labels, LogSums,
};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output, outputs};
use super::create::one;
use super::row::{Needs, Save};
use super::table;
use super::twins::{CHUNK_BYTES, chunks, full, kept, number, sum_keep};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;
use crate::storage::Element;

/// Options of every form of the loss.
pub(super) struct Options {
    pub(super) ignore: i64,
    pub(super) smoothing: f64,
}

impl Options {
    fn read(mut attrs: AttrReader<'_>) -> Self {
        Options {
            ignore: attrs.number() as i64,
            smoothing: attrs.number(),
        }
    }
}

/// `crossEntropy(logits (N, C), target (N), classWeight? (C), …)` gives the losses (N) and, hidden, the largest logits (N) and
/// `ln Σ e^(x - max)` (N), f32 for half logits.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dtype = context.same_float(&[0])?.wide();
    let &[rows, classes] = context.shape(0).dims() else {
        return Err(context
            .shape_error("logits (N, C)")
            .hint("reshape (B, T, C) to (B * T, C)"));
    };
    if context.shape(1).dims() != [rows] || (classes == 0 && rows > 0) {
        return Err(context.shape_error("logits (N, C) with C at least 1, target (N)"));
    }
    check_target_dtype(context, 1)?;
    if let Some(weight) = context.inputs[2] {
        if weight.shape.dims() != [classes] {
            return Err(context.shape_error("classWeight (C)"));
        }
        if weight.dtype.wide() != dtype {
            context.want_dtype(2, dtype)?;
        }
    }
    check_options(context.reader())?;
    let row = Meta::new(Shape::new(&[rows]), dtype);
    Ok(Metas::from_iter([row.clone(), row.clone(), row]))
}

/// Fails unless the targets, input `i`, are class numbers.
pub(super) fn check_target_dtype(context: &ShapeContext<'_>, i: usize) -> Result<()> {
    if context.dtype(i) == Dtype::I64 {
        return Ok(());
    }
    let what = format!("{}: targets are class numbers", context.signature.name);
    Err(Error::new(Code::Dtype, what)
        .expected("target i64")
        .received(format!("target {}", context.dtype(i)))
        .hint("make them with dtype: 'i64', or convert with .to('i64')"))
}

/// Checks the first two attributes, `ignoreIndex` and `labelSmoothing`.
pub(super) fn check_options(mut attrs: AttrReader<'_>) -> Result<()> {
    let (ignore, smoothing) = (attrs.number(), attrs.number());
    if ignore.fract() != 0.0 {
        return Err(Error::new(Code::Option, "ignoreIndex must be a whole number")
            .received(ignore.to_string())
            .expected("a whole number, such as -100")
            .hint("leave ignoreIndex out for -100"));
    }
    if !(0.0..=1.0).contains(&smoothing) {
        return Err(Error::new(Code::Option, "labelSmoothing is out of range")
            .expected("0 to 1")
            .received(smoothing.to_string())
            .hint("0 is no smoothing; 0.1 is usual"));
    }
    Ok(())
}

/// The gradient has the shape of the logits and the dtype of `dloss`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (dloss, logits) = (context.shape(0), context.shape(1));
    if logits.rank() != 2
        || [dloss, context.shape(2), context.shape(3), context.shape(4)]
            .iter()
            .any(|s| *s.dims() != logits.dims()[..1])
    {
        return Err(context.shape_error("dloss (N), logits (N, C), max (N), lnSum (N), target (N)"));
    }
    Ok(one(Meta::new(logits.clone(), context.dtype(0))))
}

/// All inputs, and both parts of log-sum-exp.
pub fn save(_: Needs) -> Save {
    Save {
        inputs: 0b111,
        outputs: 0b110,
    }
}

/// CPU forward of `crossEntropy`.
pub fn cross_entropy(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, classes) = (exec.shape(0).rows(), exec.shape(0).last());
    let Options { ignore, smoothing } = Options::read(exec.reader());
    let target = exec.read::<i64>(1)?;
    float!(exec.out(0).dtype, T => {
        let [mut loss, mut max, mut ln_sum] = [exec.alloc::<T>(0)?, exec.alloc::<T>(1)?, exec.alloc::<T>(2)?];
        let (logits, weight) = (exec.read::<T>(0)?, exec.read_optional::<T>(2)?);
        let operands = CrossEntropyOperands { logits: &logits, class_weight: weight.as_deref() };
        let labels = Labels { target: &target, ignore_index: ignore, smoothing };
        let written = CrossEntropyOutputs { loss: &mut loss, max: &mut max, ln_sum: &mut ln_sum };
        kernel::cross_entropy(CrossEntropyDims { rows, classes }, operands, labels, written)?;
        Ok(outputs([T::wrap(loss), T::wrap(max), T::wrap(ln_sum)]))
    })
}

/// CPU forward of `crossEntropyBackward(dloss, logits, max, lnSum, target, classWeight?, …)`.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (rows, classes) = (exec.shape(1).rows(), exec.shape(1).last());
    let Options { ignore, smoothing } = Options::read(exec.reader());
    let target = exec.read::<i64>(4)?;
    float!(exec.out(0).dtype, T => {
        let mut dx = exec.alloc::<T>(0)?;
        let (dloss, logits) = (exec.read::<T>(0)?, exec.read::<T>(1)?);
        let (max, ln_sum) = (exec.read::<T>(2)?, exec.read::<T>(3)?);
        let weight = exec.read_optional::<T>(5)?;
        let sums = LogSums { max: &max, ln_sum: &ln_sum };
        let operands = CrossEntropyOperands { logits: &logits, class_weight: weight.as_deref() };
        let labels = Labels { target: &target, ignore_index: ignore, smoothing };
        let dims = CrossEntropyDims { rows, classes };
        kernel::cross_entropy_backward(dims, operands, labels, sums, &dloss, &mut dx)?;
        Ok(output(dx))
    })
}

/// `dlogits = dloss · ((1 - s) · w[t] · (p - onehot(t)) + s / C · (p · Σw - w))` with `p = e^(x - max - lnSum)`.
pub fn cross_entropy_backward(back: &mut Back<'_>) -> Result<()> {
    let inputs = [
        back.dy(),
        back.input(0),
        back.output(1),
        back.output(2),
        back.input(1),
        back.input_or_none(2),
    ];
    let attrs = back.attrs();
    let dx = back.op(&table::CROSS_ENTROPY_BACKWARD, &inputs, &attrs)?;
    back.set(0, dx);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Rows of logits and what their losses depend on.
pub(super) struct Rows<'a> {
    /// Which rows count (u8), and their targets, with a class for every row.
    counts: Tensor,
    target: Tensor,
    class_weight: Option<&'a Tensor>,
    options: &'a Options,
}

impl<'a> Rows<'a> {
    /// Fails later for targets that are neither a class nor ignored: candle does not name them, and does not check on CUDA.
    pub(super) fn new(
        twin: &Twin<'_>,
        target: &Tensor,
        classes: usize,
        class_weight: Option<&'a Tensor>,
        options: &'a Options,
    ) -> Result<Self> {
        let (name, given, ignore) = (twin.signature.name, target.clone(), options.ignore);
        let counts = target.broadcast_ne(&Tensor::full(ignore, (), target.device())?)?;
        let (first, last) = (number(target, 0.0)?, number(target, classes as f64 - 1.0)?);
        let outside = (target.broadcast_lt(&first)? + target.broadcast_gt(&last)?)?;
        twin.forbid((outside * &counts)?, move || {
            Ok(kernel::check_classes(name, classes, &given.to_vec1::<i64>()?, ignore)?)
        });
        Ok(Rows {
            target: target
                .broadcast_maximum(&first)?
                .broadcast_minimum(&last.broadcast_maximum(&first)?)?,
            counts,
            class_weight,
            options,
        })
    }

    /// Those from `start`.
    pub(super) fn chunk(&self, start: usize, len: usize) -> Result<Self> {
        Ok(Rows {
            counts: self.counts.narrow(0, start, len)?,
            target: self.target.narrow(0, start, len)?,
            class_weight: self.class_weight,
            options: self.options,
        })
    }

    /// Number of rows that count, as a scalar.
    pub(super) fn counted(&self, dtype: DType) -> Result<Tensor> {
        Ok(self.counts.to_dtype(dtype)?.sum_all()?)
    }

    /// The weight of each row's target (M), where classes have weights.
    fn own_weight(&self) -> Result<Option<Tensor>> {
        let of = |weight: &Tensor| weight.index_select(&self.target, 0);
        Ok(self.class_weight.map(of).transpose()?)
    }

    /// Losses, largest logits and `ln Σ e^(x - max)` of the rows; 0 where they do not count.
    pub(super) fn losses(&self, x: &Tensor) -> Result<[Tensor; 3]> {
        let smoothing = self.options.smoothing;
        let max = x.max_keepdim(1)?;
        let shifted = x.broadcast_sub(&max)?;
        let ln_sum = sum_keep(&shifted.exp()?, &[1])?.log()?;
        let lp = shifted
            .gather(&self.target.unsqueeze(1)?, 1)?
            .broadcast_sub(&ln_sum)?
            .squeeze(1)?;
        let lp = match self.own_weight()? {
            Some(weight) => (lp * weight)?,
            None => lp,
        };
        let mut loss = lp.affine(smoothing - 1.0, 0.0)?;
        // Without smoothing the sum must be left out: it is infinite where a class has probability 0.
        if smoothing > 0.0 {
            let lp = shifted.broadcast_sub(&ln_sum)?;
            drop(shifted);
            let lp = match self.class_weight {
                Some(weight) => lp.broadcast_mul(weight)?,
                None => lp,
            };
            loss = (loss + lp.sum(1)?.affine(-smoothing / x.dim(1)? as f64, 0.0)?)?;
        }
        let counted = |x: &Tensor| kept(&self.counts, x, 0.0);
        Ok([
            counted(&loss)?,
            counted(&max.squeeze(1)?)?,
            counted(&ln_sum.squeeze(1)?)?,
        ])
    }

    /// The gradient of the logits from that of the losses, and what [`Rows::losses`] has found.
    pub(super) fn slopes(&self, x: Tensor, dloss: &Tensor, max: &Tensor, ln_sum: &Tensor) -> Result<Tensor> {
        let (smoothing, classes) = (self.options.smoothing, x.dim(1)?);
        // One after the other: their sum would be rounded.
        let below = x.broadcast_sub(&max.unsqueeze(1)?)?;
        drop(x);
        let shifted = below.broadcast_sub(&ln_sum.unsqueeze(1)?)?;
        drop(below);
        let p = shifted.exp()?;
        drop(shifted);
        let hit = match self.own_weight()? {
            Some(weight) => weight,
            None => full(1.0, self.target.dims(), p.dtype(), p.device())?,
        };
        let hit = hit.affine(1.0 - smoothing, 0.0)?.unsqueeze(1)?;
        let mut slope = p.broadcast_mul(&hit)?;
        slope.scatter_add_set(&self.target.unsqueeze(1)?, &hit.neg()?.contiguous()?, 1)?;
        if smoothing > 0.0 {
            let spread = smoothing / classes as f64;
            let even = match self.class_weight {
                Some(weight) => {
                    let weight = (weight * spread)?;
                    p.broadcast_mul(&weight.sum_all()?)?.broadcast_sub(&weight)?
                }
                None => p.affine(smoothing, -spread)?,
            };
            slope = (slope + even)?;
        }
        drop(p);
        let dx = slope.broadcast_mul(&dloss.unsqueeze(1)?)?;
        drop(slope);
        kept(&self.counts.unsqueeze(1)?, &dx, 0.0)
    }
}

/// Twin of `crossEntropy`, some rows at a time.
pub fn cross_entropy_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let options = Options::read(twin.reader());
    let x = twin.tensor(0);
    let (rows, classes) = x.dims2()?;
    let found = [0, 1, 2].map(|_| Tensor::zeros(rows, x.dtype(), x.device()));
    let [loss, max, ln_sum] = found;
    let found = [loss?, max?, ln_sum?];
    if rows == 0 {
        return Ok(found.into());
    }
    let all = Rows::new(twin, twin.tensor(1), classes, twin.optional(2), &options)?;
    for (start, len) in row_chunks(x)? {
        let part = all.chunk(start, len)?.losses(&x.narrow(0, start, len)?)?;
        for (whole, part) in found.iter().zip(&part) {
            whole.slice_set(part, 0, start)?;
        }
    }
    Ok(found.into())
}

/// Twin of `crossEntropyBackward`, some rows at a time.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let options = Options::read(twin.reader());
    let [dloss, x, max, ln_sum, target] = [0, 1, 2, 3, 4].map(|i| twin.tensor(i));
    let (rows, classes) = x.dims2()?;
    let dx = Tensor::zeros((rows, classes), x.dtype(), x.device())?;
    if rows == 0 {
        return Ok(vec![dx]);
    }
    let all = Rows::new(twin, target, classes, twin.optional(5), &options)?;
    for (start, len) in row_chunks(x)? {
        let [x, dloss, max, ln_sum] = [x, dloss, max, ln_sum].map(|all| all.narrow(0, start, len));
        let part = all.chunk(start, len)?.slopes(x?, &dloss?, &max?, &ln_sum?)?;
        dx.slice_set(&part, 0, start)?;
    }
    Ok(vec![dx])
}

fn row_chunks(x: &Tensor) -> Result<impl Iterator<Item = (usize, usize)>> {
    let (rows, classes) = x.dims2()?;
    Ok(chunks(rows, classes * x.dtype().size_in_bytes(), CHUNK_BYTES))
}
