//! Padding of any dtype and any dimension, in four modes. The source index of each output index is computed per dimension.

use candle_core::Tensor;
use kernels::cpu::convert::CastFrom;
use kernels::cpu::pad as kernel;
use kernels::cpu::pad::FILL;

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output};
use super::create::one;
use super::table;
use crate::code::Code;
use crate::error::{Error, Result};
use crate::meta::{Meta, Metas};
use crate::shape::{Shape, show_sizes};
use crate::{any, float};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Value,
    Reflect,
    Replicate,
    Circular,
}

/// The source of each output index, one list for each dimension.
fn sources(attrs: &mut AttrReader<'_>, shape: &Shape) -> Result<Vec<Vec<usize>>> {
    let padding = attrs.dims();
    let mode = match attrs.number() {
        0.0 => Mode::Value,
        1.0 => Mode::Reflect,
        2.0 => Mode::Replicate,
        3.0 => Mode::Circular,
        other => {
            return Err(Error::new(Code::Option, "unknown mode of padding")
                .received(other.to_string())
                .expected("0 to 3: a value, reflected, repeated or circular")
                .hint("please report this"));
        }
    };
    if padding.len() != 2 * shape.rank() {
        return Err(Error::new(Code::Shape, "padding needs two sizes for each dimension")
            .expected(format!("{} sizes for {shape}", 2 * shape.rank()))
            .received(show_sizes(padding))
            .hint("give the sizes before and after, for each dimension from the last"));
    }
    let pairs = padding.chunks_exact(2).zip(shape.dims());
    let sizes = pairs
        .enumerate()
        .map(|(d, (pair, &n))| checked(mode, d, n, pair[0], pair[1]))
        .collect::<Result<Vec<_>>>()?;
    let dims: Vec<usize> = sizes.iter().map(|&(_, out)| out).collect();
    if Shape::checked_numel(&dims).is_none() {
        return Err(Error::new(Code::Memory, "a tensor padded this far cannot exist")
            .received(show_sizes(padding))
            .expected("a result whose elements can be counted")
            .hint("use less padding"));
    }
    let lists = sizes.iter().zip(shape.dims());
    Ok(lists
        .map(|(&(low, out), &n)| {
            (0..out)
                .map(|index| source(mode, index as i64 - low, n as i64))
                .collect()
        })
        .collect())
}

/// (elements in front, size of the output) of one dimension.
fn checked(mode: Mode, d: usize, n: usize, low: f64, high: f64) -> Result<(i64, usize)> {
    let limit = f64::from(i32::MAX);
    let whole = [low, high].iter().all(|p| p.fract() == 0.0 && p.abs() <= limit);
    let most = match mode {
        Mode::Value => limit,
        Mode::Reflect => n as f64 - 1.0,
        Mode::Replicate => limit * f64::from(u8::from(n > 0)),
        Mode::Circular => n as f64,
    };
    let least = if mode == Mode::Value { -limit } else { 0.0 };
    let fits = |p: f64| p == 0.0 || (p >= least && p <= most);
    let out = n as f64 + low + high;
    if whole && fits(low) && fits(high) && out >= 0.0 {
        return Ok((low as i64, out as usize));
    }
    let (name, rule) = match mode {
        Mode::Value => (
            "constant",
            "whole numbers; negative ones remove at most all elements".to_owned(),
        ),
        Mode::Reflect => ("reflect", format!("0 to {}, one less than the size", most.max(0.0))),
        Mode::Replicate => (
            "replicate",
            "whole numbers from 0, and a dimension that is not empty".to_owned(),
        ),
        Mode::Circular => ("circular", format!("0 to {n}, the size")),
    };
    Err(Error::new(
        Code::Shape,
        format!("dimension {d} cannot be padded this far in mode '{name}'"),
    )
    .expected(rule)
    .received(format!("[{low}, {high}] for size {n}"))
    .hint("use less padding, or mode 'constant'"))
}

fn source(mode: Mode, index: i64, n: i64) -> usize {
    if (0..n).contains(&index) {
        return index as usize;
    }
    (match mode {
        Mode::Value => return FILL,
        Mode::Reflect if index < 0 => -index,
        Mode::Reflect => 2 * (n - 1) - index,
        Mode::Replicate => index.clamp(0, n - 1),
        Mode::Circular => index.rem_euclid(n),
    }) as usize
}

/// Each dimension grows by its two sizes.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    let sources = sources(&mut attrs, context.shape(0))?;
    context.dtype(0).check_value(attrs.number())?;
    let dims: Vec<usize> = sources.iter().map(Vec::len).collect();
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

/// The given shape.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    attrs.dims();
    attrs.number();
    Ok(one(Meta::new(attrs.shape()?, context.dtype(0).wide())))
}

/// CPU forward of `pad`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let sources = sources(&mut attrs, exec.shape(0))?;
    let (value, dims) = (attrs.number(), exec.shape(0).dims());
    any!(exec.dtype(0), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::pad(&exec.read::<T>(0)?, dims, &sources, <T as CastFrom<f64>>::cast_from(value), &mut y)?;
        Ok(output(y))
    })
}

/// CPU forward of `padBackward`.
pub fn grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (sources, dims) = backward_sources(exec.reader())?;
    float!(exec.dtype(0), T => {
        let mut dx = exec.alloc::<T>(0)?;
        kernel::pad_backward(&exec.read::<T>(0)?, dims.dims(), &sources, &mut dx)?;
        Ok(output(dx))
    })
}

/// The sources and the shape of x from `[padding, mode, shape]`.
fn backward_sources(attrs: AttrReader<'_>) -> Result<(Vec<Vec<usize>>, Shape)> {
    let mut behind = attrs;
    behind.dims();
    behind.number();
    let shape = behind.shape()?;
    let sources = sources(&mut attrs.clone(), &shape)?;
    Ok((sources, shape))
}

/// Each input element gets the gradients of its copies.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let (mut reader, shape) = (back.reader(), back.shape(0));
    let padding = reader.dims();
    let mut attrs = vec![padding.len() as f64];
    attrs.extend_from_slice(padding);
    attrs.extend([reader.number(), shape.rank() as f64]);
    attrs.extend(shape.dims().iter().map(|&d| d as f64));
    let dy = back.dy();
    let dx = back.op(&table::PAD_BACKWARD, &[dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// The flat index in x of each element of y, or the index past its end for the fill value.
fn indexes(sources: &[Vec<usize>], input: &[usize]) -> Vec<i64> {
    let numel: usize = input.iter().product();
    sources.iter().zip(input).fold(vec![0], |flat, (sources, &size)| {
        let next = |&at: &i64, &source: &usize| {
            if at == numel as i64 || source == FILL {
                numel as i64
            } else {
                at * size as i64 + source as i64
            }
        };
        flat.iter()
            .flat_map(|at| sources.iter().map(move |source| next(at, source)))
            .collect()
    })
}

/// Twin of `pad`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (x, mut attrs) = (twin.tensor(0), twin.reader());
    let sources = sources(&mut attrs, &Shape::new(x.dims()))?;
    let indexes = indexes(&sources, x.dims());
    let n = indexes.len();
    let value = Tensor::full(attrs.number(), 1, x.device())?.to_dtype(x.dtype())?;
    let with_value = Tensor::cat(&[&x.flatten_all()?, &value], 0)?;
    let y = with_value.index_select(&Tensor::from_vec(indexes, n, twin.device())?, 0)?;
    Ok(vec![y.reshape(twin.out(0).shape.dims())?])
}

/// Twin of `padBackward`.
pub fn grad_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (sources, shape) = backward_sources(twin.reader())?;
    let (dy, n) = (twin.tensor(0).flatten_all()?, shape.numel());
    let zeros = Tensor::zeros(n + 1, dy.dtype(), dy.device())?;
    let indexes = indexes(&sources, shape.dims());
    let index = Tensor::from_vec(indexes, dy.elem_count(), twin.device())?;
    let sums = zeros.index_add(&index, &dy, 0)?;
    Ok(vec![sums.narrow(0, 0, n)?.reshape(shape.dims())?])
}
