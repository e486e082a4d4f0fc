//! The transposed convolution: `conv`'s gradient for its input, used forward. Its input stands where conv's output does.

use candle_core::Tensor;
use kernels::cpu::conv as kernel;
use kernels::par;
use smallvec::SmallVec;

use super::super::create::one;
use super::super::elementwise::wide;
use super::super::table;
use super::geometry::{self, Geometry, Options, sizes};
use super::{BIAS, WEIGHT, X, bias_backward, twin as columns};
use crate::code::Code;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::ops::attrs::AttrReader;
use crate::ops::back::Back;
use crate::ops::context::{Exec, Outputs, ShapeContext, Twin, output};
use crate::ops::cost::Shapes;
use crate::shape::Shape;

/// The options as those of the convolution that it transposes, and `outputPadding`.
fn options(attrs: &mut AttrReader<'_>) -> Result<(Options, SmallVec<[usize; 3]>)> {
    let stride = sizes("stride", attrs.dims(), 1)?;
    let padding: SmallVec<[usize; 3]> = sizes("padding", attrs.dims(), 0)?;
    let extra: SmallVec<[usize; 3]> = sizes("outputPadding", attrs.dims(), 0)?;
    let options = Options::rest(attrs, stride, padding.iter().flat_map(|&p| [p, p]).collect())?;
    let fits = extra.len() == options.spatial()
        && (0..extra.len()).all(|i| extra[i] < options.stride[i].max(options.dilation[i]));
    if fits {
        return Ok((options, extra));
    }
    Err(Error::new(
        Code::Option,
        "outputPadding of a transposed convolution is out of range",
    )
    .expected("less than the stride or the dilation, for each spatial dimension")
    .received(format!(
        "{extra:?} with stride {:?}, dilation {:?}",
        options.stride, options.dilation
    ))
    .hint("use a smaller outputPadding: it chooses among the sizes that the stride leaves open"))
}

/// Sizes: the "input" of the convolution is this op's output.
fn geometry(mut attrs: AttrReader<'_>, x: &[usize], weight: &[usize]) -> Result<Geometry> {
    let (options, extra) = options(&mut attrs)?;
    let size = |i: usize| {
        let reach = options.dilation[i].saturating_mul(weight[2 + i] - 1).saturating_add(1);
        let whole = (x[2 + i].max(1) - 1)
            .saturating_mul(options.stride[i])
            .saturating_add(reach + extra[i]);
        whole
            .checked_sub(2 * options.padding[2 * i])
            .filter(|&n| n > 0 && x[2 + i] > 0)
            .ok_or_else(|| {
                Error::new(Code::Shape, "a transposed convolution of this size has no output")
                    .expected(format!(
                        "more than {} elements before the padding is cut",
                        2 * options.padding[2 * i]
                    ))
                    .received(format!("{whole} along spatial dimension {i}"))
                    .hint("feed a larger input, or use less padding")
            })
    };
    let output = (0..options.spatial())
        .map(size)
        .collect::<Result<SmallVec<[usize; 3]>>>()?;
    Geometry::gradient(&options, x[0], &output, weight, &x[2..])
}

/// `x (N, C, *spatial)`, `weight (C, out / groups, *kernel)`, `bias (out)` → `y (N, out, *output)` with
/// `output = (spatial - 1) · stride - 2 · padding + dilation · (kernel - 1) + outputPadding + 1`.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    super::super::linear::check_dtypes(context)?;
    let (options, _) = options(&mut context.reader())?;
    geometry::check_transposed(context, &options)?;
    let geometry = geometry(context.reader(), context.shape(X).dims(), context.shape(WEIGHT).dims())?;
    geometry::check_bias(context, geometry.in_channels())?;
    Ok(one(Meta::new(geometry.x_shape()?, context.dtype(X))))
}

/// Multiplications of `convTranspose`: a filter for each element of the input.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.numel(X)? * shapes.numel(WEIGHT)? / *shapes.dims(WEIGHT)?.first()? as f64)
}

/// CPU forward of `convTranspose`.
pub fn forward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let geometry = geometry(exec.reader(), exec.shape(X).dims(), exec.shape(WEIGHT).dims())?;
    let inputs = geometry.problem.inputs();
    float!(exec.dtype(X), T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::conv_dx(&geometry.problem, &exec.read::<T>(X)?, &exec.read::<T>(WEIGHT)?, &mut y)?;
        if let Some(bias) = exec.read_optional::<T>(BIAS)? {
            let bias = &bias[..];
            par::rows_mut(&mut y, inputs, par::grain(inputs), |first, rows| {
                for (row, y) in rows.chunks_exact_mut(inputs).enumerate() {
                    let b = bias[(first + row) % bias.len()];
                    y.iter_mut().for_each(|y| *y += b);
                }
            });
        }
        Ok(output(y))
    })
}

/// `dx` is the convolution of `dy`; `dW` that of the convolution with its two sides exchanged.
pub fn backward(back: &mut Back<'_>) -> Result<()> {
    let whole = wide(back, back.dy())?;
    let (options, _) = options(&mut back.reader())?;
    let dy = reached(back, whole, &options)?;
    let mut attrs = Vec::new();
    let mut push = |list: &[usize]| {
        attrs.push(list.len() as f64);
        attrs.extend(list.iter().map(|&n| n as f64));
    };
    push(&options.stride);
    // The padding behind is what makes the convolution of dy as large as x.
    let (x, weight, y) = (back.shape(X), back.shape(WEIGHT), back.out_shape(0));
    push(&exact_padding(&options, &x, &weight, &y));
    push(&options.dilation);
    attrs.push(options.groups as f64);
    if back.needs(X) {
        let dx = back.op(&table::CONV, &[dy, back.input(WEIGHT), 0], &attrs)?;
        back.set(X, dx);
    }
    if back.needs(WEIGHT) {
        let attrs = super::with_spatial(attrs, &weight);
        let x = wide(back, back.input(X))?;
        let dw = back.op(&table::CONV_DW, &[x, dy], &attrs)?;
        back.set(WEIGHT, dw);
    }
    bias_backward(back, whole)
}

/// `dy` without the elements behind the last tap: an outputPadding above the padding adds some, and with one of at least the stride (which a dilation
/// allows) the convolution would go over them, too.
fn reached(back: &mut Back<'_>, dy: u64, options: &Options) -> Result<u64> {
    let (x, weight, y) = (back.shape(X), back.shape(WEIGHT), back.out_shape(0));
    let mut kept = dy;
    for i in 0..options.spatial() {
        let end = wanted(options, &x, &weight, i).saturating_sub(options.padding[2 * i]);
        if end + options.stride[i] <= y.dims()[2 + i] {
            kept = back.op(&table::SLICE, &[kept], &[(2 + i) as f64, 0.0, end as f64, 1.0])?;
        }
    }
    Ok(kept)
}

/// The length along a spatial dimension of an input, padding included, of which every element is reached by a tap.
fn wanted(options: &Options, x: &Shape, weight: &Shape, i: usize) -> usize {
    let reach = options.dilation[i] * (weight.dims()[2 + i] - 1) + 1;
    (x.dims()[2 + i] - 1) * options.stride[i] + reach
}

/// Paddings with which the convolution of y has exactly the sizes of x: outputPadding adds elements that no tap reaches.
fn exact_padding(options: &Options, x: &Shape, weight: &Shape, y: &Shape) -> Vec<usize> {
    (0..options.spatial())
        .flat_map(|i| {
            let low = options.padding[2 * i];
            [low, wanted(options, x, weight, i).saturating_sub(y.dims()[2 + i] + low)]
        })
        .collect()
}

/// Twin of `convTranspose`.
pub fn twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (x, weight) = (twin.tensor(X), twin.tensor(WEIGHT));
    let geometry = geometry(twin.reader(), x.dims(), weight.dims())?;
    let p = &geometry.problem;
    let y = columns::conv_dx(&geometry, x, weight)?.reshape((p.batch, geometry.in_channels(), p.inputs()))?;
    Ok(vec![
        columns::biased(y, twin.optional(BIAS))?.reshape(twin.out(0).shape.dims())?,
    ])
}
