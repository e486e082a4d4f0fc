//! Functions of each element in candle's tensor operations.

use candle_core::{DType, Tensor};

use super::Fused;
use crate::error::Result;
use crate::ops::context::Twin;
use crate::ops::twins::{convert, full_like};

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

/// Twin of `hardswish`.
pub fn hardswish_twin(twin: &Twin<'_>) -> Result<Vec<Tensor>> {
    let x = twin.tensor(0);
    let held = x.affine(1.0, 3.0)?.clamp(0.0, 6.0)?;
    Ok(vec![((x * held)? / 6.0)?])
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
    Ok(vec![convert(twin.tensor(0), twin.out(0).dtype)?])
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
    let slope = match Fused::ALL[kind as usize] {
        Fused::Tanh => s.sqr()?.affine(-1.0, 1.0)?,
        Fused::Sigmoid => (s * s.affine(-1.0, 1.0)?)?,
        Fused::Relu => s.gt(&s.zeros_like()?)?.to_dtype(dy.dtype())?,
        Fused::Silu => {
            let sigma = s.affine(0.5, 0.0)?.tanh()?.affine(0.5, 0.5)?;
            (&sigma * ((s * sigma.affine(-1.0, 1.0)?)? + 1.0)?)?
        }
        Fused::Hardswish => {
            let inside = (s.gt(-3.0)?.to_dtype(dy.dtype())? * s.lt(3.0)?.to_dtype(dy.dtype())?)?;
            let above = s.ge(3.0)?.to_dtype(dy.dtype())?;
            ((s.affine(1.0 / 3.0, 0.5)? * inside)? + above)?
        }
        Fused::Gelu => {
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
        Fused::GeluTanh => {
            let t = gelu_inner(s)?.tanh()?;
            let inner = s.sqr()?.affine(3.0 * GELU_CUBE * GELU_SCALE, GELU_SCALE)?;
            let slope = (t.sqr()?.affine(-1.0, 1.0)? * inner)?;
            (t.affine(0.5, 0.5)? + (s * slope)?.affine(0.5, 0.0)?)?
        }
        Fused::Clamp => (s.ge(a)?.to_dtype(dy.dtype())? * s.le(b)?.to_dtype(dy.dtype())?)?,
        Fused::Erf => s.sqr()?.neg()?.exp()?.affine(std::f64::consts::FRAC_2_SQRT_PI, 0.0)?,
        Fused::PowScalar if a == 0.0 => s.zeros_like()?,
        Fused::PowScalar => s.powf(a - 1.0)?.affine(a, 0.0)?,
    };
    Ok(vec![(dy * slope)?])
}
