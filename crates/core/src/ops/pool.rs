//! Maximum and mean over windows of 1 to 3 spatial dimensions: `x (N, C, *spatial)`.

use kernels::cpu::pool::{self as kernel, Axis, Pool, Windows};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, output, outputs};
use super::create::one;
use super::row::{Needs, Save};
use super::table;
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::{Shape, show_sizes};
use crate::storage::Element;

mod twin;
pub use twin::{
    adaptive_avg_pool_grad_twin, adaptive_avg_pool_twin, adaptive_max_pool_twin, avg_pool_grad_twin, avg_pool_twin,
    max_pool_twin,
};

// ---- windows --------------------------------------------------------------------------------------------------------

/// The last three dimensions of a pool over `x`'s spatial ones.
fn pool(axes: impl DoubleEndedIterator<Item = Axis>) -> Pool {
    let mut all = [Axis::ONE; 3];
    for (slot, axis) in all.iter_mut().rev().zip(axes.rev()) {
        *slot = axis;
    }
    Pool(all)
}

/// A list of whole numbers, one for each spatial dimension, each at least `min`.
fn sizes(name: &str, list: &[f64], spatial: usize, min: f64) -> Result<Vec<usize>> {
    let fits = |&n: &f64| n >= min && n.fract() == 0.0 && n <= f64::from(i32::MAX);
    if list.len() == spatial && list.iter().all(fits) {
        return Ok(list.iter().map(|&n| n as usize).collect());
    }
    Err(Error::new(Code::Option, format!("pooling: {name} is out of range"))
        .expected(format!("{spatial} whole numbers, {min} or more"))
        .received(show_sizes(list))
        .hint("give one number for all dimensions, or one for each"))
}

/// Windows of a fixed size from `kernel, stride, padding[, dilation], ceilMode[, countIncludePad]`.
fn sliding(attrs: &mut AttrReader<'_>, spatial: &[usize], of_max: bool) -> Result<Pool> {
    let n = spatial.len();
    let kernel = sizes("kernelSize", attrs.dims(), n, 1.0)?;
    let stride = sizes("stride", attrs.dims(), n, 1.0)?;
    let padding = sizes("padding", attrs.dims(), n, 0.0)?;
    let dilation = if of_max {
        sizes("dilation", attrs.dims(), n, 1.0)?
    } else {
        vec![1; n]
    };
    let ceil = attrs.bool();
    let count_padding = !of_max && attrs.bool();
    let mut axes = Vec::new();
    for i in 0..n {
        let windows = Windows::Sliding {
            kernel: kernel[i],
            stride: stride[i],
            padding: padding[i],
            dilation: dilation[i],
            count_padding,
        };
        axes.push(axis(spatial[i], windows, ceil)?);
    }
    Ok(pool(axes.into_iter()))
}

/// One dimension with as many windows as fit; with `ceil`, a last one may reach past the edge if it starts before it.
fn axis(size: usize, windows: Windows, ceil: bool) -> Result<Axis> {
    let Windows::Sliding {
        kernel,
        stride,
        padding,
        dilation,
        ..
    } = windows
    else {
        return Err(Error::new(Code::Internal, "adaptive windows have a rule of their own"));
    };
    if padding > kernel / 2 {
        return Err(
            Error::new(Code::Option, "pooling: the padding is larger than half the kernel")
                .expected(format!("padding from 0 to {}", kernel / 2))
                .received(padding.to_string())
                .hint("a window would hold only padding"),
        );
    }
    if padding > 0 && dilation > size {
        return Err(Error::new(
            Code::Option,
            "pooling: a padded window with this dilation may hold only padding",
        )
        .expected(format!("dilation from 1 to {size}, or padding 0"))
        .received(dilation.to_string())
        .hint("use a smaller dilation, or no padding"));
    }
    let (wide, span) = ((size + 2 * padding) as i64, (dilation as i64) * (kernel as i64 - 1) + 1);
    let slack = if ceil { stride as i64 - 1 } else { 0 };
    let mut out = (wide - span + slack).div_euclid(stride as i64) + 1;
    if ceil && (out - 1) * stride as i64 >= (size + padding) as i64 {
        out -= 1;
    }
    if out < 1 {
        return Err(
            Error::new(Code::Shape, "pooling: the window is larger than the padded input")
                .expected(format!("a dimension of {} or more", span - 2 * padding as i64))
                .received(size.to_string())
                .hint("use a smaller kernel, or pad the input"),
        );
    }
    Ok(Axis {
        size,
        out: out as usize,
        windows,
    })
}

/// Windows that cut each dimension into the given number of pieces.
fn adaptive(spatial: &[usize], out: &[usize]) -> Pool {
    pool(spatial.iter().zip(out).map(|(&size, &out)| Axis {
        size,
        out,
        windows: Windows::Adaptive,
    }))
}

/// The pool of `adaptive…(x)[outputSize]`.
fn adaptive_of(attrs: &mut AttrReader<'_>, spatial: &[usize]) -> Result<Pool> {
    let out = sizes("outputSize", attrs.dims(), spatial.len(), 1.0)?;
    Ok(adaptive(spatial, &out))
}

/// The mean's divisor: 0 stands for the size of the window.
fn divisor(attrs: &mut AttrReader<'_>) -> Result<Option<usize>> {
    Ok(match attrs.size()? {
        0 => None,
        n => Some(n),
    })
}

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// Spatial sizes of an input `(N, C, *spatial)` of floating-point numbers.
fn spatial<'a>(context: &ShapeContext<'a>) -> Result<&'a [usize]> {
    context.same_float(&[0])?;
    match context.shape(0).dims() {
        [_, _, rest @ ..] if (1..=3).contains(&rest.len()) && rest.iter().all(|&n| n > 0) => Ok(rest),
        _ => Err(context.shape_error("x (N, C, *spatial) with 1 to 3 spatial dimensions, none of them empty")),
    }
}

/// `(N, C, *out)`.
fn pooled(context: &ShapeContext<'_>, pool: &Pool) -> Result<Meta> {
    let x = context.shape(0).dims();
    let mut dims = x[..2].to_vec();
    dims.extend(pool.0[3 - (x.len() - 2)..].iter().map(|axis| axis.out));
    if Shape::checked_numel(&dims).is_none() {
        return Err(Error::new(Code::Memory, "a tensor of this shape cannot exist")
            .received(format!("{dims:?}"))
            .expected("a result whose elements can be counted")
            .hint("use a smaller outputSize"));
    }
    Ok(Meta::new(Shape::new(&dims), context.dtype(0)))
}

/// The largest, and its flat index.
fn max_metas(context: &ShapeContext<'_>, pool: &Pool) -> Result<Metas> {
    let y = pooled(context, pool)?;
    let index = Meta::new(y.shape.clone(), Dtype::I64);
    Ok(Metas::from_iter([y, index]))
}

/// `maxPool(x)[kernel, stride, padding, dilation, ceilMode]` gives the largest and their flat indexes.
pub fn max_pool_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    max_metas(context, &sliding(&mut context.reader(), spatial(context)?, true)?)
}

/// `adaptiveMaxPool(x)[outputSize]`, as `maxPool`.
pub fn adaptive_max_pool_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    max_metas(context, &adaptive_of(&mut context.reader(), spatial(context)?)?)
}

/// `avgPool(x)[kernel, stride, padding, ceilMode, countIncludePad, divisor]`.
pub fn avg_pool_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let mut attrs = context.reader();
    let pool = sliding(&mut attrs, spatial(context)?, false)?;
    divisor(&mut attrs)?;
    Ok(one(pooled(context, &pool)?))
}

/// `adaptiveAvgPool(x)[outputSize]`.
pub fn adaptive_avg_pool_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(pooled(
        context,
        &adaptive_of(&mut context.reader(), spatial(context)?)?,
    )?))
}

/// Both gradients of means: `dy (N, C, *out)` and the spatial sizes first among the attributes give `(N, C, *spatial)`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let dy = context.shape(0).dims();
    let mut dims = dy[..2].to_vec();
    dims.extend(context.reader().shape()?.dims());
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0))))
}

// ---- maximum --------------------------------------------------------------------------------------------------------

/// The indexes.
pub fn save_indexes(_: Needs) -> Save {
    Save {
        inputs: 0,
        outputs: 0b10,
    }
}

/// CPU forward of `maxPool`.
pub fn max_pool(exec: &mut Exec<'_>) -> Result<Outputs> {
    let pool = sliding(&mut exec.reader(), &exec.shape(0).dims()[2..], true)?;
    largest(exec, &pool)
}

/// CPU forward of `adaptiveMaxPool`.
pub fn adaptive_max_pool(exec: &mut Exec<'_>) -> Result<Outputs> {
    let pool = adaptive_of(&mut exec.reader(), &exec.shape(0).dims()[2..])?;
    largest(exec, &pool)
}

fn planes(shape: &Shape) -> usize {
    shape.dims()[0] * shape.dims()[1]
}

fn largest(exec: &mut Exec<'_>, pool: &Pool) -> Result<Outputs> {
    float!(exec.out(0).dtype.wide(), T => {
        let (mut y, mut index) = (exec.alloc::<T>(0)?, exec.alloc::<i64>(1)?);
        kernel::max_pool(&exec.read::<T>(0)?, planes(exec.shape(0)), pool, &mut y, &mut index)?;
        Ok(outputs([T::wrap(y), i64::wrap(index)]))
    })
}

/// `dx` is `dy` added into zeros at the indexes of the largest.
pub fn max_pool_backward(back: &mut Back<'_>) -> Result<()> {
    let (x, y) = (back.shape(0), back.out_shape(0));
    let spatial: usize = x.dims()[2..].iter().product();
    let flat = |n: usize| Shape::new(&[planes(&x), n]);
    let out = flat(y.dims()[2..].iter().product());
    let zeros = [
        2.0,
        planes(&x) as f64,
        spatial as f64,
        0.0,
        f64::from(back.grad_dtype(0) as u8),
    ];
    let zeros = back.op(&table::FULL, &[], &zeros)?;
    let (index, dy) = (back.output(1), back.dy());
    let (index, dy) = (back.reshape(index, &out)?, back.reshape(dy, &out)?);
    let dx = back.op(&table::SCATTER_ADD, &[zeros, index, dy], &[1.0])?;
    let dx = back.reshape(dx, &x)?;
    back.set(0, dx);
    Ok(())
}

// ---- mean -----------------------------------------------------------------------------------------------------------

/// CPU forward of `avgPool`.
pub fn avg_pool(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let pool = sliding(&mut attrs, &exec.shape(0).dims()[2..], false)?;
    mean(exec, &pool, divisor(&mut attrs)?)
}

/// CPU forward of `adaptiveAvgPool`.
pub fn adaptive_avg_pool(exec: &mut Exec<'_>) -> Result<Outputs> {
    let pool = adaptive_of(&mut exec.reader(), &exec.shape(0).dims()[2..])?;
    mean(exec, &pool, None)
}

fn mean(exec: &mut Exec<'_>, pool: &Pool, divisor: Option<usize>) -> Result<Outputs> {
    float!(exec.out(0).dtype.wide(), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::avg_pool(&exec.read::<T>(0)?, planes(exec.shape(0)), pool, divisor, &mut y)?;
        Ok(output(y))
    })
}

/// Spatial sizes for a gradient op, then the op's own attributes.
fn sizes_first(back: &Back<'_>) -> Vec<f64> {
    let x = back.shape(0);
    let spatial = &x.dims()[2..];
    std::iter::once(spatial.len() as f64)
        .chain(spatial.iter().map(|&n| n as f64))
        .chain(back.attrs())
        .collect()
}

/// Gradient of `avgPool`.
pub fn avg_pool_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, attrs) = (back.dy(), sizes_first(back));
    let dx = back.op(&table::AVG_POOL_BACKWARD, &[dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// Gradient of `adaptiveAvgPool`.
pub fn adaptive_avg_pool_backward(back: &mut Back<'_>) -> Result<()> {
    let (dy, attrs) = (back.dy(), sizes_first(back));
    let dx = back.op(&table::ADAPTIVE_AVG_POOL_BACKWARD, &[dy], &attrs)?;
    back.set(0, dx);
    Ok(())
}

/// CPU forward of `avgPoolBackward(dy)[size, …]`.
pub fn avg_pool_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let size = attrs.shape()?;
    let pool = sliding(&mut attrs, size.dims(), false)?;
    spread(exec, &pool, divisor(&mut attrs)?)
}

/// CPU forward of `adaptiveAvgPoolBackward(dy)[size, …]`.
pub fn adaptive_avg_pool_grad(exec: &mut Exec<'_>) -> Result<Outputs> {
    let size = exec.reader().shape()?;
    let pool = adaptive(size.dims(), &exec.shape(0).dims()[2..]);
    spread(exec, &pool, None)
}

fn spread(exec: &mut Exec<'_>, pool: &Pool, divisor: Option<usize>) -> Result<Outputs> {
    float!(exec.out(0).dtype.wide(), T => {
        let mut dx = exec.alloc::<T>(0)?;
        kernel::avg_pool_backward(&exec.read::<T>(0)?, planes(exec.shape(0)), pool, divisor, &mut dx)?;
        Ok(output(dx))
    })
}
