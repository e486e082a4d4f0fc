//! Draws of categories by weight.

use candle_core::{DType, Tensor};
use kernels::cpu::dropout::fill_uniform;
use kernels::cpu::multinomial as kernel;

use super::attrs::AttrReader;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::{own, scan, twins};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

/// Rows, categories and draws of each row.
fn sizes(shape: &Shape, mut attrs: AttrReader<'_>) -> Result<([usize; 3], bool)> {
    let n = shape.dims().last().copied().unwrap_or(0);
    let rows = shape.dims().split_last().map_or(1, |(_, rest)| rest.iter().product());
    Ok(([rows, n, attrs.size()?], attrs.bool()))
}

/// `multinomial(p, count, replacement)`: p (n) or (rows, n).
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same_float(&[0])?;
    let p = context.shape(0);
    let ([_, n, k], replacement) = sizes(p, context.reader())?;
    if !matches!(p.rank(), 1 | 2) || n == 0 {
        return Err(context.shape_error("weights (n) or (rows, n), n at least 1"));
    }
    if k == 0 || (k > n && !replacement) {
        return Err(
            Error::new(Code::Option, "multinomial: this number of draws is not possible")
                .expected(if replacement {
                    "at least 1".to_owned()
                } else {
                    format!("1 to {n}: each of the {n} categories once")
                })
                .received(k.to_string())
                .hint("draw with replacement: true"),
        );
    }
    let rest = &p.dims()[..p.rank() - 1];
    Ok(one(Meta::new(Shape::new(&[rest, &[k]].concat()), Dtype::I64)))
}

/// How many uniform numbers are drawn: one per draw, or one per category.
fn numbers([rows, n, k]: [usize; 3], replacement: bool) -> usize {
    rows * if replacement { k } else { n }
}

/// Blocks of one call: two f64 each.
pub fn random(context: &ShapeContext<'_>) -> Result<u64> {
    let (sizes, replacement) = sizes(context.shape(0), context.reader())?;
    Ok(super::create::blocks(numbers(sizes, replacement)))
}

/// An unusable weight is a wrong argument, found only at run time.
fn bad_weights(error: kernels::Error) -> Error {
    Error::new(Code::Option, error.to_string())
        .expected(error.expected)
        .received(error.received)
        .hint("weights are probabilities up to a factor: softmax() makes them from logits")
}

/// CPU forward of `multinomial`.
pub fn multinomial(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (sizes, replacement) = sizes(exec.shape(0), exec.reader())?;
    let ([rows, n, k], rng) = (sizes, exec.rng());
    let mut u = exec.scratch::<f64>(numbers(sizes, replacement))?;
    fill_uniform(rng.seed, rng.counter, 0.0, 1.0, &mut u);
    let mut y = exec.alloc::<i64>(0)?;
    float!(exec.dtype(0), T => {
        let p = exec.read::<T>(0)?;
        let draw = if replacement { kernel::with_replacement::<T> } else { kernel::without_replacement::<T> };
        draw(&p, &u, rows, n, k, &mut y).map_err(bad_weights)
    })?;
    exec.give(u);
    Ok(output(y))
}

/// Twin of `multinomial`, from the same uniform numbers.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let shape = Shape::new(twin.tensor(0).dims());
    let ([rows, n, k], replacement) = sizes(&shape, twin.reader())?;
    let p = twin.tensor(0).to_dtype(DType::F64)?.reshape((rows, n))?;
    if rows == 0 {
        let none = Tensor::zeros(twin.out(0).shape.dims(), DType::I64, p.device())?;
        return Ok(vec![none]);
    }
    check(twin, &p, if replacement { 1 } else { k })?;
    let draws = if replacement {
        let u = own::uniform(twin.rng(), &[rows, k], (0.0, 1.0), Dtype::F64, twin.device())?;
        let sums = scan::running(&p, 1, false)?;
        let targets = u.broadcast_mul(&sums.narrow(1, n - 1, 1)?)?;
        below(&sums, &targets)?
    } else {
        let u = own::uniform(twin.rng(), &[rows, n], (0.0, 1.0), Dtype::F64, twin.device())?;
        let times = (u.affine(-1.0, 1.0)?.log()?.neg()? / &p)?;
        let times = twins::kept(&p.gt(0.0)?, &times, f64::INFINITY)?;
        own::order(&times, k, false)?
    };
    Ok(vec![draws.reshape(twin.out(0).shape.dims())?])
}

/// Fails later for weights that are negative or not finite, and for rows with too few above 0.
fn check(twin: &Twin<'_>, p: &Tensor, need: usize) -> Result<()> {
    let usable = (p.ge(0.0)? * p.lt(f64::INFINITY)?)?; // neither holds for NaN
    let above = p.gt(0.0)?.to_dtype(DType::I64)?.sum_keepdim(1)?;
    let few = above.broadcast_lt(&twins::number(&above, need as f64)?)?;
    let bad = (usable.min_keepdim(1)?.eq(0u8)? + few)?;
    let p = p.clone();
    twin.forbid(bad, move || {
        kernel::check_weights(&p.flatten_all()?.to_vec1::<f64>()?, p.dim(1)?, need).map_err(bad_weights)
    });
    Ok(())
}

/// For each target (rows, k) how many of the running sums (rows, n) are not above it, by halving; at most n - 1.
fn below(sums: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let n = sums.dim(1)?;
    let mut count = Tensor::zeros(targets.dims(), DType::I64, targets.device())?;
    let last = twins::number(&count, n as f64 - 1.0)?;
    let mut step = n.next_power_of_two() as i64;
    while step > 0 {
        // One sum fewer than `step` more: the place of the last of them.
        let place = count.broadcast_add(&twins::number(&count, step as f64 - 1.0)?)?;
        let within = place.broadcast_lt(&last)?;
        let sum = sums.gather(&place.broadcast_minimum(&last)?, 1)?;
        let more = (sum.le(targets)? * within)?.to_dtype(DType::I64)?;
        count = (count + more.broadcast_mul(&twins::number(&more, step as f64)?)?)?;
        step /= 2;
    }
    Ok(count)
}
