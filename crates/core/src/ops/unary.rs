//! Functions of each element, conversions, copies.

mod twin;

use kernels::blocks::BlockKind;
use kernels::cpu::unary::{self as kernel, UnaryOp};

use super::back::Back;
use super::blocks::{round_to_blocks, widen_blocks};
use super::context::{Exec, Outputs, ShapeContext, output};
use super::create::one;
use super::elementwise::wide;
use super::row::{Needs, Save};
use super::table;
use crate::dtype::Dtype;
use crate::error::Result;
use crate::meta::{Id, Meta, Metas};
use crate::{any, float};

pub use twin::*;

// ---- shape rules --------------------------------------------------------------------------------------------------------

/// A floating-point tensor keeps its shape.
pub fn float_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    context.same_float(&[0])?;
    same_shape(context)
}

/// Anything keeps its shape and dtype.
pub fn same_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(context.meta(0).clone()))
}

/// Numbers keep their shape; booleans are refused.
pub fn number_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    if context.dtype(0) == Dtype::Bool {
        context.same_float(&[0])?;
    }
    same_shape(context)
}

/// Booleans.
pub fn logical_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(Meta::new(context.shape(0).clone(), Dtype::Bool)))
}

/// `cast(x, dtype)`.
pub fn cast_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(Meta::new(context.shape(0).clone(), context.reader().dtype()?)))
}

/// The gradient has the shape of `dy`.
pub fn backward_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    Ok(one(Meta::new(context.shape(1).clone(), context.dtype(1))))
}

// ---- what backward needs --------------------------------------------------------------------------------------------------

/// The input.
pub fn save_input(_: Needs) -> Save {
    Save { inputs: 1, outputs: 0 }
}

/// The output.
pub fn save_output(_: Needs) -> Save {
    Save { inputs: 0, outputs: 1 }
}

// ---- forward --------------------------------------------------------------------------------------------------------------

fn run(exec: &mut Exec<'_>, op: UnaryOp) -> Result<Outputs> {
    float!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernel::unary(op, &exec.read::<T>(0)?, &mut y)?;
        Ok(output(y))
    })
}

macro_rules! functions {
    ($($name:ident, $variant:ident;)*) => {$(
        #[doc = concat!("CPU forward of `", stringify!($name), "`.")]
        pub fn $name(exec: &mut Exec<'_>) -> Result<Outputs> {
            run(exec, UnaryOp::$variant)
        }
    )*};
}
functions! {
    neg, Neg; exp, Exp; log, Log; sqrt, Sqrt; rsqrt, Rsqrt; square, Square; abs, Abs; sign, Sign; recip, Recip; sin, Sin; cos, Cos;
    tanh, Tanh; sigmoid, Sigmoid; relu, Relu; silu, Silu; hardswish, Hardswish; gelu, GeluErf; gelu_tanh, GeluTanh; erf, Erf; floor, Floor; ceil, Ceil; round, Round;
}

/// CPU forward of `affine`; integers too, with whole factors.
pub fn affine(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (mul, add) = (attrs.number(), attrs.number());
    match exec.out(0).dtype {
        Dtype::I64 => {
            let mut y = exec.alloc::<i64>(0)?;
            y.iter_mut()
                .zip(exec.read::<i64>(0)?.iter())
                .for_each(|(y, x)| *y = x.wrapping_mul(mul as i64).wrapping_add(add as i64));
            Ok(output(y))
        }
        Dtype::U8 => {
            let mut y = exec.alloc::<u8>(0)?;
            y.iter_mut()
                .zip(exec.read::<u8>(0)?.iter())
                .for_each(|(y, x)| *y = (f64::from(*x) * mul + add) as u8);
            Ok(output(y))
        }
        _ => run(exec, UnaryOp::Affine { mul, add }),
    }
}

/// CPU forward of `powScalar`.
pub fn pow_scalar(exec: &mut Exec<'_>) -> Result<Outputs> {
    let exponent = exec.reader().number();
    run(exec, UnaryOp::PowScalar(exponent))
}

/// CPU forward of `clamp`.
pub fn clamp(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let (min, max) = (attrs.number(), attrs.number());
    run(exec, UnaryOp::Clamp { min, max })
}

/// CPU forward of `clone`.
pub fn clone(exec: &mut Exec<'_>) -> Result<Outputs> {
    any!(exec.out(0).dtype, T => {
        let mut y = exec.alloc::<T>(0)?;
        kernels::par::copy(&exec.read::<T>(0)?, &mut y);
        Ok(output(y))
    })
}

/// CPU forward of `cast`.
pub fn cast(exec: &mut Exec<'_>) -> Result<Outputs> {
    let (from, to) = (exec.dtype(0), exec.out(0).dtype);
    if from == to {
        return clone(exec);
    }
    match (from.blocks(), to.blocks()) {
        (None, None) => {}
        (Some(kind), None) => return widened(exec, kind),
        (_, Some(kind)) => return rounded(exec, kind),
    }
    any!(to, U => {
        let mut y = exec.alloc::<U>(0)?;
        any!(from, T => convert(&exec.read::<T>(0)?, &mut y, to == Dtype::Bool)?);
        Ok(output(y))
    })
}

/// The numbers of blocks.
fn widened(exec: &mut Exec<'_>, kind: BlockKind) -> Result<Outputs> {
    let mut wide = exec.scratch::<f32>(exec.shape(0).numel())?;
    widen_blocks(kind, &exec.read::<u8>(0)?, &mut wide);
    let to = exec.out(0).dtype;
    if to == Dtype::F32 {
        return Ok(output(wide));
    }
    any!(to, U => {
        let mut y = exec.alloc::<U>(0)?;
        convert(&wide, &mut y, to == Dtype::Bool)?;
        exec.give(wide);
        Ok(output(y))
    })
}

/// Numbers, or blocks of another kind, rounded to blocks.
fn rounded(exec: &mut Exec<'_>, kind: BlockKind) -> Result<Outputs> {
    let mut wide = exec.scratch::<f32>(exec.shape(0).numel())?;
    let from = exec.dtype(0);
    match from.blocks() {
        Some(kind) => widen_blocks(kind, &exec.read::<u8>(0)?, &mut wide),
        None => any!(from, T => convert(&exec.read::<T>(0)?, &mut wide, false)?),
    }
    let mut y = exec.alloc::<u8>(0)?;
    round_to_blocks(kind, &wide, &mut y)?;
    exec.give(wide);
    Ok(output(y))
}

/// Converts by PyTorch's rules; bytes that become booleans are 0 and 1.
pub fn convert<S, D>(from: &[S], to: &mut [D], truth: bool) -> Result<()>
where
    S: kernels::cpu::convert::Element,
    D: kernels::cpu::convert::CastFrom<S> + bytemuck::Pod,
{
    if truth {
        return Ok(kernels::cpu::convert::to_bool(from, bytemuck::cast_slice_mut(to))?);
    }
    Ok(kernels::cpu::convert::cast(from, to)?)
}

/// CPU forward of `logicalNot`.
pub fn logical_not(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut y = exec.alloc::<u8>(0)?;
    any!(exec.dtype(0), T => {
        let zero = T::default();
        y.iter_mut().zip(exec.read::<T>(0)?.iter()).for_each(|(y, x)| *y = u8::from(*x == zero));
    });
    Ok(output(y))
}

// ---- backward -------------------------------------------------------------------------------------------------------------

/// The functions whose gradient is one fused pass. Its number is the first attribute of that op.
#[derive(Clone, Copy)]
enum Fused {
    Tanh,
    Sigmoid,
    Relu,
    Silu,
    Hardswish,
    Gelu,
    GeluTanh,
    Clamp,
    Erf,
    PowScalar,
}

impl Fused {
    const ALL: [Fused; 10] = [
        Fused::Tanh,
        Fused::Sigmoid,
        Fused::Relu,
        Fused::Silu,
        Fused::Hardswish,
        Fused::Gelu,
        Fused::GeluTanh,
        Fused::Clamp,
        Fused::Erf,
        Fused::PowScalar,
    ];

    fn kernel(self, a: f64, b: f64) -> UnaryOp {
        match self {
            Fused::Tanh => UnaryOp::Tanh,
            Fused::Sigmoid => UnaryOp::Sigmoid,
            Fused::Relu => UnaryOp::Relu,
            Fused::Silu => UnaryOp::Silu,
            Fused::Hardswish => UnaryOp::Hardswish,
            Fused::Gelu => UnaryOp::GeluErf,
            Fused::GeluTanh => UnaryOp::GeluTanh,
            Fused::Clamp => UnaryOp::Clamp { min: a, max: b },
            Fused::Erf => UnaryOp::Erf,
            Fused::PowScalar => UnaryOp::PowScalar(a),
        }
    }
}

/// CPU forward of the gradient ops.
pub fn backward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let function = Fused::ALL[attrs.number() as usize];
    let op = function.kernel(attrs.number(), attrs.number());
    float!(exec.out(0).dtype, T => {
        let mut dx = exec.alloc::<T>(0)?;
        kernel::unary_backward(op, &exec.read::<T>(0)?, &exec.read::<T>(1)?, &mut dx)?;
        Ok(output(dx))
    })
}

fn fused(back: &mut Back<'_>, function: Fused, saved: Id, a: f64, b: f64) -> Result<()> {
    let (saved, dy) = (wide(back, saved)?, back.dy());
    let dx = back.op(&table::UNARY_BACKWARD, &[saved, dy], &[f64::from(function as u8), a, b])?;
    back.set(0, dx);
    Ok(())
}

macro_rules! fused_rules {
    ($($name:ident, $op:ident, $saved:ident;)*) => {$(
        #[doc = concat!("Gradient of `", stringify!($op), "`, one fused pass.")]
        pub fn $name(back: &mut Back<'_>) -> Result<()> {
            let saved = back.$saved(0);
            fused(back, Fused::$op, saved, 0.0, 0.0)
        }
    )*};
}
fused_rules! {
    tanh_backward, Tanh, output;
    sigmoid_backward, Sigmoid, output;
    relu_backward, Relu, input;
    silu_backward, Silu, input;
    hardswish_backward, Hardswish, input;
    gelu_backward, Gelu, input;
    gelu_tanh_backward, GeluTanh, input;
    erf_backward, Erf, input;
}

/// `dx = dy` inside the bounds, bounds included.
pub fn clamp_backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (min, max) = (attrs.number(), attrs.number());
    let x = back.input(0);
    fused(back, Fused::Clamp, x, min, max)
}

/// `dx = dy · p · x^(p-1)`.
pub fn pow_scalar_backward(back: &mut Back<'_>) -> Result<()> {
    let p = back.reader().number();
    let x = back.input(0);
    fused(back, Fused::PowScalar, x, p, 0.0)
}

/// `dx = mul · dy`.
pub fn affine_backward(back: &mut Back<'_>) -> Result<()> {
    let mul = back.reader().number();
    let dy = back.dy();
    let dx = if mul == 1.0 { dy } else { back.affine(dy, mul, 0.0)? };
    back.set(0, dx);
    Ok(())
}

/// `dx = dy`.
pub fn clone_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    back.set(0, dy);
    Ok(())
}

/// `dx = dy`, in the dtype of the gradient.
pub fn cast_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let to = back.grad_dtype(0);
    let dx = if back.meta_of(dy).dtype == to {
        dy
    } else {
        back.op(&table::CAST, &[dy], &[f64::from(to as u8)])?
    };
    back.set(0, dx);
    Ok(())
}

/// `dx = -dy`.
pub fn neg_backward(back: &mut Back<'_>) -> Result<()> {
    let dy = back.dy();
    let dx = back.affine(dy, -1.0, 0.0)?;
    back.set(0, dx);
    Ok(())
}

/// `dx = dy · y`.
pub fn exp_backward(back: &mut Back<'_>) -> Result<()> {
    let y = back.output(0);
    scaled(back, y, 1.0)
}

/// `dx = dy / x`.
pub fn log_backward(back: &mut Back<'_>) -> Result<()> {
    let (x, dy) = (wide(back, back.input(0))?, back.dy());
    let dx = back.op(&table::DIV, &[dy, x], &[])?;
    back.set(0, dx);
    Ok(())
}

/// `dx = dy / (2 y)`.
pub fn sqrt_backward(back: &mut Back<'_>) -> Result<()> {
    let (y, dy) = (wide(back, back.output(0))?, back.dy());
    let quotient = back.op(&table::DIV, &[dy, y], &[])?;
    let dx = back.affine(quotient, 0.5, 0.0)?;
    back.set(0, dx);
    Ok(())
}

/// `dx = -dy · y³ / 2`.
pub fn rsqrt_backward(back: &mut Back<'_>) -> Result<()> {
    let y = wide(back, back.output(0))?;
    let cube = back.op(&table::POW_SCALAR, &[y], &[3.0])?;
    scaled(back, cube, -0.5)
}

/// `dx = 2 x · dy`.
pub fn square_backward(back: &mut Back<'_>) -> Result<()> {
    let x = back.input(0);
    scaled(back, x, 2.0)
}

/// `dx = sign(x) · dy`.
pub fn abs_backward(back: &mut Back<'_>) -> Result<()> {
    let x = wide(back, back.input(0))?;
    let sign = back.op(&table::SIGN, &[x], &[])?;
    scaled(back, sign, 1.0)
}

/// `dx = -dy · y²`.
pub fn recip_backward(back: &mut Back<'_>) -> Result<()> {
    let y = wide(back, back.output(0))?;
    let square = back.op(&table::SQUARE, &[y], &[])?;
    scaled(back, square, -1.0)
}

/// `dx = cos(x) · dy`.
pub fn sin_backward(back: &mut Back<'_>) -> Result<()> {
    let x = wide(back, back.input(0))?;
    let slope = back.op(&table::COS, &[x], &[])?;
    scaled(back, slope, 1.0)
}

/// `dx = -sin(x) · dy`.
pub fn cos_backward(back: &mut Back<'_>) -> Result<()> {
    let x = wide(back, back.input(0))?;
    let slope = back.op(&table::SIN, &[x], &[])?;
    scaled(back, slope, -1.0)
}

/// `dx = factor · dy · slope`.
fn scaled(back: &mut Back<'_>, slope: Id, factor: f64) -> Result<()> {
    let (slope, dy) = (wide(back, slope)?, back.dy());
    let product = back.op(&table::MUL, &[dy, slope], &[])?;
    let dx = if factor == 1.0 {
        product
    } else {
        back.affine(product, factor, 0.0)?
    };
    back.set(0, dx);
    Ok(())
}
