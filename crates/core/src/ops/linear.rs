//! Dense layers and their gradients, for both layouts of the weight and for weights in half precision or in blocks.

mod widen;

use candle_core::Tensor;
use kernels::cpu::linear::{self as kernel, Layout, LinearDims, LinearWeight};

use super::attrs::AttrReader;
use super::back::Back;
use super::context::{Exec, Outputs, ShapeContext, Twin, output, outputs};
use super::cost::Shapes;
use super::create::one;
use super::elementwise::wide;
use super::row::{Needs, Save};
use super::table;
use super::twins::{CHUNK_BYTES, chunks, wide as wider};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::float;
use crate::meta::{Meta, Metas};
use crate::shape::Shape;

pub(super) use widen::{Real, Weight, Wide, rounded};

// ---- shape rules ----------------------------------------------------------------------------------------------------

/// `x (..., K)`, `weight` (N, K) or (K, N), `bias (N,)` → `y (..., N)` in x's dtype.
pub fn shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let layout = layout(&mut context.reader())?;
    let (n, _) = check_layer(context, layout)?;
    Ok(one(Meta::new(context.shape(0).with_last(n), context.dtype(0))))
}

/// `dy (..., N)`, `weight` → `dx (..., K)`.
pub fn dx_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (_, k) = sizes(context.shape(1), layout(&mut context.reader())?);
    Ok(one(Meta::new(context.shape(0).with_last(k), context.dtype(0).wide())))
}

/// `dy (..., N)`, `x (..., K)` → `dw` in the weight's layout.
pub fn dw_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    let (n, k) = (context.shape(0).last(), context.shape(1).last());
    let dims = if layout(&mut context.reader())? == Layout::OutIn {
        [n, k]
    } else {
        [k, n]
    };
    Ok(one(Meta::new(Shape::new(&dims), context.dtype(0).wide())))
}

/// The layout of a weight: 0 is (out, in), 1 is (in, out).
pub(super) fn layout(attrs: &mut AttrReader<'_>) -> Result<Layout> {
    match attrs.number() {
        0.0 => Ok(Layout::OutIn),
        1.0 => Ok(Layout::InOut),
        other => Err(Error::new(Code::Option, "unknown layout of a weight")
            .expected("0 for (out, in), or 1 for (in, out)")
            .received(other.to_string())
            .hint("please report this")),
    }
}

/// Checks the input, weight and optional bias of a layer, which are inputs 0, 1 and 2; returns (N, K).
pub(super) fn check_layer(context: &ShapeContext<'_>, layout: Layout) -> Result<(usize, usize)> {
    check_dtypes(context)?;
    let (x, weight) = (context.meta(0), context.meta(1));
    if weight.shape.rank() != 2 {
        return Err(Error::new(Code::Shape, "the weight of a layer must be a matrix")
            .expected(if layout == Layout::OutIn {
                "weight (out, in)"
            } else {
                "weight (in, out)"
            })
            .received(format!("weight {} {}", weight.shape, weight.dtype))
            .hint("reshape the weight to two dimensions"));
    }
    let (n, k) = sizes(&weight.shape, layout);
    if x.shape.rank() == 0 || x.shape.last() != k {
        let error = Error::new(Code::Shape, "the input width does not fit the layer")
            .expected(format!("x (..., {k})"))
            .received(format!("x {} {}", x.shape, x.dtype));
        return Err(if x.shape.last() == n && n != k {
            error.hint("the width is that of the layer's output: is the weight transposed (fanInFanOut), or is it the wrong layer?")
        } else {
            error.hint(format!(
                "feed the {k}-wide input this layer was built for, or build it with inFeatures: {}",
                x.shape.last()
            ))
        });
    }
    match context.inputs[2] {
        Some(bias) if bias.shape.dims() != [n] => Err(Error::new(Code::Shape, "the bias does not fit the layer")
            .expected(format!("bias ({n},)"))
            .received(format!("bias {} {}", bias.shape, bias.dtype))
            .hint("a bias has one number for each output")),
        _ => Ok((n, k)),
    }
}

/// A layer computes in f32 or f64. An f32 input may have half-precision weights or blocks; a half-precision input needs weights of its own dtype.
pub(super) fn check_dtypes(context: &ShapeContext<'_>) -> Result<()> {
    let x = context.same_float(&[0])?;
    let weight = context.dtype(1);
    let fits = weight == x || (x == Dtype::F32 && (weight.is_half() || weight.blocks().is_some()));
    if !fits {
        return Err(
            Error::new(Code::Dtype, "the input's dtype does not fit the layer's weight")
                .expected(match weight {
                    half if half.is_half() => format!("x f32 or {half}"),
                    blocks if blocks.blocks().is_some() => "x f32".to_owned(),
                    other => format!("x {other}"),
                })
                .received(format!("x {x}"))
                .hint("convert the input with .to(dtype), or the layer with module.to(dtype)"),
        );
    }
    match context.inputs[2] {
        // Biases may stay f32 beside half weights: bias training keeps full precision.
        Some(bias) if bias.dtype.wide() != x.wide() => Err(Error::new(Code::Dtype, "the bias has the wrong dtype")
            .expected(format!("bias {}", x.wide()))
            .received(format!("bias {}", bias.dtype))
            .hint("convert the layer with module.to(dtype)")),
        _ => Ok(()),
    }
}

/// (N, K) of a weight.
pub(super) fn sizes(weight: &Shape, layout: Layout) -> (usize, usize) {
    let d = weight.dims();
    if layout == Layout::OutIn {
        (d[0], d[1])
    } else {
        (d[1], d[0])
    }
}

// ---- forward and backward -------------------------------------------------------------------------------------------

/// Multiplications of `linear` and `linearDx`: one for each element of the result and of the first input's last dimension.
pub fn products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.out()? * shapes.last(0)?)
}

/// Multiplications of `linearDw`: one for each element of the weight and each row.
pub fn dw_products(shapes: &Shapes<'_>) -> Option<f64> {
    Some(shapes.out()? * shapes.numel(0)? / shapes.last(0)?)
}

/// `y = x Wᵀ + bias`.
pub fn linear(exec: &mut Exec<'_>) -> Result<Outputs> {
    let layout = layout(&mut exec.reader())?;
    float!(exec.dtype(0).wide(), T => {
        let x = Wide::<T>::read(exec, 0)?;
        let y = base(exec, &x, layout)?;
        x.give(exec);
        Ok(outputs([rounded(exec, 0, y)?]))
    })
}

/// The layer's product in full precision, in the size of output 0, from `x` and the weight and bias at inputs 1 and 2.
pub(super) fn base<T: Real>(exec: &mut Exec<'_>, x: &[T], layout: Layout) -> Result<Vec<T>> {
    let (n, k) = sizes(exec.shape(1), layout);
    let m = exec.shape(0).rows();
    let mut y = exec.alloc::<T>(0)?;
    let bias = if exec.has(2) {
        Some(Wide::<T>::read(exec, 2)?)
    } else {
        None
    };
    let weight = Weight::read(exec, 1)?;
    let values = weight.factor(exec.precision());
    kernel::linear(
        LinearDims { m, k, n },
        x,
        LinearWeight { values, layout },
        bias.as_deref(),
        &mut y,
    )?;
    if let Some(bias) = bias {
        bias.give(exec);
    }
    Ok(y)
}

/// The input for the gradient of the weight, the weight for that of the input: a frozen layer keeps no activation.
pub fn save(needs: Needs) -> Save {
    Save {
        inputs: Needs::when(needs.input(1), &[0]) | Needs::when(needs.input(0), &[1]),
        outputs: 0,
    }
}

/// `dx = dy W`, `dW = dyᵀ x`, `dbias = Σ dy`.
pub fn linear_backward(back: &mut Back<'_>) -> Result<()> {
    let layout = back.reader().number();
    let dy = wide(back, back.dy())?;
    if back.needs(0) {
        let dx = back.op(&table::LINEAR_DX, &[dy, back.input(1)], &[layout])?;
        back.set(0, dx);
    }
    weight_backward(back, dy, layout)
}

/// The gradients of weight and bias, inputs 1 and 2, where they are needed.
pub(super) fn weight_backward(back: &mut Back<'_>, dy: u64, layout: f64) -> Result<()> {
    if back.needs(1) {
        let dw = back.op(&table::LINEAR_DW, &[dy, back.input(0)], &[layout])?;
        back.set(1, dw);
    }
    if back.needs(2) {
        back.set_reduced(2, dy)?;
    }
    Ok(())
}

/// `dx = dy W`.
pub fn dx(exec: &mut Exec<'_>) -> Result<Outputs> {
    let layout = layout(&mut exec.reader())?;
    let (n, k) = sizes(exec.shape(1), layout);
    float!(exec.dtype(0).wide(), T => {
        let dy = Wide::<T>::read(exec, 0)?;
        let mut dx = exec.alloc::<T>(0)?;
        let weight = Weight::read(exec, 1)?;
        let weight = LinearWeight { values: weight.factor(exec.precision()), layout };
        kernel::linear_dx(LinearDims { m: exec.shape(0).rows(), k, n }, &dy, weight, &mut dx)?;
        dy.give(exec);
        Ok(output(dx))
    })
}

/// `dW = dyᵀ x`.
pub fn dw(exec: &mut Exec<'_>) -> Result<Outputs> {
    let layout = layout(&mut exec.reader())?;
    let (m, n, k) = (exec.shape(0).rows(), exec.shape(0).last(), exec.shape(1).last());
    float!(exec.dtype(0), T => {
        let mut dw = exec.alloc::<T>(0)?;
        kernel::linear_dw(LinearDims { m, k, n }, &exec.read::<T>(0)?, &exec.read::<T>(1)?, layout, &mut dw)?;
        Ok(output(dw))
    })
}

// ---- twins ----------------------------------------------------------------------------------------------------------

/// Twin of `linear`.
pub fn linear_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let y = base_twin(twin, layout(&mut twin.reader())?)?;
    Ok(vec![y.reshape(twin.out(0).shape.dims())?])
}

/// The layer's product as (M, N).
pub(super) fn base_twin(twin: &Twin<'_>, layout: Layout) -> Result<Tensor> {
    let y = times(&rows(&twin.wide(0)?)?, &in_out(twin.tensor(1), layout)?)?;
    Ok(match twin.optional(2) {
        Some(bias) => y.broadcast_add(&wider(bias)?)?,
        None => y,
    })
}

/// Twin of `linearDx`.
pub fn dx_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let dy = rows(&twin.wide(0)?)?;
    let weight = out_in(twin.tensor(1), layout(&mut twin.reader())?)?;
    Ok(vec![times(&dy, &weight)?.reshape(twin.out(0).shape.dims())?])
}

/// A weight of either layout as (N, K).
pub(super) fn out_in(weight: &Tensor, layout: Layout) -> Result<Tensor> {
    Ok(if layout == Layout::OutIn {
        weight.clone()
    } else {
        weight.t()?
    })
}

/// The same as (K, N).
pub(super) fn in_out(weight: &Tensor, layout: Layout) -> Result<Tensor> {
    Ok(out_in(weight, layout)?.t()?)
}

/// `x w` for a matrix `x` in full precision and a weight in any, or its transpose, which is never copied as a whole: one in half precision is widened by panels.
pub(super) fn times(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    let (k, n) = w.dims2()?;
    if w.dtype() == x.dtype() || x.elem_count() == 0 || w.elem_count() == 0 {
        return product(x, w);
    }
    let y = Tensor::zeros((x.dim(0)?, n), x.dtype(), x.device())?;
    for (start, len) in chunks(n, k * x.dtype().size_in_bytes(), CHUNK_BYTES) {
        // Narrowed in the order of memory, so that the conversion reads in order.
        let panel = if w.is_contiguous() {
            w.narrow(1, start, len)?.to_dtype(x.dtype())?
        } else {
            w.t()?.narrow(0, start, len)?.to_dtype(x.dtype())?.t()?
        };
        y.slice_set(&product(x, &panel)?, 1, start)?;
    }
    Ok(y)
}

/// Twin of `linearDw`.
pub fn dw_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let (dy, x) = (rows(twin.tensor(0))?, rows(twin.tensor(1))?);
    let dw = if layout(&mut twin.reader())? == Layout::OutIn {
        product(&dy.t()?, &x)?
    } else {
        product(&x.t()?, &dy)?
    };
    Ok(vec![dw])
}

/// All dimensions but the last joined into one.
pub(super) fn rows(x: &Tensor) -> Result<Tensor> {
    let shape = Shape::new(x.dims());
    Ok(x.reshape((shape.rows(), shape.last()))?)
}

/// `a b` over the last two dimensions, equal ones in front; candle has no products of empty matrices.
pub(super) fn product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.elem_count() == 0 || b.elem_count() == 0 {
        let mut dims = a.dims().to_vec();
        dims.pop();
        dims.extend(b.dims().last());
        return Ok(Tensor::zeros(dims, a.dtype(), a.device())?);
    }
    Ok(factor(a)?.matmul(&factor(b)?)?)
}

/// As every device multiplies it: contiguous, or the transpose of what is.
fn factor(x: &Tensor) -> Result<Tensor> {
    if x.t()?.is_contiguous() {
        return Ok(x.clone());
    }
    Ok(x.contiguous()?)
}
