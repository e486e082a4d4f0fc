//! One operand: functions of each element, conversions, copies.

use candle_core::{DType, Tensor};
use kernels::cpu::unary::{self as kernel, UnaryOp};

use super::create::one;
use super::elementwise::wide;
use super::row::{Meta, Metas, Needs, Save, ShapeContext};
use super::table;
use super::twins::{convert as convert_twin, full_like};
use crate::code::Code;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::exec::{Exec, Outputs, Twin, output};
use crate::tape::Back;
use crate::{any, float};

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

/// Numbers keep their shape; truth values are none.
pub fn number_shape(context: &ShapeContext<'_>) -> Result<Metas> {
    if context.dtype(0) == Dtype::Bool {
        context.same_float(&[0])?;
    }
    same_shape(context)
}

/// Truth values.
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
    tanh, Tanh; sigmoid, Sigmoid; relu, Relu; silu, Silu; gelu, GeluErf; gelu_tanh, GeluTanh; erf, Erf; floor, Floor; ceil, Ceil; round, Round;
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
    any!(to, U => {
        let mut y = exec.alloc::<U>(0)?;
        any!(from, T => convert(&exec.read::<T>(0)?, &mut y, to == Dtype::Bool)?);
        Ok(output(y))
    })
}

/// Converts by PyTorch's rules; bytes that are to be truth values become 0 and 1.
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

/// Numbers of the ops whose gradient is one fused pass.
const FUSED: [&str; 9] = [
    "tanh",
    "sigmoid",
    "relu",
    "silu",
    "gelu",
    "geluTanh",
    "clamp",
    "erf",
    "powScalar",
];

fn fused_op(kind: f64, a: f64, b: f64) -> UnaryOp {
    match FUSED[kind as usize] {
        "tanh" => UnaryOp::Tanh,
        "sigmoid" => UnaryOp::Sigmoid,
        "relu" => UnaryOp::Relu,
        "silu" => UnaryOp::Silu,
        "gelu" => UnaryOp::GeluErf,
        "geluTanh" => UnaryOp::GeluTanh,
        "clamp" => UnaryOp::Clamp { min: a, max: b },
        "erf" => UnaryOp::Erf,
        _ => UnaryOp::PowScalar(a),
    }
}

/// CPU forward of the gradient ops.
pub fn backward(exec: &mut Exec<'_>) -> Result<Outputs> {
    let mut attrs = exec.reader();
    let op = fused_op(attrs.number(), attrs.number(), attrs.number());
    float!(exec.out(0).dtype, T => {
        let mut dx = exec.alloc::<T>(0)?;
        kernel::unary_backward(op, &exec.read::<T>(0)?, &exec.read::<T>(1)?, &mut dx)?;
        Ok(output(dx))
    })
}

fn fused(back: &mut Back<'_>, name: &str, saved: crate::entry::Id, a: f64, b: f64) -> Result<()> {
    let kind = FUSED
        .iter()
        .position(|n| *n == name)
        .expect("the caller is in the list") as f64;
    let (saved, dy) = (wide(back, saved)?, back.dy());
    let dx = back.op(&table::UNARY_BACKWARD, &[saved, dy], &[kind, a, b])?;
    back.set(0, dx);
    Ok(())
}

macro_rules! fused_rules {
    ($($name:ident, $op:literal, $saved:ident;)*) => {$(
        #[doc = concat!("Gradient of `", $op, "`, one fused pass.")]
        pub fn $name(back: &mut Back<'_>) -> Result<()> {
            let saved = back.$saved(0);
            fused(back, $op, saved, 0.0, 0.0)
        }
    )*};
}
fused_rules! {
    tanh_backward, "tanh", output;
    sigmoid_backward, "sigmoid", output;
    relu_backward, "relu", input;
    silu_backward, "silu", input;
    gelu_backward, "gelu", input;
    gelu_tanh_backward, "geluTanh", input;
    erf_backward, "erf", input;
}

/// `dx = dy` inside the bounds, bounds included.
pub fn clamp_backward(back: &mut Back<'_>) -> Result<()> {
    let mut attrs = back.reader();
    let (min, max) = (attrs.number(), attrs.number());
    let x = back.input(0);
    fused(back, "clamp", x, min, max)
}

/// `dx = dy · p · x^(p-1)`.
pub fn pow_scalar_backward(back: &mut Back<'_>) -> Result<()> {
    let p = back.reader().number();
    let x = back.input(0);
    fused(back, "powScalar", x, p, 0.0)
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
    let dx = if back.recorder.values.meta(dy).dtype == to {
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
fn scaled(back: &mut Back<'_>, slope: crate::entry::Id, factor: f64) -> Result<()> {
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

// ---- twins ----------------------------------------------------------------------------------------------------------------

macro_rules! twins {
    ($($name:ident = $method:ident;)*) => {$(
        #[doc = concat!("Twin of `", stringify!($method), "`.")]
        pub fn $name(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
            Ok(vec![twin.tensor(0).$method()?])
        }
    )*};
}
twins! {
    neg_twin = neg; exp_twin = exp; log_twin = log; sqrt_twin = sqrt; square_twin = sqr; abs_twin = abs; sign_twin = sign; recip_twin = recip;
    sin_twin = sin; cos_twin = cos; tanh_twin = tanh; relu_twin = relu; silu_twin = silu; gelu_twin = gelu_erf; erf_twin = erf;
    floor_twin = floor; ceil_twin = ceil;
}

/// Twin of `rsqrt`.
pub fn rsqrt_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(0).sqrt()?.recip()?])
}

/// Twin of `sigmoid`: `(tanh(x / 2) + 1) / 2` does not overflow.
pub fn sigmoid_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(0).affine(0.5, 0.0)?.tanh()?.affine(0.5, 0.5)?])
}

/// Twin of `geluTanh`, with exact constants: candle's own has six digits.
pub fn gelu_tanh_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let t = gelu_inner(x)?.tanh()?;
    Ok(vec![(x * t.affine(0.5, 0.5)?)?])
}

const GELU_SCALE: f64 = 0.797_884_560_802_865_4; // sqrt(2 / pi)
const GELU_CUBE: f64 = 0.044_715;

fn gelu_inner(x: &Tensor) -> Result<Tensor> {
    let cube = (x.sqr()? * x)?;
    Ok(((x + cube.affine(GELU_CUBE, 0.0)?)? * GELU_SCALE)?)
}

/// Twin of `round`: candle rounds halves away from zero, PyTorch to even.
pub fn round_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let (rounded, low) = (x.round()?, x.floor()?);
    let tie = (x - &low)?.eq(0.5)?;
    let low_is_even = low.affine(0.5, 0.0)?.floor()?.affine(2.0, 0.0)?.eq(&low)?;
    let to_even = low_is_even.where_cond(&low, &low.affine(1.0, 1.0)?)?;
    Ok(vec![tie.where_cond(&to_even, &rounded)?])
}

/// Twin of `affine`.
pub fn affine_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (mul, add) = (attrs.number(), attrs.number());
    let x = twin.tensor(0);
    if matches!(x.dtype(), DType::I64 | DType::U8) {
        return Ok(vec![(x.broadcast_mul(&full_like(x, mul)?)? + full_like(x, add)?)?]);
    }
    Ok(vec![x.affine(mul, add)?])
}

/// Twin of `powScalar`.
pub fn pow_scalar_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(0).powf(twin.reader().number())?])
}

/// Twin of `clamp`.
pub fn clamp_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (min, max) = (attrs.number(), attrs.number());
    Ok(vec![twin.tensor(0).clamp(min, max)?])
}

/// Twin of `clone`.
pub fn clone_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![twin.tensor(0).copy()?])
}

/// Twin of `cast`.
pub fn cast_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    Ok(vec![convert_twin(twin.tensor(0), twin.out(0).dtype)?])
}

/// Twin of `logicalNot`.
pub fn logical_not_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    Ok(vec![x.eq(&x.zeros_like()?)?])
}

/// Twin of the fused gradients, written out.
pub fn backward_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let mut attrs = twin.reader();
    let (kind, a, b) = (attrs.number(), attrs.number(), attrs.number());
    let (s, dy) = (twin.tensor(0), twin.tensor(1));
    let slope = match FUSED.get(kind as usize).copied() {
        Some("tanh") => s.sqr()?.affine(-1.0, 1.0)?,
        Some("sigmoid") => (s * s.affine(-1.0, 1.0)?)?,
        Some("relu") => s.gt(&s.zeros_like()?)?.to_dtype(dy.dtype())?,
        Some("silu") => {
            let sigma = s.affine(0.5, 0.0)?.tanh()?.affine(0.5, 0.5)?;
            (&sigma * ((s * sigma.affine(-1.0, 1.0)?)? + 1.0)?)?
        }
        Some("gelu") => {
            let cdf = s
                .affine(std::f64::consts::FRAC_1_SQRT_2, 0.0)?
                .erf()?
                .affine(0.5, 0.5)?;
            let pdf = s.sqr()?.affine(-0.5, 0.0)?.exp()?.affine(
                std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2 * 0.5,
                0.0,
            )?;
            (cdf + (s * pdf)?)?
        }
        Some("geluTanh") => {
            let t = gelu_inner(s)?.tanh()?;
            let inner = s.sqr()?.affine(3.0 * GELU_CUBE * GELU_SCALE, GELU_SCALE)?;
            let slope = (t.sqr()?.affine(-1.0, 1.0)? * inner)?;
            (t.affine(0.5, 0.5)? + (s * slope)?.affine(0.5, 0.0)?)?
        }
        Some("clamp") => (s.ge(a)?.to_dtype(dy.dtype())? * s.le(b)?.to_dtype(dy.dtype())?)?,
        Some("erf") => s.sqr()?.neg()?.exp()?.affine(std::f64::consts::FRAC_2_SQRT_PI, 0.0)?,
        Some("powScalar") if a == 0.0 => s.zeros_like()?,
        Some("powScalar") => s.powf(a - 1.0)?.affine(a, 0.0)?,
        _ => return Err(Error::new(Code::Internal, "no such gradient")),
    };
    Ok(vec![(dy * slope)?])
}
